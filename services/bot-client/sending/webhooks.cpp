#include "bot-client/sending/webhooks.hpp"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "bot-client/discord_wire.hpp"
#include "bot-client/rest/route.hpp"
#include "common/http/message.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::sending {
namespace {

constexpr std::string_view route_of_channel = "/channels/{}/webhooks";

struct NewWebhook {
    using on_discords_wire = void;
    std::string name = "Tutti";
};
BOOST_DESCRIBE_STRUCT(NewWebhook, (), (name))

// Longer ids are later ones.
bool is_older(const std::string& one, const std::string& other) {
    return one.size() != other.size() ? one.size() < other.size() : one < other;
}

Result<std::string> body_of(rest::CallResult<http::Response> answer, std::string_view operation) {
    if (!answer) return fail(std::move(answer).error().error);
    if (answer->ok()) return std::move(answer->body);
    const bool is_final = answer->status >= 400 && answer->status < 500;
    return fail(is_final ? Errc::refused : Errc::unavailable, std::string(operation),
                "Discord answered " + std::to_string(answer->status));
}

std::optional<domain::Webhook> own_of(std::vector<wire::Webhook> all, const OwnIds& own) {
    std::optional<wire::Webhook> oldest;
    for (wire::Webhook& one : all) {
        if (!one.token || one.application_id != own.application_id) continue;
        if (!oldest || is_older(one.id, oldest->id)) oldest = std::move(one);
    }
    if (!oldest) return std::nullopt;
    return domain::Webhook{.id = std::move(oldest->id),
                           .token = process::Secret(*std::move(oldest->token))};
}

Result<std::string> call(rest::DiscordRest& discord, std::string_view method,
                         const std::string& channel_id, std::string body, TimePoint deadline) {
    auto route = rest::Route::make(method, route_of_channel, {channel_id});
    if (!route) return fail(std::move(route).error());
    const std::string operation = route->operation();
    return body_of(discord.call({.route = *std::move(route), .body = std::move(body)}, deadline),
                   operation);
}

}  // namespace

Result<Loaded<domain::Webhook>> find_or_make_webhook(rest::DiscordRest& discord, const OwnIds& own,
                                                     const std::string& channel_id,
                                                     TimePoint deadline) {
    const auto listed = call(discord, "GET", channel_id, "", deadline);
    if (!listed) return fail(listed.error());
    auto all = json::read<std::vector<wire::Webhook>>(*listed, JsonLimits{});
    if (!all) return fail(std::move(all).error());
    if (auto found = own_of(*std::move(all), own)) return Loaded(*std::move(found));
    const auto made = call(discord, "POST", channel_id, json::write(NewWebhook{}), deadline);
    if (!made) return fail(made.error());
    auto webhook = json::read<wire::Webhook>(*made, JsonLimits{});
    if (!webhook) return fail(std::move(webhook).error());
    if (!webhook->token) {
        return fail(Errc::protocol, "make a webhook", "Discord's answer has no token");
    }
    return Loaded(domain::Webhook{.id = std::move(webhook->id),
                                  .token = process::Secret(*std::move(webhook->token))});
}

Loader<std::string, domain::Webhook> webhook_loader(rest::DiscordRest& discord,
                                                    const Identity& identity) {
    return [&discord, &identity](const std::string& channel_id,
                                 LoadContext& context) -> Result<Loaded<domain::Webhook>> {
        const auto own = identity.find();
        // Only what Discord says of the channel is final.
        if (!own) return fail(Errc::unavailable, "find a webhook", own.error().message());
        return find_or_make_webhook(discord, *own, channel_id, context.deadline());
    };
}

}  // namespace tutti::services::bot::sending
