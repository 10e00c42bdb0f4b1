// Servers, channels and threads.
#pragma once

#include "discord-stand-in/rest/route.hpp"

namespace tutti::services::discord::rest {

[[nodiscard]] Routes channel_routes();

}  // namespace tutti::services::discord::rest
