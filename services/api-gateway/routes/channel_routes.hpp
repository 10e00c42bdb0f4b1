// /user/channel: what is active where, and what was switched off.
//
// Thread-safety: the handlers may be called from any thread. What the routes refer to outlives
// them.
#pragma once

#include <vector>

#include "api-gateway/database/channels.hpp"
#include "api-gateway/routes/principals.hpp"
#include "api-gateway/routes/route.hpp"

namespace tutti::services::gateway::routes {

[[nodiscard]] std::vector<GatewayRoute> channel_routes(database::StoredChannels& channels,
                                                       Principals principals);

}  // namespace tutti::services::gateway::routes
