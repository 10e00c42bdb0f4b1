#include "common/http/metrics.hpp"

#include <chrono>
#include <functional>
#include <utility>

namespace tutti::services::http {
namespace {

using Value = std::function<double(const Metrics&)>;

// Names of clients are written in this repository; a label needs no escaping beyond that.
void sample(std::string& out, std::string_view name, const std::string& labels, double value) {
    out.append(name).append("{").append(labels).append("} ");
    // Counts are whole numbers far below 2^53.
    const auto whole = static_cast<std::uint64_t>(value);
    out += static_cast<double>(whole) == value ? std::to_string(whole) : std::to_string(value);
    out += '\n';
}

std::string label(const Metrics& of) { return "upstream=\"" + of.upstream + '"'; }

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    out.append("# HELP ").append(name).append(" ").append(help);
    out.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void metric(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            std::span<const Metrics> upstreams, const Value& value) {
    head(out, name, type, help);
    for (const Metrics& of : upstreams) sample(out, name, label(of), value(of));
}

void failures(std::string& out, std::span<const Metrics> upstreams) {
    constexpr std::string_view name = "tutti_http_failures_total";
    head(out, name, "counter", "Calls that ended otherwise than in an answer of 2xx.");
    for (const Metrics& of : upstreams) {
        for (std::size_t i = 0; i < http_failure_count; ++i) {
            const auto kind = to_string(static_cast<Failure>(i));
            sample(out, name, label(of) + ",kind=\"" + std::string(kind) + '"',
                   static_cast<double>(of.failures[i]));
        }
    }
}

void latency(std::string& out, std::span<const Metrics> upstreams) {
    head(out, "tutti_http_request_seconds", "summary",
         "How long calls took, the wait for a turn included.");
    for (const Metrics& of : upstreams) {
        sample(out, "tutti_http_request_seconds_sum", label(of),
               std::chrono::duration<double>(of.taken).count());
        sample(out, "tutti_http_request_seconds_count", label(of),
               static_cast<double>(of.finished));
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
    std::string out;
    if (upstreams.empty()) return out;
    metric(out, "tutti_http_requests_total", "counter", "Calls of an upstream.", upstreams,
           [](const Metrics& of) { return static_cast<double>(of.requests); });
    failures(out, upstreams);
    metric(out, "tutti_http_in_flight", "gauge", "Calls that have a slot of the pool now.",
           upstreams, [](const Metrics& of) { return static_cast<double>(of.in_flight); });
    metric(out, "tutti_http_queued", "gauge", "Calls that wait for a slot now.", upstreams,
           [](const Metrics& of) { return static_cast<double>(of.queued); });
    metric(out, "tutti_http_connections_idle", "gauge", "Connections kept for later.", upstreams,
           [](const Metrics& of) { return static_cast<double>(of.idle); });
    latency(out, upstreams);
    return out;
}

}  // namespace tutti::services::http
