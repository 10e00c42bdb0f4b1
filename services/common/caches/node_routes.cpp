#include "common/caches/node_routes.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "common/http/errors.hpp"
#include "common/process/logging.hpp"
#include "common/process/span.hpp"
#include "common/process/timestamps.hpp"
#include "common/process/trace_context.hpp"
#include "tutti/json.hpp"
#include "tutti/metrics/metric_text.hpp"
#include "tutti/node/routes.hpp"

namespace tutti::services::caches {
namespace {

struct HealthBody {
    std::string status;
    bool live = false;
    bool ready = false;
    std::vector<std::string> reasons;
    std::string promise;
    std::string timestamp;
};
BOOST_DESCRIBE_STRUCT(HealthBody, (), (status, live, ready, reasons, promise, timestamp))

std::string span_metrics_text() {
    const process::SpanFigures figures = process::span_figures();
    return MetricText()
        .metric("tutti_trace_spans_total", MetricText::Type::counter,
                "Spans that ended, by what became of them.")
        .sample({{"outcome", "exported"}}, figures.exported)
        .sample({{"outcome", "dropped"}}, figures.dropped)
        .sample({{"outcome", "lost"}}, figures.lost)
        .text();
}

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
                                                     .promise = std::move(health.promise),
                                                     .timestamp = process::iso_timestamp(),
                                                 }));
}

http::Response metrics_response(const Node& node, std::span<const http::Metrics> upstreams) {
    return http::text_response(
        200, node.metrics() + http::http_metrics_text(upstreams) + span_metrics_text(),
        "text/plain; version=0.0.4; charset=utf-8");
}

http::Response audit_response(const Node& node) {
    return http::json_response(200, answer_route(node, "/audit").value().body);
}

http::Response holdings_response(const Node& node, const http::Request& request) {
    const auto query = [&](std::string_view name) { return request.query_value(name); };
    auto answer = answer_route(node, "/holdings", query).value();
    if (answer.status == 400)
        return http::error_response(http::ErrorCode::validation_error, answer.body);
    return http::json_response(answer.status, std::move(answer.body));
}

void add_node_routes(http::Router& router, const Node& node, NodeAnswers answers) {
    const http::Router::Terms everyone{
        .kind = http::RouteKind::observability, .guard = {}, .body_bytes_max = 0};
    const auto add = [&](std::string_view pattern, http::Handler answer) {
        router.add("GET", pattern, std::move(answer), everyone);
    };
    add("/health", [health = std::move(answers.health)](const http::Request&) { return health(); });
    add("/metrics",
        [metrics = std::move(answers.metrics)](const http::Request&) { return metrics(); });
    add("/audit", [&node](const http::Request&) { return audit_response(node); });
    add("/holdings",
        [&node](const http::Request& request) { return holdings_response(node, request); });
}

std::function<std::shared_ptr<void>()> carry_trace() {
    const auto& trace = process::present_trace();
    if (!trace) return nullptr;
    return [trace] { return std::make_shared<process::TraceScope>(trace); };
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
