#include "discord-stand-in/world/world.hpp"

#include <algorithm>

namespace tutti::services::discord::world {
namespace {

template <class Map>
auto* find_in(Map& map, Snowflake id) {
    const auto at = map.find(id);
    return at == map.end() ? nullptr : &at->second;
}

}  // namespace

World::World(Options options, process::UnixTime now)
    : options_(std::move(options)), ids_(options_.machine) {
    const Snowflake id = ids_.next(now);
    application_ = {.id = id,
                    .name = options_.name,
                    .public_key = options_.public_key,
                    .bot = id,
                    .owner = ids_.next(now)};
    users_.emplace(id, User{.id = id, .username = options_.name, .is_bot = true});
    users_.emplace(application_.owner, User{.id = application_.owner, .username = "owner"});
}

const User* World::user(Snowflake id) const { return find_in(users_, id); }
Guild* World::guild(Snowflake id) { return find_in(guilds_, id); }
const Guild* World::guild(Snowflake id) const { return find_in(guilds_, id); }
Channel* World::channel(Snowflake id) { return find_in(channels_, id); }
const Channel* World::channel(Snowflake id) const { return find_in(channels_, id); }
Webhook* World::webhook(Snowflake id) { return find_in(webhooks_, id); }

const Message* World::message(const Channel& channel, Snowflake id) {
    const auto at = std::ranges::lower_bound(channel.messages, id, {}, &Message::id);
    return at == channel.messages.end() || at->id != id ? nullptr : &*at;
}
Message* World::message(Channel& channel, Snowflake id) {
    const auto at = std::ranges::lower_bound(channel.messages, id, {}, &Message::id);
    return at == channel.messages.end() || at->id != id ? nullptr : &*at;
}

template <class Entity>
Outcome<Entity*> World::put(std::map<Snowflake, Entity>& all, Entity entity, std::size_t most,
                            Snowflake fresh) {
    if (all.size() >= most) return refuse_form("id", "TOO_MANY", "There are too many already.");
    if (entity.id == 0) entity.id = fresh;
    const Snowflake id = entity.id;
    const auto [at, is_new] = all.emplace(id, std::move(entity));
    if (!is_new) return refuse_form("id", "TAKEN", "This id is in use.");
    return &at->second;
}

Outcome<User*> World::add(User user, process::UnixTime now) {
    return put(users_, std::move(user), options_.limits.users_max, ids_.next(now));
}

Outcome<Guild*> World::add(Guild guild, process::UnixTime now) {
    if (guild.owner == 0) guild.owner = application_.owner;
    guild.bot_joined = now;
    guild.members.try_emplace(application_.bot, Permission::all);
    guild.members.insert_or_assign(guild.owner, Permission::all);
    return put(guilds_, std::move(guild), options_.limits.guilds_max, ids_.next_spread(now));
}

Outcome<Channel*> World::add(Channel channel, process::UnixTime now) {
    auto added = put(channels_, std::move(channel), options_.limits.channels_max, ids_.next(now));
    if (!added) return added;
    Guild* const home = guild((*added)->guild.value_or(0));
    if (home != nullptr) home->channels.push_back((*added)->id);
    return added;
}

Outcome<Webhook*> World::add(Webhook webhook, process::UnixTime now) {
    const auto here = std::ranges::count_if(
        webhooks_, [&](const auto& entry) { return entry.second.channel == webhook.channel; });
    if (static_cast<std::size_t>(here) >= options_.limits.webhooks_per_channel) {
        return refuse(RefusalCode::webhooks_max);
    }
    return put(webhooks_, std::move(webhook), webhooks_.size() + 1, ids_.next(now));
}

Message& World::keep(Channel& channel, Message message) const {
    while (channel.messages.size() >= options_.limits.messages_per_channel) {
        channel.messages.pop_front();
    }
    return channel.messages.emplace_back(std::move(message));
}

void World::remove_channel(Snowflake id) {
    const Channel* const leaving = channel(id);
    if (leaving == nullptr) return;
    Guild* const home = guild(leaving->guild.value_or(0));
    const auto leaves = [id](const auto& entry) {
        return entry.first == id || entry.second.parent == id;
    };
    std::erase_if(channels_, leaves);
    if (home != nullptr) {
        std::erase_if(home->channels, [this](Snowflake one) { return channel(one) == nullptr; });
    }
    std::erase_if(webhooks_, [id](const auto& entry) { return entry.second.channel == id; });
}

Permissions World::permissions(const Channel& channel, Snowflake user) const {
    if (!channel.guild) return Permission::usual;
    const Guild* const home = guild(*channel.guild);
    if (home == nullptr) return 0;
    const auto at = home->members.find(user);
    return at == home->members.end() ? Permission::usual : at->second;
}

Permissions World::bot_permissions(const Channel& of) const {
    const Channel* const parent = of.is_thread() && of.parent ? channel(*of.parent) : nullptr;
    return parent == nullptr ? of.bot_permissions : parent->bot_permissions;
}

Outcome<Channel*> World::for_bot(Snowflake id, Permissions needed) {
    Channel* const found = channel(id);
    if (found == nullptr) return refuse(RefusalCode::unknown_channel);
    const Permissions has = bot_permissions(*found);
    if ((has & Permission::view_channel) == 0) return refuse(RefusalCode::missing_access);
    if (found->is_thread() && (needed & Permission::send_messages) != 0) {
        needed = (needed & ~Permission::send_messages) | Permission::send_in_threads;
    }
    if ((has & needed) != needed) return refuse(RefusalCode::missing_permissions);
    return found;
}

void World::tell(Event event) {
    if (events_.size() < options_.limits.events_max) events_.push_back(std::move(event));
}

}  // namespace tutti::services::discord::world
