// /admin/invalidate-cache: the operator says that personalities have changed.
//
// Thread-safety: the handlers may be called from any thread. What the routes refer to outlives
// them.
#pragma once

#include <vector>

#include "api-gateway/gateway_node.hpp"
#include "api-gateway/routes/route.hpp"

namespace tutti::services::gateway::routes {

[[nodiscard]] std::vector<GatewayRoute> cache_routes(const GatewayNode& node);

}  // namespace tutti::services::gateway::routes
