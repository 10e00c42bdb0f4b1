#include "soak/users.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "soak/fleet.hpp"
#include "soak/plan.hpp"
#include "soak/story.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tests::soak {

namespace {

using namespace std::chrono_literals;
using tutti::Boottime;

constexpr std::size_t content_max = 2'000;
constexpr std::size_t short_answer = 200;

std::string attached(const std::string& name, const std::string& type, const std::string& more) {
    return R"(,"attachments":[{"url":"https://cdn.discordapp.com/attachments/1/2/)" + name +
           R"(?ex=1","filename":")" + name + R"(","contentType":")" + type + R"("}])" + more;
}

// So long that what a model says of it needs a second message: a mark, and words behind it, in
// each part.
std::string filled(const std::string& begin, const std::vector<std::string>& marks) {
    std::string text = begin;
    const std::size_t part = (content_max - 1 - begin.size()) / marks.size();
    for (const std::string& one : marks) {
        text += ' ' + one + ' ';
        text += std::string(part - one.size() - 2, 'a');
    }
    return text;
}

}  // namespace

Ms now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void Record::add(UserMessage message, Wire wire) {
    const tutti::detail::Lock lock(mutex_);
    if (message.names_a_personality || active_.contains(message.channel)) {
        waiting_[message.id] = {.channel = message.channel,
                                .marks = message.marks,
                                .began = message.began,
                                .is_chat = wire == Wire::chat};
        forget_answered();
    }
    story_.messages.push_back(std::move(message));
}

void Record::add(Order order) {
    const tutti::detail::Lock lock(mutex_);
    if (order.activates && order.is_done) active_.insert(order.channel);
    if (!order.activates) active_.erase(order.channel);
    story_.orders.push_back(std::move(order));
}

void Record::passed(const std::string& channel, const std::string& id) {
    const tutti::detail::Lock lock(mutex_);
    std::string& newest = newest_[channel];
    newest = std::max(newest, id, [](const std::string& a, const std::string& b) {
        return std::pair(a.size(), a) < std::pair(b.size(), b);
    });
}

void Record::heard(const BotMessage& message) {
    passed(message.channel, message.id);
    const tutti::detail::Lock lock(mutex_);
    story_.said.push_back(message);
    const auto marks = marks_in(message.content);
    if (!marks.empty() && message.is_by_webhook && message.content.size() < short_answer) {
        answers_[message.channel] = message;
    }
    heard_.insert(marks.begin(), marks.end());
    if (marks.empty()) heard_.insert(message.reply_to);
    forget_answered();
}

void Record::forget_answered() {
    std::erase_if(waiting_, [this](const auto& entry) TUTTI_REQUIRES(mutex_) {
        return heard_.contains(entry.first) ||
               std::ranges::all_of(entry.second.marks,
                                   [this](const std::string& one)
                                       TUTTI_REQUIRES(mutex_) { return heard_.contains(one); });
    });
}

void Record::give_up(const std::set<std::string>& messages) {
    const tutti::detail::Lock lock(mutex_);
    for (const std::string& one : messages) waiting_.erase(one);
}

void Record::give_up_said_until(Ms time) {
    const tutti::detail::Lock lock(mutex_);
    std::erase_if(waiting_, [&](const auto& entry) { return entry.second.began <= time; });
}

void Record::did(const std::string& what) {
    const tutti::detail::Lock lock(mutex_);
    ++deeds_[what];
}

Record::Counts Record::counts() const {
    const tutti::detail::Lock lock(mutex_);
    return {.messages = story_.messages.size(), .waiting = waiting_.size(), .deeds = deeds_};
}

bool Record::waits(const std::string& channel) const {
    const tutti::detail::Lock lock(mutex_);
    return std::ranges::any_of(waiting_,
                               [&](const auto& entry) { return entry.second.channel == channel; });
}

std::vector<Record::Chat> Record::waiting_chats() const {
    const tutti::detail::Lock lock(mutex_);
    std::vector<Chat> all;
    for (const auto& [id, waiting] : waiting_) {
        if (waiting.is_chat) all.push_back({.id = id, .channel = waiting.channel});
    }
    return all;
}

std::optional<BotMessage> Record::answer_in(const std::string& channel) const {
    const tutti::detail::Lock lock(mutex_);
    const auto found = answers_.find(channel);
    return found == answers_.end() ? std::nullopt : std::optional(found->second);
}

std::string Record::newest_heard(const std::string& channel) const {
    const tutti::detail::Lock lock(mutex_);
    const auto found = newest_.find(channel);
    return found == newest_.end() ? "" : found->second;
}

void Record::move_to(Story& story) {
    const tutti::detail::Lock lock(mutex_);
    story.messages = std::move(story_.messages);
    story.orders = std::move(story_.orders);
    story.said = std::move(story_.said);
}

ChannelUsers::ChannelUsers(PlayedFleet& fleet, Record& record, std::shared_mutex& hush,
                           std::uint64_t seed, std::size_t channel)
    : fleet_(fleet),
      record_(record),
      hush_(hush),
      plan_(seed, channel),
      number_(channel),
      channel_(std::to_string(channel + 1)),
      thread_([this] { run(); }) {}

ChannelUsers::~ChannelUsers() { stop(); }

void ChannelUsers::run() {
    // Some channels are active from the beginning on.
    if (number_ % 4 != 3) do_it(Deed::activate);
    while (!stopping_.load()) {
        const Step step = plan_.next();
        do_it(step.deed);
        const auto until = Boottime::now() + step.pause;
        while (!stopping_.load() && Boottime::now() < until) std::this_thread::sleep_for(20ms);
    }
}

void ChannelUsers::do_it(Deed deed) {
    try {
        switch (deed) {
        case Deed::say: return say("hello", 1, "");
        case Deed::say_long: return show("a long story", 8);
        case Deed::show_picture: return show("look", 1);
        case Deed::speak: return speak();
        case Deed::mention: return say("@maestro hello", 1, "", true);
        case Deed::reply: return reply();
        case Deed::chat: return chat();
        case Deed::activate: return order(true);
        case Deed::deactivate:
            if (!record_.waits(channel_)) order(false);
            return;
        case Deed::autocomplete: {
            const auto typed = fleet_.discord().type("channel activate", "personality", "m",
                                                     channel_, PlayedFleet::user);
            return record_.did(typed.choices.empty() ? "lists not shown" : "lists shown");
        }
        case Deed::list_channels: {
            const auto listed = fleet_.discord().command("channel list", "", channel_);
            const bool is_there = !listed.embed.empty() || !listed.content.empty();
            return record_.did(is_there ? "commands answered" : "commands not answered");
        }
        case Deed::edit: return edit();
        }
    } catch (const std::exception& error) {
        record_.did(std::string("failed at the stand-in: ") + error.what());
    }
}

void ChannelUsers::say(const std::string& begin, std::size_t parts, const std::string& more,
                       bool names_a_personality, Ms answers_made) {
    const std::size_t number = messages_++;
    UserMessage message{.id = "",
                        .channel = channel_,
                        .marks = {},
                        .names_a_personality = names_a_personality,
                        .answers_made = answers_made};
    for (std::size_t i = 0; i < parts; ++i) message.marks.push_back(mark(number_, number, i));
    const std::string text =
        parts == 1 ? begin + ' ' + message.marks.front() : filled(begin, message.marks);
    const std::shared_lock lock(hush_);
    message.began = now_ms();
    message.id = fleet_.discord().say(channel_, text, PlayedFleet::user, more);
    message.told = now_ms();
    record_.add(std::move(message));
}

// It is answered in any channel, by whom it replies to.
void ChannelUsers::reply() {
    const auto to = record_.answer_in(channel_);
    if (!to) return;
    record_.did("replies to a personality");
    say("and then", 1, R"(,"replyTo":")" + to->id + '"', true, to->made);
}

// The message that the command shows is the one that is answered.
void ChannelUsers::chat() {
    const std::size_t number = messages_++;
    UserMessage message{.id = "",
                        .channel = channel_,
                        .marks = {mark(number_, number, 0)},
                        .names_a_personality = true};
    const std::shared_lock lock(hush_);
    message.began = now_ms();
    const auto shown =
        fleet_.discord().command("character chat",
                                 R"({"name":"personality","type":3,"value":"maestro"},)"
                                 R"({"name":"message","type":3,"value":"hello )" +
                                     message.marks.front() + R"("})",
                                 channel_);
    message.told = now_ms();
    message.id = shown.message_id;
    const bool is_asked = !marks_in(shown.content).empty();
    record_.did(is_asked ? "chats" : "chats not begun");
    if (is_asked) record_.add(std::move(message), Record::Wire::chat);
}

// No two pictures are the same, as no two uploads are to Discord.
void ChannelUsers::show(const std::string& begin, std::size_t parts) {
    const std::string picture = std::to_string(number_) + '-' + std::to_string(messages_) + ".png";
    say(begin, parts, attached(picture, "image/png", ""));
}

// Its words are the name of its file.
void ChannelUsers::speak() {
    const std::size_t number = messages_++;
    const std::string words = mark(number_, number, 0);
    const std::shared_lock lock(hush_);
    UserMessage message{.id = "", .channel = channel_, .marks = {words}, .began = now_ms()};
    message.id = fleet_.discord().say(channel_, "", PlayedFleet::user,
                                      attached(words + ".ogg", "audio/ogg", R"(,"voice":true)"));
    message.told = now_ms();
    record_.add(std::move(message));
}

void ChannelUsers::order(bool activates) {
    Order order{.channel = channel_, .activates = activates, .began = now_ms()};
    try {
        const auto answer = fleet_.discord().command(
            activates ? "channel activate" : "channel deactivate",
            activates ? R"({"name":"personality","type":3,"value":"maestro"})" : "", channel_);
        order.is_done =
            answer.content.starts_with(activates ? "Activated **" : "Deactivated **") ||
            (!activates && answer.content.starts_with("No personality is currently activated"));
    } catch (const std::exception&) {
        order.is_done = false;
    }
    order.ended = now_ms();
    record_.did(order.is_done ? "commands answered" : "commands not answered");
    record_.add(std::move(order));
}

void ChannelUsers::edit() {
    if (edits_++ % 2 == 0) {
        edit_personality();
    } else {
        edit_configuration();
    }
}

void ChannelUsers::edit_personality() {
    const auto answer = fleet_.send(
        fleet_.url_of_gateway(edits_ % gateway_count), "PUT", "/user/personality/maestro",
        R"({"characterInfo":"edit )" + std::to_string(now_ms()) + "\"}", PlayedFleet::owner);
    record_.did(answer.ok() ? "edits" : "edits refused");
}

// One is made, changed and removed, over and over.
void ChannelUsers::edit_configuration() {
    const std::string& gateway = fleet_.url_of_gateway(edits_ % gateway_count);
    const bool is_first = configuration_.empty();
    const bool removes = !is_first && edits_ % 3 == 0;
    const auto answer =
        fleet_.send(gateway, is_first ? "POST" : (removes ? "DELETE" : "PUT"),
                    is_first ? "/admin/llm-config" : "/admin/llm-config/" + configuration_,
                    removes ? ""
                            : R"({"name":"config )" + channel_ + ' ' + std::to_string(edits_) +
                                  R"(","model":"openai/gpt-4o","temperature":0.5})",
                    PlayedFleet::owner);
    record_.did(answer.ok() ? "edits" : "edits refused");
    if (answer.ok() && is_first) {
        const auto made = boost::json::parse(answer.body);
        configuration_ = made.at("config").at("id").get_string().c_str();
    } else if (removes && (answer.ok() || answer.status == 404)) {
        configuration_.clear();
    }
}

}  // namespace tests::soak
