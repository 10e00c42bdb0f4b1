#include "bot-client/driver.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bot-client/driver_wire.hpp"
#include "common/errors.hpp"
#include "tutti/json.hpp"

namespace tutti::services {
namespace {

constexpr std::string_view manage_messages = "MANAGE_MESSAGES";
constexpr std::size_t discord_id_length_max = 20;

class Collected final : public ReplySink {
public:
    Result<void> send(Reply reply) override {
        add(std::move(reply));
        return {};
    }
    void add(Reply reply) {
        bodies.push_back({.content = std::move(reply.content),
                          .ephemeral = reply.ephemeral,
                          .mentions_author = reply.mentions_author});
    }

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
        const auto digit = [](char c) { return c >= '0' && c <= '9'; };
        if (!id.empty() && id.size() <= discord_id_length_max && std::ranges::all_of(id, digit))
            return;
        problems_ += problems_.empty() ? "" : "; ";
        problems_.append(name).append(": must be a Discord id, up to 20 digits");
    }
    [[nodiscard]] const std::string& problems() const noexcept { return problems_; }

private:
    std::string problems_;
};

HttpResponse invalid(std::string_view text) {
    return error_response(ErrorCode::validation_error, text);
}

HttpResponse run_command(const HttpRequest& request, const ChannelCommands& commands) {
    auto body = json::read<DriverCommand>(request.body);
    if (!body) return invalid(body.error().cause);
    Ids ids;
    ids.check("userId", body->user_id);
    ids.check("channelId", body->channel_id);
    if (body->guild_id) ids.check("guildId", *body->guild_id);
    if (!ids.problems().empty()) return invalid(ids.problems());
    if (!ChannelCommands::knows(body->command)) {
        return invalid("command: there are \"channel activate\" and \"channel deactivate\"");
    }
    const auto permissions = std::move(body->permissions).value_or(std::vector<std::string>{});
    auto outcome = commands.run(
        {.command = std::move(body->command),
         .personality =
             std::move(body->options).value_or(DriverCommandOptions{}).personality.value_or(""),
         .user_id = std::move(body->user_id),
         .channel_id = std::move(body->channel_id),
         .guild_id = std::move(body->guild_id).value_or(""),
         .may_manage_messages =
             std::ranges::find(permissions, manage_messages) != permissions.end()});

    Collected collected;
    collected.add(std::move(outcome.reply));
    DriverCommandAnswer answer{.replies = std::move(collected.bodies),
                               .accepted_at_boottime_ns = {},
                               .completed_at_boottime_ns = boottime_ns(Boottime::now()),
                               .invalidation = {}};
    if (outcome.accepted_at) answer.accepted_at_boottime_ns = boottime_ns(*outcome.accepted_at);
    if (outcome.invalidation) answer.invalidation = to_string(outcome.invalidation->outcome);
    return json_response(200, json::write(answer));
}

Message message_from(DriverMessage body) {
    using Texts = std::vector<std::string>;
    Message message{.author_id = std::move(body.author_id),
                    .author_is_bot = body.author_is_bot.value_or(false),
                    .channel_id = std::move(body.channel_id),
                    .content = std::move(body.content).value_or(""),
                    .attachments = std::move(body.attachments).value_or(Texts{}),
                    .voice_transcript = std::move(body.voice_transcript).value_or(""),
                    .forwarded = {}};
    for (auto& forwarded : std::move(body.forwarded).value_or(std::vector<DriverForwarded>{})) {
        message.forwarded.push_back(
            {.content = std::move(forwarded.content).value_or(""),
             .attachments = std::move(forwarded.attachments).value_or(Texts{})});
    }
    return message;
}

HttpResponse deliver_message(const HttpRequest& request, const MessageChain& chain) {
    auto body = json::read<DriverMessage>(request.body);
    if (!body) return invalid(body.error().cause);
    Ids ids;
    ids.check("authorId", body->author_id);
    ids.check("channelId", body->channel_id);
    if (!ids.problems().empty()) return invalid(ids.problems());

    Collected replies;
    const auto outcome = chain.run(message_from(*std::move(body)), replies);
    DriverMessageAnswer answer{.handled = !outcome.handled_by.empty(),
                               .handled_by = {},
                               .failed = outcome.failed,
                               .replies = std::move(replies.bodies),
                               .tier = {},
                               .completed_at_boottime_ns = boottime_ns(Boottime::now())};
    if (answer.handled) answer.handled_by = outcome.handled_by;
    if (outcome.activation_tier) answer.tier = tier_name(*outcome.activation_tier);
    return json_response(200, json::write(answer));
}

HttpResponse complete(const HttpRequest& request, const Autocomplete& autocomplete) {
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
    return json_response(200, json::write(answer));
}

HttpHandler guarded(const Secret& secret, HttpHandler handler) {
    return [secret, handler = std::move(handler)](const HttpRequest& request) {
        const auto given = request.headers.find("X-Service-Auth");
        if (!given || !secret.matches(*given)) {
            return error_response(ErrorCode::unauthorized, "Service authentication failed");
        }
        return handler(request);
    };
}

}  // namespace

void add_driver_routes(Router& router, const Secret& secret, const Driven& driven) {
    router
        .add("POST", "/driver/command",
             guarded(secret, [&commands = driven.commands](
                                 const HttpRequest& r) { return run_command(r, commands); }))
        .add("POST", "/driver/message",
             guarded(secret, [&chain = driven.chain](
                                 const HttpRequest& r) { return deliver_message(r, chain); }))
        .add("POST", "/driver/autocomplete",
             guarded(secret, [&autocomplete = driven.autocomplete](const HttpRequest& r) {
                 return complete(r, autocomplete);
             }));
}

}  // namespace tutti::services
