// A channel's state at a time is what the last command before it has confirmed. It is not known
// behind a command of which nothing is known, until one is confirmed so much later that the first
// cannot come about any more.
#include "soak/checker.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "soak/story.hpp"

namespace tests::soak {

std::string mark(std::size_t channel, std::size_t message, std::size_t part) {
    return 'm' + std::to_string(channel) + 'x' + std::to_string(message) + 'x' +
           std::to_string(part) + 'm';
}

namespace {

constexpr Ms never = std::numeric_limits<Ms>::max();
// What every apology says that an answer may follow, or precede.
constexpr const char* may_be_there = "If you do not see";

// Behind the number at `at`; `at` itself: there is none.
std::size_t behind_number(const std::string& text, std::size_t at) {
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) ++at;
    return at;
}

// The length of the mark that begins at `at`; 0: none does.
std::size_t mark_length(const std::string& text, std::size_t at) {
    std::size_t end = at;
    for (const char border : {'m', 'x', 'x'}) {
        if (end >= text.size() || text[end] != border) return 0;
        const std::size_t behind = behind_number(text, end + 1);
        if (behind == end + 1) return 0;
        end = behind;
    }
    return end < text.size() && text[end] == 'm' ? end + 1 - at : 0;
}

}  // namespace

std::vector<std::string> marks_in(const std::string& text) {
    std::vector<std::string> all;
    for (std::size_t at = text.find('m'); at != std::string::npos; at = text.find('m', at)) {
        const std::size_t length = mark_length(text, at);
        if (length > 0) all.push_back(text.substr(at, length));
        at += std::max<std::size_t>(length, 1);
    }
    return all;
}

namespace {

enum class State : std::uint8_t { unknown, active, inactive };

class Judge {
public:
    Judge(const Story& story, const Bounds& bounds) : story_(story), bounds_(bounds) {
        for (const Order& order : story_.orders) orders_[order.channel].push_back(&order);
        for (auto& [channel, orders] : orders_) std::ranges::sort(orders, {}, &Order::began);
        for (const UserMessage& message : story_.messages) {
            for (const std::string& one : message.marks) by_mark_[one] = &message;
        }
        for (const BotMessage& said : story_.said) {
            const auto marks = marks_in(said.content);
            for (const std::string& one : marks) said_[one].push_back(&said);
            if (marks.empty() && !said.reply_to.empty()) told_[said.reply_to].push_back(&said);
        }
    }

    Verdict verdict() {
        for (const UserMessage& message : story_.messages) judge_message(message);
        judge_payments();
        judge_memory();
        judge_queues();
        for (const std::string& trouble : story_.troubles) violated("trouble", trouble);
        return std::move(verdict_);
    }

private:
    void violated(const std::string& promise, const std::string& evidence) {
        verdict_.violations.push_back(promise + ": " + evidence);
    }
    static std::string name_of(const UserMessage& message) {
        return "message " + message.id + " (" + message.marks.front() + ") in channel " +
               message.channel;
    }

    [[nodiscard]] bool was_under_way(const UserMessage& message, Ms answered,
                                     const Emptying& one) const {
        return message.began <= one.ended && answered >= one.began &&
               one.began - message.told <= bounds_.under_way.count();
    }
    // True when Redis was emptied while it was under way: then it is counted, and no more.
    bool is_forgotten(const UserMessage& message, Ms answered) {
        const bool is = std::ranges::any_of(story_.emptyings, [&](const Emptying& one) {
            const bool replies_to_before = message.answers_made != 0 &&
                                           message.answers_made <= one.ended &&
                                           message.began >= one.began;
            return replies_to_before || was_under_way(message, answered, one);
        });
        if (is) forgotten_.insert(message.id);
        verdict_.forgotten = forgotten_.size();
        return is;
    }

    struct Believed {
        State state = State::unknown;
        Ms since = 0;
    };
    [[nodiscard]] Believed state_at(const UserMessage& message) const {
        Believed believed;
        Ms doubted_until = 0;
        const auto of_channel = orders_.find(message.channel);
        if (of_channel == orders_.end()) return {.state = State::inactive, .since = 0};
        for (const Order* const order : of_channel->second) {
            if (order->began >= message.began) break;
            const State now = order->activates ? State::active : State::inactive;
            if (!order->is_done || order->ended > message.began) {
                if (now == believed.state) continue;  // so it is, whether that comes about or not
                believed = {};
                doubted_until = order->ended + bounds_.late_command.count();
            } else if (order->began >= doubted_until) {
                if (now != believed.state) believed = {.state = now, .since = order->ended};
            }
        }
        return believed;
    }
    // The first command of that kind behind the message.
    [[nodiscard]] Ms next_order(const UserMessage& message, bool activates) const {
        const auto of_channel = orders_.find(message.channel);
        if (of_channel == orders_.end()) return never;
        for (const Order* const order : of_channel->second) {
            if (order->began >= message.began && order->activates == activates) {
                return order->began;
            }
        }
        return never;
    }

    struct Answer {
        std::size_t parts = 0;  // that were said
        std::optional<Ms> first;
        Ms last = 0;
    };
    Answer answer_to(const UserMessage& message) {
        Answer answer;
        for (const std::string& one : message.marks) {
            const auto found = said_.find(one);
            if (found == said_.end()) continue;
            ++answer.parts;
            for (const BotMessage* const said : found->second) {
                answer.first = std::min(answer.first.value_or(said->made), said->made);
                answer.last = std::max(answer.last, said->made);
            }
            if (found->second.size() == 1 || is_forgotten(message, found->second.back()->made)) {
                continue;
            }
            std::string ids;
            for (const BotMessage* const said : found->second) ids += ' ' + said->id;
            violated("once", one + " of " + name_of(message) + " was said in" + ids);
        }
        return answer;
    }

    void judge_message(const UserMessage& message) {
        ++verdict_.messages;
        const Answer answer = answer_to(message);
        const auto told = told_.find(message.id);
        const bool is_told = told != told_.end();
        if (is_told && told->second.size() > 1) {
            violated("once", name_of(message) + " was apologised for in " +
                                 told->second.front()->id + " and " + told->second.back()->id);
        }
        if (answer.parts > 0) {
            ++verdict_.answered;
            if (is_told) judge_both(message, *told->second.front());
            judge_answer(message, answer);
        } else {
            judge_silence(message, is_told);
        }
    }

    void judge_both(const UserMessage& message, const BotMessage& apology) {
        ++verdict_.both;
        if (apology.content.contains(may_be_there)) return;
        violated("honest", name_of(message) + " was answered, and told in " + apology.id + ": " +
                               apology.content);
    }

    void judge_answer(const UserMessage& message, const Answer& answer) {
        const auto took = std::chrono::milliseconds(answer.last - message.told);
        verdict_.slowest_answer = std::max(verdict_.slowest_answer, took);
        if (answer.parts < message.marks.size() && !story_.reply_unknown.contains(message.id) &&
            !is_forgotten(message, never)) {
            violated("whole", name_of(message) + " was answered with " +
                                  std::to_string(answer.parts) + " of " +
                                  std::to_string(message.marks.size()) + " parts");
        }
        const Believed before = state_at(message);
        const bool must = message.names_a_personality || before.state == State::active;
        if (must) ++verdict_.expected;
        if (message.names_a_personality || before.state != State::inactive) return;
        // What comes behind the next activation may be because of it.
        if (answer.first >= next_order(message, true)) return;
        const auto stale = std::chrono::milliseconds(message.began - before.since);
        verdict_.stale_active = std::max(verdict_.stale_active, stale);
        if (stale > bounds_.stale) {
            violated("fresh", name_of(message) + " came " + std::to_string(stale.count()) +
                                  " ms after the channel was deactivated, and was answered");
        }
    }

    void judge_silence(const UserMessage& message, bool is_told) {
        const bool is_unknown = story_.reply_unknown.contains(message.id);
        if (is_told) ++verdict_.apologised;
        if (!is_told && is_unknown) ++verdict_.unknown;
        const Believed before = state_at(message);
        const bool active = before.state == State::active && next_order(message, false) == never;
        if (!active && !message.names_a_personality) {
            if (!is_told) ++verdict_.unexpected;
            return;
        }
        ++verdict_.expected;
        if (is_told || is_unknown) return;
        if (story_.undecided.contains(message.id)) {
            ++verdict_.undecided;
            return;
        }
        const auto since = std::chrono::milliseconds(message.began - before.since);
        if (!message.names_a_personality && since <= bounds_.stale) {
            verdict_.stale_inactive = std::max(verdict_.stale_inactive, since);
            return;
        }
        if (is_forgotten(message, never)) return;
        violated("answered", name_of(message) + " has no answer, and no failure was told");
    }

    // The message whose reply is paid for, when Redis was emptied meanwhile.
    [[nodiscard]] bool was_emptied_under(const std::string& mark) {
        const auto of = by_mark_.find(mark);
        if (of == by_mark_.end()) return false;
        return is_forgotten(*of->second, answered_at(*of->second));
    }
    // How many pictures and recordings may have been forgotten.
    [[nodiscard]] std::size_t under_way_while_emptied() const {
        std::size_t count = 0;
        for (const Emptying& one : story_.emptyings) {
            count += static_cast<std::size_t>(
                std::ranges::count_if(story_.messages, [&](const UserMessage& message) {
                    return was_under_way(message, answered_at(message), one);
                }));
        }
        return count;
    }
    [[nodiscard]] Ms answered_at(const UserMessage& message) const {
        const auto said = said_.find(message.marks.front());
        return said == said_.end() ? never : said->second.back()->made;
    }

    // A reply is paid for by its message alone. What a picture or a recording says is for all, and
    // is asked again when it is not known how the first call has ended.
    void judge_payments() {
        std::map<std::pair<std::string, std::string>, std::size_t> times;
        for (const PaidCall& call : story_.paid) {
            ++verdict_.paid;
            const auto marks = marks_in(call.about);
            ++times[{call.kind, marks.empty() ? call.about : marks.front()}];
        }
        std::string others;
        for (const auto& [what, count] : times) {
            if (count == 1) continue;
            verdict_.paid_again += count - 1;
            const std::string evidence =
                what.first + " of " + what.second + ", " + std::to_string(count) + " times";
            if (what.first == "chat" && !was_emptied_under(what.second)) {
                violated("paid once", evidence);
            }
            others += "; " + evidence;
        }
        if (verdict_.paid_again > story_.paid_unknown + under_way_while_emptied()) {
            violated("paid once", "only " + std::to_string(story_.paid_unknown) +
                                      " calls are reported as unknown" + others);
        }
    }

    void judge_memory() {
        struct Life {
            Ms begin = 0;
            std::size_t warm = 0;  // a minute later
        };
        std::map<std::pair<std::string, int>, Life> lives;
        std::set<std::string> said;
        for (const Memory& one : story_.memory) {
            verdict_.largest_kib = std::max(verdict_.largest_kib, one.kib);
            const std::pair key{one.process, one.life};
            Life& life = lives.try_emplace(key, Life{.begin = one.at}).first->second;
            if (life.warm == 0 && one.at >= life.begin + 60'000) life.warm = one.kib;
            const bool grows = life.warm > 0 && one.kib > life.warm + bounds_.growth_kib_max;
            if (one.kib <= bounds_.process_kib_max && !grows) continue;
            if (!said.insert(one.process).second) continue;
            violated("bounded", one.process + " has " + std::to_string(one.kib >> 10U) +
                                    " MiB, and had " + std::to_string(life.warm >> 10U));
        }
    }

    void judge_queues() {
        for (const auto& [queue, length] : story_.longest) {
            if (length <= bounds_.queue_max) continue;
            violated("bounded", queue + " was " + std::to_string(length) + " long");
        }
        for (const auto& [queue, length] : story_.left) {
            if (length == 0) continue;
            violated("bounded", std::to_string(length) + " are left in " + queue);
        }
    }

    const Story& story_;
    const Bounds bounds_;
    std::map<std::string, std::vector<const Order*>> orders_;
    std::map<std::string, std::vector<const BotMessage*>> said_;  // by mark
    std::map<std::string, const UserMessage*> by_mark_;
    std::map<std::string, std::vector<const BotMessage*>> told_;  // by the message they reply to
    std::set<std::string> forgotten_;                             // ids of messages
    Verdict verdict_;
};

}  // namespace

Verdict judge(const Story& story, const Bounds& bounds) { return Judge(story, bounds).verdict(); }

}  // namespace tests::soak
