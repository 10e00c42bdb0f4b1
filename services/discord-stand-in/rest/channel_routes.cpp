#include "discord-stand-in/rest/channel_routes.hpp"

#include <chrono>
#include <string>
#include <utility>

#include <boost/json/serialize.hpp>

#include "discord-stand-in/world/objects.hpp"

namespace tutti::services::discord::rest {
namespace {

using world::Channel;
using world::ChannelKind;
using world::id_text;
using world::JsonArray;
using world::JsonObject;
using world::Permission;
using world::RefusalCode;
using world::refuse;
using world::refuse_form;
using world::text_in;

constexpr std::size_t channel_name_max = 100;
constexpr std::size_t typed_kept = 100;
constexpr Allowance renames{.calls = 2, .window = std::chrono::minutes(10)};

world::Outcome<world::Guild*> guild_of(Call& call) {
    world::Guild* const found = call.world.guild(call.id("guild"));
    if (found == nullptr) return refuse(RefusalCode::unknown_guild);
    return found;
}

Answer guild(Call& call) {
    const auto found = guild_of(call);
    if (!found) return std::unexpected(found.error());
    JsonObject object = world::guild_object(call.world, **found);
    for (const char* const gateway_only : {"channels", "threads", "members", "presences",
                                           "voice_states", "joined_at", "large", "unavailable"}) {
        object.erase(gateway_only);
    }
    return Reply{.body = std::move(object)};
}

Answer guild_channels(Call& call) {
    const auto found = guild_of(call);
    if (!found) return std::unexpected(found.error());
    JsonArray channels;
    for (const auto id : (*found)->channels) {
        const Channel& one = *call.world.channel(id);
        if (!one.is_thread()) channels.push_back(world::channel_object(call.world, one));
    }
    return Reply{.body = std::move(channels)};
}

Answer active_threads(Call& call) {
    const auto found = guild_of(call);
    if (!found) return std::unexpected(found.error());
    JsonArray threads;
    for (const auto id : (*found)->channels) {
        const Channel& one = *call.world.channel(id);
        if (one.is_thread() && !one.archived) {
            threads.push_back(world::channel_object(call.world, one));
        }
    }
    return Reply{.body = JsonObject{{"threads", std::move(threads)}, {"members", JsonArray{}}}};
}

Answer roles(Call& call) {
    const auto found = guild_of(call);
    if (!found) return std::unexpected(found.error());
    return Reply{.body = world::role_objects(**found)};
}

Answer guild_member(Call& call) {
    const auto found = guild_of(call);
    if (!found) return std::unexpected(found.error());
    const bool own = call.request.parameter("user") == "@me";
    const auto id = own ? call.world.application().bot : call.id("user");
    if (!(*found)->members.contains(id)) return refuse(RefusalCode::unknown_member);
    JsonObject object = world::member_object(**found, id);
    object.emplace("user", world::user_object(call.world, id));
    return Reply{.body = std::move(object)};
}

Answer my_guilds(Call& call) {
    JsonArray guilds;
    for (const auto& [id, one] : call.world.guilds()) {
        guilds.push_back(JsonObject{{"id", id_text(id)},
                                    {"name", one.name},
                                    {"icon", nullptr},
                                    {"owner", false},
                                    {"permissions", std::to_string(Permission::all)},
                                    {"features", JsonArray{}}});
    }
    return Reply{.body = std::move(guilds)};
}

// The direct channel with a user, made when there is none.
Answer direct_channel(Call& call) {
    const auto user = world::id_in(call.body(), "recipient_id");
    if (!user || call.world.user(*user) == nullptr) {
        return refuse(RefusalCode::unknown_user);
    }
    for (const auto& [id, one] : call.world.channels()) {
        if (one.recipient == user) return Reply{.body = world::channel_object(call.world, one)};
    }
    auto made = call.world.add(Channel{.kind = ChannelKind::direct, .recipient = user}, call.now);
    if (!made) return std::unexpected(std::move(made).error());
    call.world.tell(world::channel_event(call.world, "CHANNEL_CREATE", **made));
    return Reply{.body = world::channel_object(call.world, **made)};
}

Answer channel(Call& call) {
    const auto found = call.world.for_bot(call.id("channel"), 0);
    if (!found) return std::unexpected(found.error());
    return Reply{.body = world::channel_object(call.world, **found)};
}

Answer change_channel(Call& call) {
    const auto found = call.world.for_bot(call.id("channel"), 0);
    if (!found) return std::unexpected(found.error());
    Channel& one = **found;
    if (const auto name = text_in(call.body(), "name")) {
        const std::size_t length = world::length_of(*name);
        if (length < 1 || length > channel_name_max) {
            return refuse_form("name", "BASE_TYPE_BAD_LENGTH",
                               "Must be between 1 and 100 in length.");
        }
        one.name = *name;
    }
    one.topic = text_in(call.body(), "topic").value_or(one.topic);
    one.archived = world::flag_in(call.body(), "archived", one.archived);
    call.world.tell(world::channel_event(
        call.world, one.is_thread() ? "THREAD_UPDATE" : "CHANNEL_UPDATE", one));
    return Reply{.body = world::channel_object(call.world, one)};
}

// The name and the topic of a channel may be changed rarely, which no header says.
std::optional<HiddenLimit> renaming(const Call& call, const Limits::Options&) {
    const auto& body = call.body();
    if (!body.contains("name") && !body.contains("topic")) return std::nullopt;
    return HiddenLimit{.key = "rename " + call.request.parameter("channel"), .allowance = renames};
}

Answer delete_channel(Call& call) {
    const auto found = call.world.for_bot(call.id("channel"), 0);
    if (!found) return std::unexpected(found.error());
    const bool thread = (*found)->is_thread();
    JsonObject object = world::channel_object(call.world, **found);
    call.world.tell(
        world::channel_event(call.world, thread ? "THREAD_DELETE" : "CHANNEL_DELETE", **found));
    call.world.remove_channel(call.id("channel"));
    return Reply{.body = std::move(object)};
}

Answer type(Call& call) {
    const auto found = call.world.for_bot(call.id("channel"), Permission::send_messages);
    if (!found) return std::unexpected(found.error());
    auto& typed = (*found)->typed;
    if (typed.size() >= typed_kept) typed.erase(typed.begin());
    typed.push_back(call.now);
    return no_content();
}

Answer make_thread(Call& call, Channel& in, std::optional<world::Snowflake> of_message) {
    if ((call.world.bot_permissions(in) & Permission::create_threads) == 0) {
        return refuse(RefusalCode::missing_permissions);
    }
    const auto name = text_in(call.body(), "name").value_or("");
    const std::size_t length = world::length_of(name);
    if (length < 1 || length > channel_name_max) {
        return refuse_form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.");
    }
    const bool hidden = world::number_in(call.body(), "type") == 12;
    auto made = call.world.add(
        Channel{.id = of_message.value_or(0),
                .kind = hidden ? ChannelKind::private_thread : ChannelKind::public_thread,
                .guild = in.guild,
                .parent = in.id,
                .name = name,
                .owner = call.world.application().bot},
        call.now);
    if (!made) return std::unexpected(std::move(made).error());
    call.world.tell(world::channel_event(call.world, "THREAD_CREATE", **made));
    return Reply{.status = 201, .body = world::channel_object(call.world, **made)};
}

Answer start_thread(Call& call) {
    const auto found = call.world.for_bot(call.id("channel"), 0);
    if (!found) return std::unexpected(found.error());
    return make_thread(call, **found, std::nullopt);
}

// A thread has the id of the message that it began with.
Answer start_thread_of_message(Call& call) {
    const auto found = call.world.for_bot(call.id("channel"), 0);
    if (!found) return std::unexpected(found.error());
    const auto message = call.id("message");
    if (world::World::message(**found, message) == nullptr) {
        return refuse(RefusalCode::unknown_message);
    }
    if (call.world.channel(message) != nullptr) return refuse(RefusalCode::thread_exists);
    return make_thread(call, **found, message);
}

Answer join_or_leave_thread(Call& call) {
    const auto found = call.world.for_bot(call.id("channel"), 0);
    if (!found) return std::unexpected(found.error());
    if ((*found)->archived) return refuse(RefusalCode::archived_thread);
    return no_content();
}

}  // namespace

Routes channel_routes() {
    using std::chrono::milliseconds;
    const Allowance few{.calls = 5, .window = milliseconds(5'000)};
    const auto of_guild = [](const char* pattern, Handler handler) {
        return Route{.method = "GET", .pattern = pattern, .handler = handler, .major = "guild"};
    };
    const auto of_channel = [](const char* method, const char* pattern, Handler handler,
                               Allowance allowance) {
        return Route{.method = method,
                     .pattern = pattern,
                     .handler = handler,
                     .allowance = allowance,
                     .major = "channel"};
    };
    Route change = of_channel("PATCH", "/channels/:channel", change_channel, few);
    change.hidden = renaming;
    return {
        {.method = "GET", .pattern = "/users/@me/guilds", .handler = my_guilds},
        {.method = "POST", .pattern = "/users/@me/channels", .handler = direct_channel},
        of_guild("/guilds/:guild", guild),
        of_guild("/guilds/:guild/channels", guild_channels),
        of_guild("/guilds/:guild/threads/active", active_threads),
        of_guild("/guilds/:guild/roles", roles),
        of_guild("/guilds/:guild/members/:user", guild_member),
        of_channel("GET", "/channels/:channel", channel, {}),
        change,
        of_channel("DELETE", "/channels/:channel", delete_channel, few),
        of_channel("POST", "/channels/:channel/typing", type, few),
        of_channel("POST", "/channels/:channel/threads", start_thread, few),
        of_channel("POST", "/channels/:channel/messages/:message/threads", start_thread_of_message,
                   few),
        of_channel("PUT", "/channels/:channel/thread-members/@me", join_or_leave_thread, few),
        of_channel("DELETE", "/channels/:channel/thread-members/@me", join_or_leave_thread, few),
    };
}

}  // namespace tutti::services::discord::rest
