// Where the gateway is, who the bot is, and its commands.
#pragma once

#include "discord-stand-in/rest/route.hpp"

namespace tutti::services::discord::rest {

[[nodiscard]] Routes application_routes();

}  // namespace tutti::services::discord::rest
