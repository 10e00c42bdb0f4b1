#include "discord-stand-in/rest/webhook_routes.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "common/process/secret.hpp"
#include "discord-stand-in/world/messages.hpp"
#include "discord-stand-in/world/objects.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::discord::rest {
namespace {

using world::Channel;
using world::JsonArray;
using world::JsonObject;
using world::Message;
using world::Permission;
using world::RefusalCode;
using world::refuse;
using world::refuse_form;
using world::text_in;
using world::Webhook;
using world::World;

constexpr std::size_t webhook_name_max = 80;

world::Outcome<std::string> read_name(const JsonObject& body) {
    auto name = text_in(body, "name").value_or("");
    const std::size_t length = world::length_of(name);
    const std::string lower = to_lower(name);
    if (length < 1 || length > webhook_name_max) {
        return refuse_form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length.");
    }
    if (lower.contains("discord") || lower.contains("clyde")) {
        return refuse_form("name", "USERNAME_INVALID_CONTAINS", "Username cannot contain that.");
    }
    return name;
}

Answer list_of_channel(Call& call) {
    const auto channel = call.world.for_bot(call.id("channel"), Permission::manage_webhooks);
    if (!channel) return std::unexpected(channel.error());
    JsonArray found;
    for (const auto& [id, webhook] : call.world.webhooks()) {
        if (webhook.channel == (*channel)->id) {
            found.push_back(world::webhook_object(call.world, webhook));
        }
    }
    return Reply{.body = std::move(found)};
}

Answer list_of_guild(Call& call) {
    if (call.world.guild(call.id("guild")) == nullptr) return refuse(RefusalCode::unknown_guild);
    JsonArray found;
    for (const auto& [id, webhook] : call.world.webhooks()) {
        if (webhook.guild == call.id("guild")) {
            found.push_back(world::webhook_object(call.world, webhook));
        }
    }
    return Reply{.body = std::move(found)};
}

Answer create(Call& call) {
    const auto channel = call.world.for_bot(call.id("channel"), Permission::manage_webhooks);
    if (!channel) return std::unexpected(channel.error());
    // A thread has none of its own.
    if ((*channel)->is_thread() || !(*channel)->guild) return refuse(RefusalCode::unknown_channel);
    auto name = read_name(call.body());
    if (!name) return std::unexpected(std::move(name).error());
    auto made = call.world.add(Webhook{.token = "webhook-" + process::Secret::random().reveal(),
                                       .channel = (*channel)->id,
                                       .guild = *(*channel)->guild,
                                       .name = *std::move(name),
                                       .application = call.world.application().id},
                               call.now);
    if (!made) return std::unexpected(std::move(made).error());
    return Reply{.body = world::webhook_object(call.world, **made)};
}

// By its id, and by its token when the path has one.
world::Outcome<Webhook*> webhook_of(Call& call) {
    Webhook* const found = call.world.webhook(call.id("webhook"));
    if (found == nullptr) return refuse(RefusalCode::unknown_webhook);
    const auto& parameters = call.request.parameters;
    const auto token = parameters.find("token");
    if (token != parameters.end() && token->second != found->token) {
        return refuse(RefusalCode::invalid_webhook_token);
    }
    return found;
}

Answer show_webhook(Call& call) {
    const auto found = webhook_of(call);
    if (!found) return std::unexpected(found.error());
    return Reply{.body = world::webhook_object(call.world, **found)};
}

Answer change_webhook(Call& call) {
    const auto found = webhook_of(call);
    if (!found) return std::unexpected(found.error());
    if (call.body().contains("name")) {
        auto name = read_name(call.body());
        if (!name) return std::unexpected(std::move(name).error());
        (*found)->name = *std::move(name);
    }
    if (const auto to = world::id_in(call.body(), "channel_id")) {
        const auto channel = call.world.for_bot(*to, Permission::manage_webhooks);
        if (!channel) return std::unexpected(channel.error());
        (*found)->channel = *to;
    }
    return Reply{.body = world::webhook_object(call.world, **found)};
}

Answer remove(Call& call) {
    const auto found = webhook_of(call);
    if (!found) return std::unexpected(found.error());
    call.world.remove_webhook((*found)->id);
    return no_content();
}

// The webhook's channel, or the thread of it that the query names.
world::Outcome<Channel*> place_of(Call& call, const Webhook& webhook) {
    const auto thread = call.query_id("thread_id");
    Channel* const channel = call.world.channel(thread.value_or(webhook.channel));
    const bool fits = channel != nullptr && (!thread || channel->parent == webhook.channel);
    if (!fits) return refuse(RefusalCode::unknown_channel);
    return channel;
}

world::Outcome<world::Persona> read_persona(const JsonObject& body, const Webhook& webhook) {
    const auto name = text_in(body, "username");
    if (name && (name->empty() || world::length_of(*name) > webhook_name_max)) {
        return refuse_form("username", "BASE_TYPE_BAD_LENGTH",
                           "Must be between 1 and 80 in length.");
    }
    return world::Persona{.webhook = webhook.id,
                          .name = name.value_or(webhook.name),
                          .avatar_url = text_in(body, "avatar_url")};
}

Answer execute_webhook(Call& call) {
    const auto webhook = webhook_of(call);
    if (!webhook) return std::unexpected(webhook.error());
    const auto channel = place_of(call, **webhook);
    if (!channel) return std::unexpected(channel.error());
    auto persona = read_persona(call.body(), **webhook);
    if (!persona) return std::unexpected(std::move(persona).error());
    auto draft = world::read_draft(call.body(), world::Speaker::webhook_or_interaction);
    if (!draft) return std::unexpected(std::move(draft).error());
    if (auto full = world::check_not_empty(draft->message); !full) {
        return std::unexpected(full.error());
    }
    draft->enforce_nonce = false;  // Discord offers that for its own messages only
    draft->message.flags &= ~world::MessageFlag::ephemeral;
    draft->message.author = (*webhook)->id;
    draft->message.application = (*webhook)->application;
    draft->message.persona = *std::move(persona);
    auto said = world::post(call.world, **channel, *std::move(draft), call.now);
    if (!said) return std::unexpected(std::move(said).error());
    if (!call.query_flag("wait")) return no_content();
    return Reply{.body = world::message_object(call.world, **said)};
}

Answer follow_up(Call& call) {
    const auto interaction = call.interactions.answered(call.request.parameter("token"), call.now);
    if (!interaction) return std::unexpected(interaction.error());
    const auto said = call.interactions.follow_up(**interaction, call.body(), call.now);
    if (!said) return std::unexpected(said.error());
    return Reply{.body = world::message_object(call.world, **said)};
}

Answer execute(Call& call) {
    return call.is_of_interaction() ? follow_up(call) : execute_webhook(call);
}

// What webhooks say in a channel has a limit of its own, which all of them share.
std::optional<HiddenLimit> speaking(const Call& call, const Limits::Options& limits) {
    const Webhook* const webhook = call.world.webhook(call.id("webhook"));
    if (webhook == nullptr) return std::nullopt;
    return HiddenLimit{
        .key = "webhooks in " + std::to_string(webhook->channel),
        .allowance = {.calls = limits.webhook_per_minute, .window = std::chrono::minutes(1)}};
}

// A message of the webhook's, or of the interaction's.
struct Said {
    Message* message;
    Channel* channel;                 // of a webhook
    world::Interaction* interaction;  // of an interaction
};

world::Outcome<Said> said_by(Call& call) {
    const auto& id = call.request.parameter("message");
    if (call.is_of_interaction()) {
        const auto interaction =
            call.interactions.answered(call.request.parameter("token"), call.now);
        if (!interaction) return std::unexpected(interaction.error());
        const auto found = call.interactions.message(**interaction, id);
        if (!found) return std::unexpected(found.error());
        return Said{.message = *found, .channel = nullptr, .interaction = *interaction};
    }
    const auto webhook = webhook_of(call);
    if (!webhook) return std::unexpected(webhook.error());
    const auto channel = place_of(call, **webhook);
    if (!channel) return std::unexpected(channel.error());
    Message* const found = World::message(**channel, call.id("message"));
    if (found == nullptr || !found->persona || found->persona->webhook != (*webhook)->id) {
        return refuse(RefusalCode::unknown_message);
    }
    return Said{.message = found, .channel = *channel, .interaction = nullptr};
}

Answer read_said(Call& call) {
    const auto said = said_by(call);
    if (!said) return std::unexpected(said.error());
    return Reply{.body = world::message_object(call.world, *said->message)};
}

Answer change_said(Call& call) {
    const auto said = said_by(call);
    if (!said) return std::unexpected(said.error());
    if (said->interaction != nullptr) {
        const auto edited = call.interactions.edit_message(
            *said->interaction, call.request.parameter("message"), call.body(), call.now);
        if (!edited) return std::unexpected(edited.error());
    } else {
        auto edited = world::edit(call.world, *said->message, call.body(),
                                  world::Speaker::webhook_or_interaction, call.now);
        if (!edited) return std::unexpected(std::move(edited).error());
    }
    return Reply{.body = world::message_object(call.world, *said->message)};
}

Answer take_back_said(Call& call) {
    const auto said = said_by(call);
    if (!said) return std::unexpected(said.error());
    if (said->interaction == nullptr) {
        world::remove(call.world, *said->channel, said->message->id);
        return no_content();
    }
    auto done =
        call.interactions.delete_message(*said->interaction, call.request.parameter("message"));
    if (!done) return std::unexpected(std::move(done).error());
    return no_content();
}

}  // namespace

Routes webhook_routes() {
    using std::chrono::milliseconds;
    const Allowance few{.calls = 5, .window = milliseconds(2'000)};
    const std::string by_token = "/webhooks/:webhook/:token";
    const std::string message = by_token + "/messages/:message";
    const auto owned = [few](const char* method, const std::string& pattern, Handler handler) {
        return Route{.method = method,
                     .pattern = pattern,
                     .handler = handler,
                     .auth = Auth::own_token,
                     .allowance = few,
                     .major = "webhook"};
    };
    const auto by_bot = [](const char* method, const char* pattern, Handler handler,
                           const char* major) {
        return Route{.method = method, .pattern = pattern, .handler = handler, .major = major};
    };
    Route speak = owned("POST", by_token, execute);
    speak.hidden = speaking;
    return {
        by_bot("GET", "/channels/:channel/webhooks", list_of_channel, "channel"),
        by_bot("POST", "/channels/:channel/webhooks", create, "channel"),
        by_bot("GET", "/guilds/:guild/webhooks", list_of_guild, "guild"),
        by_bot("GET", "/webhooks/:webhook", show_webhook, "webhook"),
        by_bot("PATCH", "/webhooks/:webhook", change_webhook, "webhook"),
        by_bot("DELETE", "/webhooks/:webhook", remove, "webhook"),
        owned("GET", by_token, show_webhook),
        owned("PATCH", by_token, change_webhook),
        owned("DELETE", by_token, remove),
        speak,
        owned("GET", message, read_said),
        owned("PATCH", message, change_said),
        owned("DELETE", message, take_back_said),
    };
}

}  // namespace tutti::services::discord::rest
