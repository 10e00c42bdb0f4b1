// The gateway's node, and the routes by which it is watched: GET /metrics and GET /audit.
//
// The catalogue declares no cache of the gateway yet, so the node has nothing to share: it is embedded,
// and its inventory is empty.
#pragma once

#include <memory>
#include <vector>

#include "api-gateway/gateway.hpp"
#include "tutti/error.hpp"
#include "tutti/node.hpp"

namespace tutti::services {

[[nodiscard]] Result<std::unique_ptr<Node>> start_gateway_node();

// For Gateway::Options::routes. `node` outlives the gateway.
[[nodiscard]] std::vector<GatewayRoute> node_routes(const Node& node);

}  // namespace tutti::services
