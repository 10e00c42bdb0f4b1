#include "discord-stand-in/world/objects.hpp"

#include <utility>

#include <boost/json/serialize.hpp>

#include "common/process/timestamps.hpp"

namespace tutti::services::discord::world {
namespace {

// Discord writes "+00:00" where we write "Z"; both are RFC 3339.
Json time_text(process::UnixTime time) {
    std::string text = process::iso_timestamp(time);
    text.replace(text.size() - 1, 1, "000+00:00");
    return Json(text);
}

Json optional_id(const std::optional<Snowflake>& id) { return id ? id_text(*id) : Json(nullptr); }

JsonObject author_object(const World& world, const Message& message) {
    if (!message.persona) return user_object(world, message.author);
    return {{"id", id_text(message.persona->webhook)},
            {"username", message.persona->name},
            {"discriminator", "0000"},
            {"avatar", nullptr},
            {"global_name", nullptr},
            {"public_flags", 0},
            {"flags", 0},
            {"bot", true}};
}

JsonArray mentions_of(const World& world, const Message& message) {
    JsonArray mentions;
    for (const Snowflake id : message.pings.users) mentions.push_back(user_object(world, id));
    return mentions;
}

JsonArray id_texts(const std::vector<Snowflake>& ids) {
    JsonArray texts;
    for (const Snowflake id : ids) texts.push_back(id_text(id));
    return texts;
}

void add_reference(JsonObject& object, const World& world, const Message& message) {
    if (!message.reference) return;
    const Reference& to = *message.reference;
    JsonObject reference{{"type", to.is_forward ? 1 : 0},
                         {"channel_id", id_text(to.channel)},
                         {"message_id", id_text(to.message)}};
    if (to.guild) reference.emplace("guild_id", id_text(*to.guild));
    object.emplace("message_reference", std::move(reference));
    if (to.is_forward) {
        object.emplace("message_snapshots", message.forwarded);
        return;
    }
    const Channel* const channel = world.channel(to.channel);
    const Message* const found = channel ? World::message(*channel, to.message) : nullptr;
    if (found == nullptr) {
        object.emplace("referenced_message", nullptr);
        return;
    }
    JsonObject referenced = message_object(world, *found);
    referenced.erase("referenced_message");
    object.emplace("referenced_message", std::move(referenced));
}

JsonArray overwrites_of(const World& world, const Channel& channel) {
    const Permissions denied = Permission::all & ~channel.bot_permissions;
    if (denied == 0) return {};
    return {JsonObject{{"id", id_text(world.application().bot)},
                       {"type", 1},
                       {"allow", "0"},
                       {"deny", std::to_string(denied)}}};
}

bool sees_content_anyway(const World& world, const Message& message) {
    const Snowflake bot = world.application().bot;
    const Channel* const channel = world.channel(message.channel);
    const bool direct = channel != nullptr && channel->kind == ChannelKind::direct;
    return direct || message.author == bot || message.application == world.application().id ||
           holds(message.pings.users, bot);
}

}  // namespace

JsonObject user_object(const User& user) {
    return {{"id", id_text(user.id)},
            {"username", user.username},
            {"discriminator", "0"},
            {"avatar", nullptr},
            {"global_name", user.username},
            {"public_flags", 0},
            {"flags", 0},
            {"bot", user.is_bot}};
}

JsonObject user_object(const World& world, Snowflake id) {
    const User* const user = world.user(id);
    return user_object(user != nullptr ? *user : User{.id = id, .username = "deleted_user"});
}

JsonObject member_object(const Guild& guild, Snowflake user) {
    JsonArray roles;
    if (const auto at = guild.members.find(user);
        at != guild.members.end() && at->second != Permission::usual) {
        roles.push_back(id_text(user));
    }
    return {{"roles", std::move(roles)},
            {"joined_at", time_text(guild.bot_joined)},
            {"nick", nullptr},
            {"avatar", nullptr},
            {"banner", nullptr},
            {"premium_since", nullptr},
            {"communication_disabled_until", nullptr},
            {"pending", false},
            {"deaf", false},
            {"mute", false},
            {"flags", 0}};
}

// A role of its own carries what a member may beyond the usual; it has the member's id.
JsonArray role_objects(const Guild& guild) {
    const auto role = [](Snowflake id, std::string name, Permissions permissions, int position) {
        return JsonObject{{"id", id_text(id)},
                          {"name", std::move(name)},
                          {"color", 0},
                          {"colors", JsonObject{{"primary_color", 0},
                                                {"secondary_color", nullptr},
                                                {"tertiary_color", nullptr}}},
                          {"hoist", false},
                          {"icon", nullptr},
                          {"unicode_emoji", nullptr},
                          {"position", position},
                          {"permissions", std::to_string(permissions)},
                          {"managed", false},
                          {"mentionable", false},
                          {"flags", 0}};
    };
    JsonArray roles{role(guild.id, "@everyone", Permission::usual, 0)};
    int position = 1;
    for (const auto& [user, permissions] : guild.members) {
        if (permissions == Permission::usual) continue;
        roles.push_back(role(user, "role of " + std::to_string(user), permissions, position++));
    }
    return roles;
}

JsonObject channel_object(const World& world, const Channel& channel) {
    JsonObject object{
        {"id", id_text(channel.id)},
        {"type", std::to_underlying(channel.kind)},
        {"last_message_id",
         channel.messages.empty() ? Json(nullptr) : id_text(channel.messages.back().id)},
        {"flags", 0}};
    if (channel.kind == ChannelKind::direct) {
        object.emplace("recipients", JsonArray{user_object(world, channel.recipient.value_or(0))});
        return object;
    }
    object.emplace("guild_id", id_text(channel.guild.value_or(0)));
    object.emplace("name", channel.name);
    object.emplace("parent_id", optional_id(channel.parent));
    object.emplace("rate_limit_per_user", 0);
    if (channel.is_thread()) {
        const auto made = time_text(time_of(channel.id));
        object.emplace("owner_id", optional_id(channel.owner));
        object.emplace("message_count", channel.messages.size());
        object.emplace("member_count", 1);
        object.emplace("total_message_sent", channel.messages.size());
        object.emplace("thread_metadata", JsonObject{{"archived", channel.archived},
                                                     {"auto_archive_duration", 1440},
                                                     {"archive_timestamp", made},
                                                     {"create_timestamp", made},
                                                     {"locked", false}});
        return object;
    }
    object.emplace("topic", channel.topic.empty() ? Json(nullptr) : Json(channel.topic));
    object.emplace("position", 0);
    object.emplace("nsfw", false);
    object.emplace("permission_overwrites", overwrites_of(world, channel));
    return object;
}

JsonObject application_object(const World& world) {
    const World::Application& app = world.application();
    return {{"id", id_text(app.id)},
            {"name", app.name},
            {"icon", nullptr},
            {"description", ""},
            {"summary", ""},
            {"bot_public", true},
            {"bot_require_code_grant", false},
            {"verify_key", app.public_key},
            {"flags", 0},
            {"owner", user_object(world, app.owner)},
            {"bot", user_object(world, app.bot)},
            {"team", nullptr},
            {"redirect_uris", JsonArray{}},
            {"approximate_guild_count", world.guilds().size()}};
}

JsonObject guild_object(const World& world, const Guild& guild) {
    JsonArray channels;
    JsonArray threads;
    for (const Snowflake id : guild.channels) {
        const Channel& channel = *world.channel(id);
        if (channel.archived) continue;
        (channel.is_thread() ? threads : channels).push_back(channel_object(world, channel));
    }
    JsonObject bot = member_object(guild, world.application().bot);
    bot.emplace("user", user_object(world, world.application().bot));
    return {{"id", id_text(guild.id)},
            {"name", guild.name},
            {"icon", nullptr},
            {"splash", nullptr},
            {"discovery_splash", nullptr},
            {"description", nullptr},
            {"banner", nullptr},
            {"owner_id", id_text(guild.owner)},
            {"region", "deprecated"},
            {"afk_channel_id", nullptr},
            {"afk_timeout", 300},
            {"verification_level", 0},
            {"default_message_notifications", 0},
            {"explicit_content_filter", 0},
            {"mfa_level", 0},
            {"nsfw_level", 0},
            {"premium_tier", 0},
            {"premium_subscription_count", 0},
            {"premium_progress_bar_enabled", false},
            {"preferred_locale", "en-US"},
            {"system_channel_id", nullptr},
            {"system_channel_flags", 0},
            {"rules_channel_id", nullptr},
            {"public_updates_channel_id", nullptr},
            {"safety_alerts_channel_id", nullptr},
            {"vanity_url_code", nullptr},
            {"application_id", nullptr},
            {"features", JsonArray{}},
            {"emojis", JsonArray{}},
            {"stickers", JsonArray{}},
            {"roles", role_objects(guild)},
            {"channels", std::move(channels)},
            {"threads", std::move(threads)},
            {"members", JsonArray{std::move(bot)}},
            {"presences", JsonArray{}},
            {"voice_states", JsonArray{}},
            {"stage_instances", JsonArray{}},
            {"guild_scheduled_events", JsonArray{}},
            {"soundboard_sounds", JsonArray{}},
            {"joined_at", time_text(guild.bot_joined)},
            {"large", false},
            {"unavailable", false},
            {"max_members", 500'000},
            {"member_count", guild.members.size()}};
}

JsonObject webhook_object(const World& world, const Webhook& webhook) {
    return {{"id", id_text(webhook.id)},
            {"type", 1},
            {"guild_id", id_text(webhook.guild)},
            {"channel_id", id_text(webhook.channel)},
            {"name", webhook.name},
            {"avatar", webhook.avatar ? Json(*webhook.avatar) : Json(nullptr)},
            {"token", webhook.token},
            {"application_id", id_text(webhook.application)},
            {"user", user_object(world, world.application().bot)}};
}

JsonObject message_object(const World& world, const Message& message) {
    JsonObject object{
        {"id", id_text(message.id)},
        {"channel_id", id_text(message.channel)},
        {"author", author_object(world, message)},
        {"content", message.content},
        {"timestamp", time_text(message.made)},
        {"edited_timestamp", message.edited ? time_text(*message.edited) : Json(nullptr)},
        {"tts", false},
        {"mention_everyone", message.pings.everyone},
        {"mentions", mentions_of(world, message)},
        {"mention_roles", id_texts(message.pings.roles)},
        {"attachments", message.attachments},
        {"embeds", message.embeds},
        {"components", message.components},
        {"pinned", false},
        {"type", std::to_underlying(message.kind)},
        {"flags", message.flags}};
    if (message.nonce) object.emplace("nonce", *message.nonce);
    if (message.persona) object.emplace("webhook_id", id_text(message.persona->webhook));
    if (message.application) object.emplace("application_id", id_text(*message.application));
    if (message.interaction) {
        object.emplace("interaction_metadata", *message.interaction);
        object.emplace("webhook_id", id_text(world.application().id));
    }
    add_reference(object, world, message);
    return object;
}

Event message_event(const World& world, std::string name, const Message& message) {
    const Channel* const channel = world.channel(message.channel);
    const auto home = channel != nullptr ? channel->guild : std::nullopt;
    JsonObject object = message_object(world, message);
    if (home) {
        object.emplace("guild_id", id_text(*home));
        const Guild* const guild = world.guild(*home);
        if (guild != nullptr && !message.persona) {
            object.emplace("member", member_object(*guild, message.author));
        }
    }
    Event event{.name = std::move(name),
                .guild = home,
                .intents = home ? Intent::guild_messages : Intent::direct_messages,
                .data = boost::json::serialize(object),
                .without_content = {}};
    if (!sees_content_anyway(world, message)) {
        object["content"] = "";
        for (const char* const part : {"embeds", "attachments", "components"}) {
            object[part] = JsonArray{};
        }
        if (object.contains("message_snapshots")) object["message_snapshots"] = JsonArray{};
        event.without_content = boost::json::serialize(object);
    }
    return event;
}

Event channel_event(const World& world, std::string name, const Channel& channel) {
    return {.name = std::move(name),
            .guild = channel.guild,
            .intents = channel.guild ? Intent::guilds : Intent::direct_messages,
            .data = boost::json::serialize(channel_object(world, channel)),
            .without_content = {}};
}

Event guild_event(const World& world, const Guild& guild) {
    return {.name = "GUILD_CREATE",
            .guild = guild.id,
            .intents = Intent::guilds,
            .data = boost::json::serialize(guild_object(world, guild)),
            .without_content = {}};
}

}  // namespace tutti::services::discord::world
