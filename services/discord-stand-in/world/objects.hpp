// What there is, as Discord's REST API and its gateway write it.
//
// Thread-safety: functions of their arguments.
#pragma once

#include <string>

#include "discord-stand-in/world/entities.hpp"
#include "discord-stand-in/world/members.hpp"
#include "discord-stand-in/world/world.hpp"

namespace tutti::services::discord::world {

[[nodiscard]] JsonObject user_object(const User& user);
// Of the user with this id, or of somebody whom nothing is known of.
[[nodiscard]] JsonObject user_object(const World& world, Snowflake id);
[[nodiscard]] JsonObject member_object(const Guild& guild, Snowflake user);
[[nodiscard]] JsonObject channel_object(const World& world, const Channel& channel);
[[nodiscard]] JsonObject application_object(const World& world);
// As GUILD_CREATE has it: with channels, threads and the members that a bot of a small server sees.
[[nodiscard]] JsonObject guild_object(const World& world, const Guild& guild);
[[nodiscard]] JsonArray role_objects(const Guild& guild);
[[nodiscard]] JsonObject webhook_object(const World& world, const Webhook& webhook);
// As the REST API has it.
[[nodiscard]] JsonObject message_object(const World& world, const Message& message);
// MESSAGE_CREATE and MESSAGE_UPDATE, for those with and without the intent for contents.
[[nodiscard]] Event message_event(const World& world, std::string name, const Message& message);
[[nodiscard]] Event channel_event(const World& world, std::string name, const Channel& channel);
[[nodiscard]] Event guild_event(const World& world, const Guild& guild);

}  // namespace tutti::services::discord::world
