#include "discord-stand-in/control/views.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/process/timestamps.hpp"

namespace tutti::services::discord::control {
namespace {

using world::id_text;
using world::Json;
using world::JsonArray;
using world::JsonObject;

Json unix_milliseconds(process::UnixTime time) { return Json(time.time_since_epoch().count()); }

template <class T, class Write>
Json optional_json(const std::optional<T>& value, const Write& write) {
    return value ? Json(write(*value)) : Json(nullptr);
}

JsonArray ids(const std::vector<world::Snowflake>& all) {
    JsonArray texts;
    for (const auto id : all) texts.push_back(id_text(id));
    return texts;
}

JsonObject author_view(const world::World& world, const world::Message& message) {
    if (message.persona) {
        return {{"id", id_text(message.author)}, {"name", message.persona->name}, {"bot", true}};
    }
    const world::User* const user = world.user(message.author);
    return {{"id", id_text(message.author)},
            {"name", user == nullptr ? "" : user->username},
            {"bot", user != nullptr && user->is_bot}};
}

const world::Message* find_message(const world::World& world, const world::Interaction& interaction,
                                   world::Snowflake id) {
    const auto whispered = interaction.whispered.find(id);
    if (whispered != interaction.whispered.end()) return &whispered->second;
    const world::Channel* const channel = world.channel(interaction.channel);
    return channel == nullptr ? nullptr : world::World::message(*channel, id);
}

Json said(const world::World& world, const world::Interaction& interaction, world::Snowflake id) {
    const world::Message* const message = find_message(world, interaction, id);
    return message == nullptr ? Json(nullptr) : Json(message_view(world, *message));
}

}  // namespace

JsonObject message_view(const world::World& world, const world::Message& message) {
    JsonObject view{{"id", id_text(message.id)},
                    {"channelId", id_text(message.channel)},
                    {"author", author_view(world, message)},
                    {"content", message.content},
                    {"replyTo", optional_json(message.reference,
                                              [](const auto& to) { return id_text(to.message); })},
                    {"allowedMentions",
                     message.allowed_mentions ? Json(*message.allowed_mentions) : Json(nullptr)},
                    {"pings", JsonObject{{"everyone", message.pings.everyone},
                                         {"repliedUser", message.pings.replied_user},
                                         {"users", ids(message.pings.users)},
                                         {"roles", ids(message.pings.roles)}}},
                    {"flags", message.flags},
                    {"nonce", message.nonce ? Json(*message.nonce) : Json(nullptr)},
                    {"madeMs", unix_milliseconds(message.made)},
                    {"editedMs", optional_json(message.edited, unix_milliseconds)},
                    {"embeds", message.embeds},
                    {"components", message.components},
                    {"attachments", message.attachments}};
    if (message.persona) {
        const auto& avatar = message.persona->avatar_url;
        view.emplace("webhook", JsonObject{{"id", id_text(message.persona->webhook)},
                                           {"name", message.persona->name},
                                           {"avatarUrl", avatar ? Json(*avatar) : Json(nullptr)}});
    }
    if (message.interaction) view.emplace("interactionId", message.interaction->at("id"));
    return view;
}

JsonObject interaction_view(const world::World& world, const world::Interaction& interaction) {
    JsonArray followups;
    for (const auto id : interaction.followups) followups.push_back(said(world, interaction, id));
    const auto age = [&](process::UnixTime time) { return (time - interaction.made).count(); };
    return {{"id", id_text(interaction.id)},
            {"kind", std::to_underlying(interaction.kind)},
            {"userId", id_text(interaction.user)},
            {"channelId", id_text(interaction.channel)},
            {"madeMs", unix_milliseconds(interaction.made)},
            {"answered", interaction.answered.has_value()},
            {"callback",
             interaction.answered ? Json(std::to_underlying(interaction.callback)) : Json(nullptr)},
            {"answerAgeMs", optional_json(interaction.answered, age)},
            {"deferred", interaction.answered && interaction.is_deferred()},
            {"filled", interaction.filled.has_value()},
            {"filledAgeMs", optional_json(interaction.filled, age)},
            {"ephemeral", interaction.ephemeral},
            {"original", interaction.original ? said(world, interaction, *interaction.original)
                                              : Json(nullptr)},
            {"followups", std::move(followups)},
            {"choices", interaction.choices},
            {"modal", interaction.modal},
            {"trouble", interaction.trouble}};
}

JsonObject world_view(const world::World& world) {
    JsonArray guilds;
    for (const auto& [id, guild] : world.guilds()) {
        guilds.push_back(JsonObject{
            {"id", id_text(id)}, {"name", guild.name}, {"ownerId", id_text(guild.owner)}});
    }
    JsonArray channels;
    for (const auto& [id, channel] : world.channels()) {
        channels.push_back(JsonObject{{"id", id_text(id)},
                                      {"name", channel.name},
                                      {"type", std::to_underlying(channel.kind)},
                                      {"guildId", optional_json(channel.guild, id_text)},
                                      {"parentId", optional_json(channel.parent, id_text)},
                                      {"userId", optional_json(channel.recipient, id_text)},
                                      {"archived", channel.archived},
                                      {"typed", channel.typed.size()}});
    }
    JsonArray users;
    for (const auto& [id, user] : world.users()) {
        users.push_back(
            JsonObject{{"id", id_text(id)}, {"username", user.username}, {"bot", user.is_bot}});
    }
    JsonArray webhooks;
    for (const auto& [id, webhook] : world.webhooks()) {
        webhooks.push_back(JsonObject{
            {"id", id_text(id)}, {"channelId", id_text(webhook.channel)}, {"name", webhook.name}});
    }
    JsonObject commands;
    for (const auto& [scope, all] : world.commands()) commands.emplace(std::to_string(scope), all);
    const auto& application = world.application();
    return {{"application", JsonObject{{"id", id_text(application.id)},
                                       {"name", application.name},
                                       {"botId", id_text(application.bot)},
                                       {"ownerId", id_text(application.owner)},
                                       {"publicKey", application.public_key}}},
            {"guilds", std::move(guilds)},
            {"channels", std::move(channels)},
            {"users", std::move(users)},
            {"webhooks", std::move(webhooks)},
            {"commands", std::move(commands)}};
}

}  // namespace tutti::services::discord::control
