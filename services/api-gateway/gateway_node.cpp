#include "api-gateway/gateway_node.hpp"

#include <string>
#include <utility>

#include "common/catalogue.hpp"
#include "common/node_routes.hpp"

namespace tutti::services {

Result<std::unique_ptr<Node>> start_gateway_node() {
    auto node = Node::create(
        {.name = "api-gateway", .app = std::string(app_name), .workers = 1, .log = log_of_node});
    if (!node) return fail(std::move(node).error());
    if (auto started = (*node)->start(); !started) return fail(std::move(started).error());
    return node;
}

std::vector<GatewayRoute> node_routes(const Node& node) {
    return {
        {.access = Access::everyone,
         .method = "GET",
         .pattern = "/metrics",
         .handler = [&node](const HttpRequest&) { return metrics_response(node); }},
        {.access = Access::everyone,
         .method = "GET",
         .pattern = "/audit",
         .handler = [&node](const HttpRequest&) { return audit_response(node); }},
    };
}

}  // namespace tutti::services
