// What every process tells about its node over HTTP, without authentication: GET /health (200, or
// 503 with the reasons), GET /metrics (Prometheus text), GET /audit (the inventory as JSON) and GET
// /holdings?channel=...&key=... (what its caches have of a key, as JSON).
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.hpp"
#include "common/http/metrics.hpp"
#include "common/http/router.hpp"
#include "tutti/log.hpp"
#include "tutti/node.hpp"

namespace tutti::services::caches {

// `reasons`: why the process is not well besides.
[[nodiscard]] http::Response health_response(const Node& node,
                                             std::vector<std::string> reasons = {});
// Prometheus text: the node's metrics, and those of the upstreams' pools.
[[nodiscard]] http::Response metrics_response(const Node& node,
                                              std::span<const http::Metrics> upstreams = {});
[[nodiscard]] http::Response audit_response(const Node& node);
[[nodiscard]] http::Response holdings_response(const Node& node, const http::Request& request);

// These four, for a process that has more to say in the first two. The node and what the functions
// borrow outlive the router.
struct NodeAnswers {
    std::function<http::Response()> health;
    std::function<http::Response()> metrics;
};
void add_node_routes(http::Router& router, const Node& node, NodeAnswers answers);

// For NodeOptions::carry: what a load asks of others belongs to the trace of its reader.
[[nodiscard]] std::function<std::shared_ptr<void>()> carry_trace();

// For NodeOptions::log: the library's lines among those of the service.
void log_of_node(LogLevel level, std::string_view text);

}  // namespace tutti::services::caches
