// The first answer to an interaction.
#pragma once

#include "discord-stand-in/rest/route.hpp"

namespace tutti::services::discord::rest {

[[nodiscard]] Routes interaction_routes();

}  // namespace tutti::services::discord::rest
