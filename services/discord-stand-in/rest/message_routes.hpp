// Messages that the bot reads, and those that it says by its own name.
#pragma once

#include "discord-stand-in/rest/route.hpp"

namespace tutti::services::discord::rest {

[[nodiscard]] Routes message_routes();

}  // namespace tutti::services::discord::rest
