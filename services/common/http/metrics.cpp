#include "common/http/metrics.hpp"

#include <chrono>
#include <utility>

#include "tutti/metrics/metric_text.hpp"

namespace tutti::services::http {
namespace {

using Type = MetricText::Type;

// One metric with a sample for each upstream.
template <class Value>
void for_each_upstream(MetricText& text, std::span<const Metrics> upstreams, std::string_view name,
                       Type type, std::string_view help, Value Metrics::* value) {
    text.metric(name, type, help);
    for (const Metrics& of : upstreams) text.sample({{"upstream", of.upstream}}, of.*value);
}

void add_failures(MetricText& text, std::span<const Metrics> upstreams) {
    text.metric("tutti_http_failures_total", Type::counter,
                "Calls that ended otherwise than in an answer of 2xx.");
    for (const Metrics& of : upstreams) {
        for (std::size_t i = 0; i < http_failure_count; ++i) {
            text.sample({{"upstream", of.upstream}, {"kind", to_string(static_cast<Failure>(i))}},
                        of.failures[i]);
        }
    }
}

void add_latency(MetricText& text, std::span<const Metrics> upstreams) {
    text.metric("tutti_http_request_seconds", Type::summary,
                "How long calls took, the wait for a turn included.");
    for (const Metrics& of : upstreams) {
        const MetricText::Labels labels{{"upstream", of.upstream}};
        text.part("_sum", labels, std::chrono::duration<double>(of.taken).count());
        text.part("_count", labels, static_cast<double>(of.finished));
    }
}

}  // namespace

std::string_view to_string(Failure kind) noexcept {
    switch (kind) {
    case Failure::network: return "network";
    case Failure::timeout: return "timeout";
    case Failure::http: return "http";
    case Failure::overloaded: return "overloaded";
    case Failure::too_large: return "too_large";
    case Failure::protocol: return "protocol";
    case Failure::invalid: return "invalid";
    case Failure::stopped: return "stopped";
    }
    return "unknown";
}

Failure failure_of(Errc code) noexcept {
    switch (code) {
    case Errc::timeout: return Failure::timeout;
    case Errc::overloaded: return Failure::overloaded;
    case Errc::too_large: return Failure::too_large;
    case Errc::protocol: return Failure::protocol;
    case Errc::invalid_option: return Failure::invalid;
    case Errc::stopped: return Failure::stopped;
    default: return Failure::network;
    }
}

std::optional<Failure> failure_of(const Result<Response>& response) noexcept {
    if (!response) return failure_of(response.error().code);
    if (!response->ok()) return Failure::http;
    return std::nullopt;
}

std::uint64_t Metrics::failed(Failure kind) const { return failures[std::to_underlying(kind)]; }

std::string http_metrics_text(std::span<const Metrics> upstreams) {
    MetricText text;
    if (upstreams.empty()) return text.text();
    for_each_upstream(text, upstreams, "tutti_http_requests_total", Type::counter,
                      "Calls of an upstream.", &Metrics::requests);
    add_failures(text, upstreams);
    for_each_upstream(text, upstreams, "tutti_http_in_flight", Type::gauge,
                      "Calls that have a slot of the pool now.", &Metrics::in_flight);
    for_each_upstream(text, upstreams, "tutti_http_queued", Type::gauge,
                      "Calls that wait for a slot now.", &Metrics::queued);
    for_each_upstream(text, upstreams, "tutti_http_connections_idle", Type::gauge,
                      "Connections kept for later.", &Metrics::idle);
    add_latency(text, upstreams);
    return text.text();
}

}  // namespace tutti::services::http
