#include "support/played_discord.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include <boost/json.hpp>

#include "common/http/client.hpp"
#include "discord-stand-in/stand_in.hpp"
#include "discord-stand-in/world/snowflake.hpp"
#include "tutti/clock.hpp"

namespace tests {

using namespace std::chrono_literals;
namespace json = boost::json;
namespace http = tutti::services::http;
using tutti::TimePoint;
using tutti::services::discord::DiscordStandIn;
namespace world = tutti::services::discord::world;

namespace {

std::string text(const json::object& object, const char* name) {
    const auto* found = object.if_contains(name);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

void add_buttons(const json::object& message, AnsweredAtDiscord& to) {
    for (const auto& row : message.at("components").as_array()) {
        for (const auto& button : row.at("components").as_array()) {
            to.buttons.push_back({.custom_id = text(button.as_object(), "custom_id"),
                                  .label = text(button.as_object(), "label")});
        }
    }
}

void add_embed(const json::object& message, AnsweredAtDiscord& to) {
    for (const auto& embed : message.at("embeds").as_array()) {
        const auto& object = embed.as_object();
        to.embed = text(object, "title") + '\n' + text(object, "description");
        if (const auto* footer = object.if_contains("footer")) {
            to.embed += '\n' + text(footer->as_object(), "text");
        }
    }
}

AnsweredAtDiscord answered(const json::object& interaction) {
    AnsweredAtDiscord answer{.ephemeral = interaction.at("ephemeral").as_bool()};
    if (const auto& original = interaction.at("original"); original.is_object()) {
        const auto& message = original.as_object();
        answer.message_id = text(message, "id");
        answer.content = text(message, "content");
        add_embed(message, answer);
        add_buttons(message, answer);
    }
    if (const auto& choices = interaction.at("choices"); choices.is_array()) {
        for (const auto& choice : choices.as_array()) {
            answer.choices.push_back(text(choice.as_object(), "value"));
        }
    }
    for (const auto& one : interaction.at("followups").as_array()) {
        if (one.is_object()) answer.follow_up = text(one.as_object(), "content");
    }
    answer.trouble = json::serialize(interaction.at("trouble"));
    return answer;
}

// "preset global set-default" is a subcommand in a group of a command.
std::string nested(const std::string& command, const std::string& options) {
    const auto space = command.rfind(' ');
    const std::string outer = command.substr(0, space);
    const std::string sub =
        R"({"type":1,"name":")" + command.substr(space + 1) + R"(","options":[)" + options + "]}";
    const auto group = outer.find(' ');
    const std::string inner =
        group == std::string::npos
            ? sub
            : R"({"type":2,"name":")" + outer.substr(group + 1) + R"(","options":[)" + sub + "]}";
    return R"({"name":")" + outer.substr(0, group) + R"(","type":1,"options":[)" + inner + "]}";
}

std::string deed(const std::string& type, const std::string& data, const std::string& channel,
                 const std::string& user, const std::string& more) {
    return R"({"type":")" + type + R"(","data":)" + data + R"(,"channelId":")" + channel +
           R"(","userId":")" + user + '"' + more + '}';
}

}  // namespace

PlayedDiscord::PlayedDiscord() {
    // A message's id is the key by which it is answered once, whatever Discord it was said at.
    static std::atomic<unsigned> discords = 0;  // pairs with nothing: a number for each
    auto started = DiscordStandIn::start(
        {.guilds = 0,
         .max_concurrency = 16,
         .identify_every = 50ms,
         .limits = false,
         .machine = static_cast<std::uint16_t>(discords++ % world::machines_max)});
    if (!started) throw std::runtime_error(started.error().message());
    const std::shared_ptr<DiscordStandIn> stand_in = *std::move(started);
    token_ = stand_in->token().reveal();
    api_url_ = stand_in->api_url();
    control_ = [stand_in](std::string_view method, const std::string& path,
                          const std::string& body) {
        return stand_in->control(method, path, body);
    };
    add_guild(guild);
    add_user(moderator);
}

PlayedDiscord::PlayedDiscord(const std::string& url, std::string token)
    : token_(std::move(token)), api_url_(url + "/api/v10") {
    const auto client =
        std::make_shared<http::Client>(http::Client::Options{.name = "the played Discord"});
    control_ = [client, control_url = url + "/control"](
                   std::string_view method, const std::string& path, const std::string& body) {
        auto answer = client->send(control_url + path,
                                   {.method = std::string(method), .body = body}, TimePoint::max());
        if (!answer) throw std::runtime_error(answer.error().message());
        return *std::move(answer);
    };
}

void PlayedDiscord::add_guild(const std::string& id) {
    control("POST", "/guilds", R"({"id":")" + id + R"(","name":"server-)" + id + "\"}");
}

Variables PlayedDiscord::variables() const {
    return {{"DISCORD_API_URL", api_url_},
            {"DISCORD_TOKEN", token()},
            {"SHARD_ID", "0"},
            {"SHARD_COUNT", "1"}};
}

std::string PlayedDiscord::control(std::string_view method, const std::string& path,
                                   const std::string& body) const {
    auto answer = control_(method, path, body);
    if (!answer.ok()) throw std::runtime_error(path + ": " + answer.body);
    return std::move(answer.body);
}

void PlayedDiscord::add_user(const std::string& id) {
    control("POST", "/users", R"({"id":")" + id + R"(","username":"user-)" + id + "\"}");
}

void PlayedDiscord::open(const std::string& channel, const std::string& parent,
                         const std::string& of_guild) {
    {
        const tutti::detail::Lock lock(mutex_);
        if (!opened_.insert(channel).second) return;
    }
    const std::string place =
        parent.empty() ? R"(,"guildId":")" + of_guild + '"' : R"(,"parentId":")" + parent + '"';
    control("POST", "/channels", R"({"id":")" + channel + '"' + place + '}');
}

std::string PlayedDiscord::say(const std::string& channel, const std::string& content,
                               const std::string& user, const std::string& more) {
    const auto made = json::parse(control("POST", "/messages",
                                          R"({"channelId":")" + channel + R"(","userId":")" + user +
                                              R"(","content":")" + content + '"' + more + '}'));
    return text(made.as_object(), "id");
}

std::vector<SaidAtDiscord> PlayedDiscord::said(const std::string& channel,
                                               const std::string& after) const {
    std::vector<SaidAtDiscord> all;
    const auto messages =
        json::parse(control("GET", "/messages?channelId=" + channel + "&after=" + after));
    for (const auto& one : messages.as_array()) {
        const auto& message = one.as_object();
        SaidAtDiscord said{.id = text(message, "id"),
                           .content = text(message, "content"),
                           .made_ms = message.at("madeMs").to_number<std::int64_t>(),
                           .is_by_webhook = message.contains("webhook"),
                           .answers_a_command = message.contains("interactionId")};
        if (auto to = text(message, "replyTo"); !to.empty()) said.reply_to = std::move(to);
        all.push_back(std::move(said));
    }
    return all;
}

AnsweredAtDiscord PlayedDiscord::interact(const std::string& body) {
    // The bot tells its commands when its first session has begun.
    auto answer = control_("POST", "/interactions", body);
    for (int i = 0; i < 1000 && answer.status == 404; ++i) {
        std::this_thread::sleep_for(10ms);
        answer = control_("POST", "/interactions", body);
    }
    if (!answer.ok()) throw std::runtime_error("an interaction: " + answer.body);
    const auto made = json::parse(answer.body);
    const auto ended = json::parse(control(
        "GET", "/interactions/" + text(made.as_object(), "id") + "?until=filled&waitMs=8000"));
    return answered(ended.as_object());
}

AnsweredAtDiscord PlayedDiscord::command(const std::string& command, const std::string& options,
                                         const std::string& channel, const std::string& user,
                                         const std::string& permissions) {
    return interact(deed("command", nested(command, options), channel, user,
                         R"(,"permissions":")" + permissions + '"'));
}

AnsweredAtDiscord PlayedDiscord::type(const std::string& command, const std::string& option,
                                      const std::string& typed, const std::string& channel,
                                      const std::string& user) {
    const std::string focused =
        R"({"type":3,"focused":true,"name":")" + option + R"(","value":")" + typed + "\"}";
    return interact(deed("autocomplete", nested(command, focused), channel, user, ""));
}

AnsweredAtDiscord PlayedDiscord::press(const std::string& message_id, const std::string& custom_id,
                                       const std::string& channel, const std::string& user) {
    return interact(deed("component", R"({"component_type":2,"custom_id":")" + custom_id + "\"}",
                         channel, user,
                         R"(,"permissions":"8192","messageId":")" + message_id + '"'));
}

}  // namespace tests
