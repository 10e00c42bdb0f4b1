// Webhooks, what they say, and the messages of interactions, whose paths look the same: there the
// application's id stands for the webhook's, and the interaction's token for its token.
#pragma once

#include "discord-stand-in/rest/route.hpp"

namespace tutti::services::discord::rest {

[[nodiscard]] Routes webhook_routes();

}  // namespace tutti::services::discord::rest
