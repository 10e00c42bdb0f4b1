// The commands that users see, and how Discord learns of them.
//
// Thread-safety: functions of their arguments. Blocking: until the deadline at most.
#pragma once

#include <string>

#include "bot-client/rest/discord_rest.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::interactions {

// As Discord takes them: an array of application commands.
[[nodiscard]] std::string commands_body();

// Tells Discord the commands when it does not have exactly these. Returns whether it had to be
// told. It takes the place of all commands of the application.
[[nodiscard]] Result<bool> register_commands(rest::DiscordRest& discord,
                                             const std::string& application_id, TimePoint deadline);

}  // namespace tutti::services::bot::interactions
