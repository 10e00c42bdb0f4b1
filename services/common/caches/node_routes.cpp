#include "common/caches/node_routes.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "common/process/logging.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/inventory.hpp"
#include "tutti/json.hpp"

namespace tutti::services::caches {
namespace {

struct HealthBody {
    std::string status;
    bool live = false;
    bool ready = false;
    std::vector<std::string> reasons;
    std::string timestamp;
};
BOOST_DESCRIBE_STRUCT(HealthBody, (), (status, live, ready, reasons, timestamp))

}  // namespace

http::Response health_response(const Node& node, std::vector<std::string> reasons) {
    auto health = node.health();
    std::ranges::move(reasons, std::back_inserter(health.reasons));
    health.ready = health.ready && reasons.empty();
    const bool well = health.live && health.ready;
    return http::json_response(well ? 200 : 503, json::write(HealthBody{
                                                     .status = well ? "healthy" : "unhealthy",
                                                     .live = health.live,
                                                     .ready = health.ready,
                                                     .reasons = std::move(health.reasons),
                                                     .timestamp = process::iso_timestamp(),
                                                 }));
}

http::Response metrics_response(const Node& node, std::span<const http::Metrics> upstreams) {
    return http::text_response(200, node.metrics() + http::http_metrics_text(upstreams),
                               "text/plain; version=0.0.4; charset=utf-8");
}

http::Response audit_response(const Node& node) {
    return http::json_response(200, to_json(node.inventory()));
}

void log_of_node(LogLevel level, std::string_view text) {
    switch (level) {
    case LogLevel::debug: return log::debug(text);
    case LogLevel::info: return log::info(text);
    case LogLevel::warning: return log::warn(text);
    case LogLevel::error: return log::error(text);
    }
}

}  // namespace tutti::services::caches
