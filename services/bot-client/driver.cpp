#include "bot-client/driver.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bot-client/driver_directory.hpp"
#include "bot-client/driver_wire.hpp"
#include "common/http/errors.hpp"
#include "common/process/problem_list.hpp"
#include "tutti/json.hpp"

namespace tutti::services::bot {
namespace {

constexpr std::string_view manage_messages = "MANAGE_MESSAGES";

DriverReply body_of(BotReply reply) {
    DriverReply body{.content = std::move(reply.content),
                     .ephemeral = reply.ephemeral,
                     .mentions_author = reply.mentions_author};
    if (reply.embed) {
        body.embed = DriverEmbed{.title = std::move(reply.embed->title),
                                 .description = std::move(reply.embed->description),
                                 .footer = std::move(reply.embed->footer)};
    }
    for (Button& button : reply.buttons) {
        if (!body.buttons) body.buttons.emplace();
        body.buttons->push_back({.custom_id = std::move(button.custom_id),
                                 .label = std::move(button.label),
                                 .disabled = button.disabled});
    }
    if (reply.replaces) body.replaces = true;
    return body;
}

class CollectedReplies final : public ReplySink {
public:
    Result<void> send(BotReply reply) override {
        add(std::move(reply));
        return {};
    }
    void add(BotReply reply) { bodies.push_back(body_of(std::move(reply))); }

    std::vector<DriverReply> bodies;
};

std::int64_t boottime_ns(TimePoint time) { return time.time_since_epoch().count(); }

std::string_view tier_name(Tier tier) {
    switch (tier) {
    case Tier::memory: return "memory";
    case Tier::store: return "store";
    case Tier::source: return "source";
    }
    return "unknown";
}

std::string_view freshness_name(Freshness freshness) {
    switch (freshness) {
    case Freshness::fresh: return "fresh";
    case Freshness::suspect: return "suspect";
    case Freshness::stale: return "stale";
    }
    return "unknown";
}

class Ids {
public:
    void check(std::string_view name, std::string_view id) {
        if (!is_discord_id(id)) problems_.add(name, "must be a Discord id, up to 20 digits");
    }
    void check_given(std::string_view name, const std::optional<std::string>& id) {
        if (id) check(name, *id);
    }
    // Of the channel around a thread.
    void check_parent(const std::optional<std::string>& id, std::string_view channel_id) {
        check_given("parentChannelId", id);
        if (id == channel_id) problems_.add("parentChannelId", "must be another channel");
    }
    void check_directory(const std::optional<DriverDirectory>& directory) {
        const auto problem = problem_of(directory);
        if (!problem.empty()) problems_.add("directory", problem);
    }
    [[nodiscard]] const std::string& problems() const noexcept { return problems_.text(); }

private:
    process::ProblemList problems_;
};

http::Response invalid(std::string_view text) {
    return http::error_response(http::ErrorCode::validation_error, text);
}

using Permissions = std::optional<std::vector<std::string>>;

bool may_manage(const Permissions& permissions) {
    return permissions && std::ranges::find(*permissions, manage_messages) != permissions->end();
}

Slash slash_from(DriverCommand body) {
    auto options = std::move(body.options).value_or(DriverCommandOptions{});
    return {.command = std::move(body.command),
            .personality = std::move(options.personality).value_or(""),
            .user_id = std::move(body.user_id),
            .channel_id = std::move(body.channel_id),
            .guild_id = std::move(body.guild_id).value_or(""),
            .may_manage_messages = may_manage(body.permissions),
            .parent_channel_id = std::move(body.parent_channel_id).value_or(""),
            .all = options.all.value_or(false)};
}

http::Response run_command(const http::Request& request, const DriverTargets& targets) {
    auto body = json::read<DriverCommand>(request.body);
    if (!body) return invalid(body.error().cause);
    Ids ids;
    ids.check("userId", body->user_id);
    ids.check("channelId", body->channel_id);
    ids.check_given("guildId", body->guild_id);
    ids.check_parent(body->parent_channel_id, body->channel_id);
    ids.check_directory(body->directory);
    if (!ids.problems().empty()) return invalid(ids.problems());
    const bool is_list = ChannelList::knows(body->command);
    if (!is_list && !ChannelCommands::knows(body->command)) {
        return invalid(
            "command: there are \"channel activate\", \"channel deactivate\" and \"channel list\"");
    }
    const GivenDirectory directory(std::move(body->directory));
    const Slash slash = slash_from(*std::move(body));
    auto outcome = is_list ? ChannelCommands::Outcome{.reply = targets.list.run(slash, directory)}
                           : targets.commands.run(slash);

    CollectedReplies replies;
    replies.add(std::move(outcome.reply));
    DriverCommandAnswer answer{.replies = std::move(replies.bodies),
                               .accepted_at_boottime_ns = {},
                               .completed_at_boottime_ns = boottime_ns(Boottime::now()),
                               .invalidation = {}};
    if (outcome.accepted_at) answer.accepted_at_boottime_ns = boottime_ns(*outcome.accepted_at);
    if (outcome.invalidation) answer.invalidation = to_string(outcome.invalidation->outcome);
    return http::json_response(200, json::write(answer));
}

http::Response press_button(const http::Request& request, const ChannelList& list) {
    auto body = json::read<DriverPress>(request.body);
    if (!body) return invalid(body.error().cause);
    Ids ids;
    ids.check("userId", body->user_id);
    ids.check("channelId", body->channel_id);
    ids.check_given("guildId", body->guild_id);
    ids.check_directory(body->directory);
    if (!ids.problems().empty()) return invalid(ids.problems());
    const GivenDirectory directory(std::move(body->directory));
    const ButtonPress press{.custom_id = std::move(body->custom_id),
                            .user_id = std::move(body->user_id),
                            .channel_id = std::move(body->channel_id),
                            .guild_id = std::move(body->guild_id).value_or(""),
                            .may_manage_messages = may_manage(body->permissions)};
    CollectedReplies replies;
    replies.add(list.press(press, directory));
    return http::json_response(200, json::write(DriverPressAnswer{
                                        .replies = std::move(replies.bodies),
                                        .completed_at_boottime_ns = boottime_ns(Boottime::now())}));
}

Message message_from(DriverMessage body) {
    using Texts = std::vector<std::string>;
    Message message{.author_id = std::move(body.author_id),
                    .author_is_bot = body.author_is_bot.value_or(false),
                    .channel_id = std::move(body.channel_id),
                    .content = std::move(body.content).value_or(""),
                    .attachments = std::move(body.attachments).value_or(Texts{}),
                    .voice_transcript = std::move(body.voice_transcript).value_or(""),
                    .forwarded = {},
                    .parent_channel_id = std::move(body.parent_channel_id).value_or("")};
    for (auto& forwarded : std::move(body.forwarded).value_or(std::vector<DriverForwarded>{})) {
        message.forwarded.push_back(
            {.content = std::move(forwarded.content).value_or(""),
             .attachments = std::move(forwarded.attachments).value_or(Texts{})});
    }
    return message;
}

http::Response deliver_message(const http::Request& request, const MessageChain& chain) {
    auto body = json::read<DriverMessage>(request.body);
    if (!body) return invalid(body.error().cause);
    Ids ids;
    ids.check("authorId", body->author_id);
    ids.check("channelId", body->channel_id);
    ids.check_parent(body->parent_channel_id, body->channel_id);
    if (!ids.problems().empty()) return invalid(ids.problems());

    CollectedReplies replies;
    const auto outcome = chain.run(message_from(*std::move(body)), replies);
    DriverMessageAnswer answer{.handled = !outcome.handled_by.empty(),
                               .handled_by = {},
                               .failed = outcome.failed,
                               .replies = std::move(replies.bodies),
                               .tier = {},
                               .completed_at_boottime_ns = boottime_ns(Boottime::now())};
    if (answer.handled) answer.handled_by = outcome.handled_by;
    if (outcome.activation_tier) answer.tier = tier_name(*outcome.activation_tier);
    return http::json_response(200, json::write(answer));
}

http::Response complete(const http::Request& request, const Autocomplete& autocomplete) {
    auto body = json::read<DriverTyping>(request.body);
    if (!body) return invalid(body.error().cause);
    Ids ids;
    ids.check("userId", body->user_id);
    if (!ids.problems().empty()) return invalid(ids.problems());
    const auto outcome = autocomplete.choose({.command = std::move(body->command),
                                              .option = std::move(body->option),
                                              .text = std::move(body->value).value_or(""),
                                              .user_id = std::move(body->user_id)});
    DriverChoices answer{.choices = {},
                         .tier = {},
                         .freshness = {},
                         .completed_at_boottime_ns = boottime_ns(Boottime::now())};
    for (const Choice& choice : outcome.choices) {
        answer.choices.push_back({.name = choice.name, .value = choice.value});
    }
    if (outcome.tier) answer.tier = tier_name(*outcome.tier);
    if (outcome.freshness) answer.freshness = freshness_name(*outcome.freshness);
    return http::json_response(200, json::write(answer));
}

http::Router::Terms with(const process::Secret& secret) {
    return {.kind = http::RouteKind::internal, .guard = [secret](const http::Request& head) {
                const auto given = head.headers.find("X-Service-Auth");
                const bool good = given && secret.matches(*given);
                return good ? std::nullopt
                            : std::optional(http::error_response(http::ErrorCode::unauthorized,
                                                                 "Service authentication failed"));
            }};
}

}  // namespace

void add_driver_routes(http::Router& router, const process::Secret& secret,
                       const DriverTargets& targets) {
    const http::Router::Terms terms = with(secret);
    router
        .add(
            "POST", "/driver/command",
            [targets](const http::Request& r) { return run_command(r, targets); }, terms)
        .add(
            "POST", "/driver/button",
            [&list = targets.list](const http::Request& r) { return press_button(r, list); }, terms)
        .add(
            "POST", "/driver/message",
            [&chain = targets.chain](const http::Request& r) { return deliver_message(r, chain); },
            terms)
        .add(
            "POST", "/driver/autocomplete",
            [&autocomplete = targets.autocomplete](const http::Request& r) {
                return complete(r, autocomplete);
            },
            terms);
}

}  // namespace tutti::services::bot
