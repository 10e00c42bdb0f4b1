#include "discord-stand-in/control/scene.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/serialize.hpp>

#include "discord-stand-in/control/views.hpp"
#include "discord-stand-in/world/messages.hpp"
#include "discord-stand-in/world/objects.hpp"
#include "tutti/json.hpp"

namespace tutti::services::discord::control {
namespace {

using world::Channel;
using world::ChannelKind;
using world::id_text;
using world::JsonArray;
using world::JsonObject;
using world::Message;
using world::Snowflake;

constexpr JsonLimits scene_limits{.bytes_max = 1UL << 20U, .depth_max = 32, .values_max = 50'000};
constexpr std::size_t newest_max = 100;
constexpr std::array channel_kinds{ChannelKind::text,          ChannelKind::direct,
                                   ChannelKind::announcement,  ChannelKind::announcement_thread,
                                   ChannelKind::public_thread, ChannelKind::private_thread,
                                   ChannelKind::forum};

struct NewGuild {
    std::optional<std::string> id;
    std::optional<std::string> name;
};
struct NewChannel {
    std::optional<std::string> id;
    std::optional<std::string> guild_id;
    std::optional<std::string> parent_id;
    std::optional<std::string> name;
    std::optional<int> type;
    std::optional<std::string> user_id;  // of a direct channel
    std::optional<std::string> bot_permissions;
};
struct ChannelChange {
    std::optional<std::string> bot_permissions;
    std::optional<bool> archived;
};
struct NewUser {
    std::optional<std::string> id;
    std::optional<std::string> username;
    std::optional<bool> bot;
};
struct Membership {
    std::optional<std::string> guild_id;
    std::string user_id;
    std::string permissions;
};
struct AttachedFile {
    std::string url;
    std::optional<std::string> filename;
    std::optional<std::string> content_type;
    std::optional<std::int64_t> size;
};
struct Utterance {
    std::optional<std::string> channel_id;
    std::optional<std::string> user_id;
    std::optional<std::string> content;
    std::optional<std::string> reply_to;
    std::optional<std::string> forwards;
    std::optional<std::vector<AttachedFile>> attachments;
    std::optional<bool> voice;
};
enum class Doing : std::uint8_t { command, component, autocomplete, modal };
struct Deed {
    std::optional<Doing> type;
    std::optional<std::string> channel_id;
    std::optional<std::string> user_id;
    std::optional<std::string> permissions;
    std::optional<std::string> message_id;
};
BOOST_DESCRIBE_STRUCT(NewGuild, (), (id, name))
BOOST_DESCRIBE_STRUCT(NewChannel, (),
                      (id, guild_id, parent_id, name, type, user_id, bot_permissions))
BOOST_DESCRIBE_STRUCT(ChannelChange, (), (bot_permissions, archived))
BOOST_DESCRIBE_STRUCT(NewUser, (), (id, username, bot))
BOOST_DESCRIBE_STRUCT(Membership, (), (guild_id, user_id, permissions))
BOOST_DESCRIBE_STRUCT(AttachedFile, (), (url, filename, content_type, size))
BOOST_DESCRIBE_STRUCT(Utterance, (),
                      (channel_id, user_id, content, reply_to, forwards, attachments, voice))
BOOST_DESCRIBE_ENUM(Doing, command, component, autocomplete, modal)
BOOST_DESCRIBE_STRUCT(Deed, (), (type, channel_id, user_id, permissions, message_id))

template <class T>
Result<T> read(const http::Request& request) {
    return json::read<T>(request.body.empty() ? "{}" : request.body, scene_limits);
}

// As Discord writes them; zero is a number of permissions, too.
Result<world::Permissions> read_permissions(const std::string& text) {
    world::Permissions permissions = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, permissions);
    if (!text.empty() && error == std::errc{} && stopped == end) return permissions;
    return fail(Errc::protocol, "read the request", "permissions: expected a decimal number");
}

JsonArray attachment_objects(const std::vector<AttachedFile>& files, bool voice,
                             world::World& world, process::UnixTime now) {
    JsonArray all;
    for (const AttachedFile& file : files) {
        JsonObject one{{"id", id_text(world.new_id(now))},
                       {"filename", file.filename.value_or(voice ? "voice-message.ogg" : "file")},
                       {"size", file.size.value_or(1'000)},
                       {"url", file.url},
                       {"proxy_url", file.url},
                       {"content_type", file.content_type.value_or(
                                            voice ? "audio/ogg" : "application/octet-stream")}};
        if (voice) {
            one.emplace("duration_secs", 2.5);
            one.emplace("waveform", "AAAA");
        }
        all.push_back(std::move(one));
    }
    return all;
}

std::size_t number_of(std::string_view text) {
    std::size_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::unexpected<Error> unfit(std::string cause) {
    return fail(Errc::protocol, "read the request", std::move(cause));
}

// Where a new channel is: with a user, below another channel, or in a server.
Result<void> place(Channel& channel, const NewChannel& wanted, const world::World& world,
                   std::optional<Snowflake> usual_guild) {
    if (wanted.user_id) {
        channel.recipient = world::read_snowflake(*wanted.user_id);
        channel.kind = ChannelKind::direct;
        const bool known = world.user(channel.recipient.value_or(0)) != nullptr;
        return known ? Result<void>() : unfit("userId: there is no such user");
    }
    if (wanted.parent_id) {
        channel.parent = world::read_snowflake(*wanted.parent_id);
        channel.kind = ChannelKind::public_thread;
        const Channel* const parent = world.channel(channel.parent.value_or(0));
        if (parent == nullptr) return unfit("parentId: there is no such channel");
        channel.guild = parent->guild;
        return {};
    }
    const auto guild = id_or(wanted.guild_id, usual_guild, "guildId");
    if (!guild) return fail(guild.error());
    channel.guild = *guild;
    const bool known = world.guild(*guild) != nullptr;
    return known ? Result<void>() : unfit("guildId: there is no such guild");
}

Result<Channel> channel_of(const NewChannel& wanted, const world::World& world,
                           std::optional<Snowflake> usual_guild) {
    Channel channel{.name = wanted.name.value_or("channel")};
    const auto id = id_or(wanted.id, Snowflake{0}, "id");
    if (!id) return fail(id.error());
    channel.id = *id;
    if (auto placed = place(channel, wanted, world, usual_guild); !placed) {
        return fail(std::move(placed).error());
    }
    if (wanted.type) {
        const auto kind = static_cast<ChannelKind>(std::clamp(*wanted.type, 0, 255));
        if (!world::holds(channel_kinds, kind)) return unfit("type: 0, 1, 5, 10, 11, 12 or 15");
        channel.kind = kind;
    }
    if (wanted.bot_permissions) {
        const auto permissions = read_permissions(*wanted.bot_permissions);
        if (!permissions) return fail(permissions.error());
        channel.bot_permissions = *permissions;
    }
    return channel;
}

// Its snapshot, as a forward has it.
JsonObject snapshot_of(const world::World& world, const Message& message) {
    JsonObject object = world::message_object(world, message);
    JsonObject part;
    for (const char* const name :
         {"type", "content", "embeds", "attachments", "timestamp", "edited_timestamp", "flags",
          "mentions", "mention_roles", "components"}) {
        part.emplace(name, object.at(name));
    }
    return {{"message", std::move(part)}};
}

Result<world::Draft> draft_of(const Utterance& wanted, const Channel& channel, world::World& world,
                              process::UnixTime now) {
    const bool voice = wanted.voice.value_or(false);
    world::Draft draft{.message = {.content = wanted.content.value_or("")}};
    if (voice) draft.message.flags |= world::MessageFlag::voice;
    if (wanted.attachments) {
        draft.message.attachments = attachment_objects(*wanted.attachments, voice, world, now);
    }
    const auto& other = wanted.forwards ? wanted.forwards : wanted.reply_to;
    if (!other) return draft;
    const Message* const found =
        world::World::message(channel, world::read_snowflake(*other).value_or(0));
    if (found == nullptr) {
        return unfit("replyTo, forwards: there is no such message in the channel");
    }
    draft.message.reference = world::Reference{.message = found->id,
                                               .channel = channel.id,
                                               .guild = channel.guild,
                                               .is_forward = wanted.forwards.has_value()};
    if (wanted.forwards) draft.message.forwarded = {snapshot_of(world, *found)};
    return draft;
}

world::InteractionKind kind_of(Doing doing) {
    switch (doing) {
    case Doing::command: return world::InteractionKind::command;
    case Doing::component: return world::InteractionKind::component;
    case Doing::autocomplete: return world::InteractionKind::autocomplete;
    case Doing::modal: return world::InteractionKind::modal;
    }
    return world::InteractionKind::command;
}

}  // namespace

std::optional<Snowflake> Scene::usual_guild() const {
    const auto& all = world_.guilds();
    return all.empty() ? std::nullopt : std::optional(all.begin()->first);
}

std::optional<Snowflake> Scene::usual_channel() const {
    const auto& all = world_.channels();
    return all.empty() ? std::nullopt : std::optional(all.begin()->first);
}

std::optional<Snowflake> Scene::usual_user() const {
    const auto owner = world_.application().owner;
    const auto at = std::ranges::find_if(world_.users(), [owner](const auto& entry) {
        return !entry.second.is_bot && entry.first != owner;
    });
    return at == world_.users().end() ? std::nullopt : std::optional(at->first);
}

void Scene::populate(std::size_t guilds, process::UnixTime now) {
    for (const char* const name : {"alice", "bob"}) {
        if (!world_.add(world::User{.username = name}, now)) return;
    }
    for (std::size_t i = 0; i < guilds; ++i) {
        const auto guild = world_.add(world::Guild{.name = "server " + std::to_string(i + 1)}, now);
        if (!guild) return;
        for (const char* const name : {"general", "random"}) {
            if (!world_.add(Channel{.guild = (*guild)->id, .name = name}, now)) return;
        }
    }
}

Told Scene::add_guild(const http::Request& request, process::UnixTime now) {
    const auto wanted = read<NewGuild>(request);
    if (!wanted) return wrong(wanted.error().cause);
    const auto id = id_or(wanted->id, Snowflake{0}, "id");
    if (!id) return wrong(id.error().cause);
    const auto guild =
        world_.add(world::Guild{.id = *id, .name = wanted->name.value_or("server")}, now);
    if (!guild) return wrong(guild.error());
    const auto channel = world_.add(Channel{.guild = (*guild)->id, .name = "general"}, now);
    if (!channel) return wrong(channel.error());
    world_.tell(world::guild_event(world_, **guild));
    return tell(JsonObject{{"id", id_text((*guild)->id)}, {"channelId", id_text((*channel)->id)}},
                201);
}

Told Scene::add_channel(const http::Request& request, process::UnixTime now) {
    const auto wanted = read<NewChannel>(request);
    if (!wanted) return wrong(wanted.error().cause);
    auto channel = channel_of(*wanted, world_, usual_guild());
    if (!channel) return wrong(channel.error().cause);
    const auto made = world_.add(*std::move(channel), now);
    if (!made) return wrong(made.error());
    world_.tell(world::channel_event(
        world_, (*made)->is_thread() ? "THREAD_CREATE" : "CHANNEL_CREATE", **made));
    return tell(JsonObject{{"id", id_text((*made)->id)}}, 201);
}

Told Scene::change_channel(const http::Request& request) {
    const auto wanted = read<ChannelChange>(request);
    if (!wanted) return wrong(wanted.error().cause);
    Channel* const channel =
        world_.channel(world::read_snowflake(request.parameter("channel")).value_or(0));
    if (channel == nullptr) return wrong("there is no such channel");
    if (wanted->bot_permissions) {
        const auto permissions = read_permissions(*wanted->bot_permissions);
        if (!permissions) return wrong(permissions.error().cause);
        channel->bot_permissions = *permissions;
    }
    channel->archived = wanted->archived.value_or(channel->archived);
    world_.tell(world::channel_event(
        world_, channel->is_thread() ? "THREAD_UPDATE" : "CHANNEL_UPDATE", *channel));
    return nothing_to_tell();
}

Told Scene::add_user(const http::Request& request, process::UnixTime now) {
    const auto wanted = read<NewUser>(request);
    if (!wanted) return wrong(wanted.error().cause);
    const auto id = id_or(wanted->id, Snowflake{0}, "id");
    if (!id) return wrong(id.error().cause);
    const auto user = world_.add(world::User{.id = *id,
                                             .username = wanted->username.value_or("user"),
                                             .is_bot = wanted->bot.value_or(false)},
                                 now);
    if (!user) return wrong(user.error());
    return tell(JsonObject{{"id", id_text((*user)->id)}}, 201);
}

Told Scene::set_member(const http::Request& request) {
    const auto wanted = read<Membership>(request);
    if (!wanted) return wrong(wanted.error().cause);
    const auto guild = id_or(wanted->guild_id, usual_guild(), "guildId");
    const auto user = id_or(wanted->user_id, std::nullopt, "userId");
    const auto permissions = read_permissions(wanted->permissions);
    if (!guild) return wrong(guild.error().cause);
    if (!user) return wrong(user.error().cause);
    if (!permissions) return wrong(permissions.error().cause);
    if (world_.guild(*guild) == nullptr) return wrong("guildId: there is no such guild");
    if (world_.user(*user) == nullptr) return wrong("userId: there is no such user");
    world_.guild(*guild)->members.insert_or_assign(*user, *permissions);
    return nothing_to_tell();
}

Told Scene::say(const http::Request& request, process::UnixTime now) {
    const auto wanted = read<Utterance>(request);
    if (!wanted) return wrong(wanted.error().cause);
    const auto channel_id = id_or(wanted->channel_id, usual_channel(), "channelId");
    const auto user = id_or(wanted->user_id, usual_user(), "userId");
    if (!channel_id) return wrong(channel_id.error().cause);
    if (!user) return wrong(user.error().cause);
    Channel* const channel = world_.channel(*channel_id);
    if (channel == nullptr) return wrong("channelId: there is no such channel");
    if (world_.user(*user) == nullptr) return wrong("userId: there is no such user");

    auto draft = draft_of(*wanted, *channel, world_, now);
    if (!draft) return wrong(draft.error().cause);
    draft->message.author = *user;
    // An empty one is a sticker, say: it comes, and has nothing that a bot reads.
    const auto made = world::post(world_, *channel, *std::move(draft), now);
    if (!made) return wrong(made.error());
    return tell(JsonObject{{"id", id_text((*made)->id)}, {"channelId", id_text(*channel_id)}}, 201);
}

Told Scene::said(const http::Request& request) const {
    const auto channel_id = id_or(request.query_value("channelId"), usual_channel(), "channelId");
    if (!channel_id) return wrong(channel_id.error().cause);
    const Channel* const channel = world_.channel(*channel_id);
    if (channel == nullptr) return wrong("channelId: there is no such channel");
    const auto after = world::read_snowflake(request.query_value("after").value_or("")).value_or(0);
    const bool all = request.query_value("by").value_or("bot") == "all";
    JsonArray found;
    for (const Message& message : channel->messages) {
        const bool own = message.application == world_.application().id ||
                         message.author == world_.application().bot;
        if (message.id > after && (all || own)) found.push_back(message_view(world_, message));
    }
    const bool enough = found.size() >= number_of(request.query_value("atLeast").value_or("0"));
    Told told = tell(std::move(found));
    told.is_enough = enough;
    return told;
}

Told Scene::interact(const http::Request& request, process::UnixTime now) {
    const auto wanted = read<Deed>(request);
    if (!wanted) return wrong(wanted.error().cause);
    const auto channel = id_or(wanted->channel_id, usual_channel(), "channelId");
    const auto user = id_or(wanted->user_id, usual_user(), "userId");
    if (!channel) return wrong(channel.error().cause);
    if (!user) return wrong(user.error().cause);
    world::Invocation what{
        .kind = kind_of(wanted->type.value_or(Doing::command)), .user = *user, .channel = *channel};
    if (wanted->permissions) {
        const auto permissions = read_permissions(*wanted->permissions);
        if (!permissions) return wrong(permissions.error().cause);
        what.permissions = *permissions;
    }
    if (wanted->message_id) what.message = world::read_snowflake(*wanted->message_id).value_or(0);
    const auto document = json::parse(request.body.empty() ? "{}" : request.body, scene_limits);
    const JsonObject* const data = world::object_in(document->get_object(), "data");
    if (data == nullptr) return wrong("data: expected an object, as Discord sends it");
    what.data = *data;

    const auto begun = interactions_.begin(what, now);
    if (!begun) return wrong(begun.error());
    if (has_endpoint_()) {
        deliveries_.push_back(
            {.interaction = (*begun)->id, .body = boost::json::serialize((*begun)->payload)});
    } else {
        interactions_.tell(**begun);
    }
    return tell(JsonObject{{"id", id_text((*begun)->id)}}, 201);
}

void Scene::delivered(const Delivery& delivery, const Result<http::Response>& response,
                      process::UnixTime now) {
    const auto failed = [&](std::string why) {
        interactions_.fail(delivery.interaction, std::move(why));
    };
    if (!response) return failed(response.error().message());
    if (response->status == 202) return;
    if (response->status != 200) {
        return failed("the endpoint answered " + std::to_string(response->status));
    }
    const auto body = json::parse(response->body, scene_limits);
    const JsonObject* const object = body ? body->if_object() : nullptr;
    const world::Interaction* const begun = interactions_.find(delivery.interaction);
    if (object == nullptr || begun == nullptr) return failed("the answer is no JSON object");
    const auto answered = interactions_.answer(begun->id, begun->token, *object, now);
    if (!answered) failed(boost::json::serialize(world::body_of(answered.error())));
}

Told Scene::interaction(const http::Request& request) const {
    const auto id = world::read_snowflake(request.parameter("interaction")).value_or(0);
    const world::Interaction* const found = interactions_.find(id);
    if (found == nullptr) return wrong("there is no such interaction");
    const auto until = request.query_value("until");
    Told told = tell(interaction_view(world_, *found));
    const bool is_filled = found->answered && (!found->is_deferred() || found->filled);
    told.is_enough = !found->trouble.empty() ||
                     (!until || (*until == "filled" ? is_filled : found->answered.has_value()));
    return told;
}

Told Scene::newest_interactions() const {
    JsonArray newest;
    const auto& all = interactions_.all();
    for (auto at = all.rbegin(); at != all.rend() && newest.size() < newest_max; ++at) {
        newest.push_back(interaction_view(world_, at->second));
    }
    return tell(std::move(newest));
}

ControlRoutes Scene::routes() {
    using Request = http::Request;
    using Time = process::UnixTime;
    const auto with_time = [this](Told (Scene::*handler)(const Request&, Time)) {
        return [this, handler](const Request& request, Time now) {
            return (this->*handler)(request, now);
        };
    };
    return {
        {"GET", "/world", [this](const Request&, Time) { return tell(world_view(world_)); }},
        {"POST", "/guilds", with_time(&Scene::add_guild)},
        {"POST", "/channels", with_time(&Scene::add_channel)},
        {"PATCH", "/channels/:channel",
         [this](const Request& request, Time) { return change_channel(request); }},
        {"POST", "/users", with_time(&Scene::add_user)},
        {"PUT", "/members", [this](const Request& request, Time) { return set_member(request); }},
        {"POST", "/messages", with_time(&Scene::say)},
        {"GET", "/messages", [this](const Request& request, Time) { return said(request); }},
        {"POST", "/interactions", with_time(&Scene::interact)},
        {"GET", "/interactions", [this](const Request&, Time) { return newest_interactions(); }},
        {"GET", "/interactions/:interaction",
         [this](const Request& request, Time) { return interaction(request); }},
    };
}

}  // namespace tutti::services::discord::control
