#include "api-gateway/gateway_metrics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <boost/describe/class.hpp>

#include "common/caches/node_routes.hpp"
#include "common/http/errors.hpp"
#include "common/process/logging.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/canonical.hpp"
#include "tutti/json.hpp"
#include "tutti/metrics/metric_text.hpp"

namespace tutti::services::gateway {
namespace {

using namespace std::chrono_literals;

constexpr Duration answer_deadline = 500ms;
constexpr Duration kept_for = 3s;

struct QueueBody {
    std::uint64_t waiting = 0;
    std::uint64_t active = 0;
    std::uint64_t completed = 0;
    std::uint64_t failed = 0;
    std::uint64_t total = 0;  // that are not done
};
BOOST_DESCRIBE_STRUCT(QueueBody, (), (waiting, active, completed, failed, total))

struct CacheBody {
    std::size_t size = 0;
};
BOOST_DESCRIBE_STRUCT(CacheBody, (), (size))

struct MetricsBody {
    QueueBody queue{};
    CacheBody cache{};
    std::int64_t uptime = 0;  // milliseconds
    std::string timestamp{};
};
BOOST_DESCRIBE_STRUCT(MetricsBody, (), (queue, cache, uptime, timestamp))

// The part before the separator, without the spaces around it; `text` keeps what is behind.
std::string_view cut(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto space = [](char c) { return c == ' ' || c == '\t'; };
    while (!part.empty() && space(part.front())) part.remove_prefix(1);
    while (!part.empty() && space(part.back())) part.remove_suffix(1);
    return part;
}

// Of the parameters of a media range; 1 when there is none, 0 when it is no number.
double quality(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::string_view parameter = cut(parameters, ';');
        if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
        double value = 0;
        std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), value);
        return value;
    }
    return 1;
}

template <class T>
std::optional<T> known(Result<T> figure) {
    if (figure) return *std::move(figure);
    log::warn("a figure of /metrics", figure.error().message());
    return std::nullopt;
}

std::string outbox_text(const outbox::Publisher::Figures& figures) {
    constexpr auto counter = MetricText::Type::counter;
    MetricText text;
    text.metric("tutti_outbox_published_total", counter,
                "Committed changes that this instance has published.");
    text.sample({}, figures.published);
    text.metric("tutti_outbox_unconfirmed_total", counter,
                "Attempts to publish one that the bus has not taken.");
    text.sample({}, figures.unconfirmed);
    text.metric(
        "tutti_outbox_malformed_total", counter,
        "Rows of the outbox with a channel or a reach that does not exist, or with a tag that "
        "is none.");
    text.sample({}, figures.malformed);
    text.metric(
        "tutti_outbox_flushes_total", counter,
        "Times that too many keys and tags of a channel were due, and it was told every key.");
    text.sample({}, figures.flushes);
    return text.text();
}

}  // namespace

bool wants_prometheus(std::string_view accept) {
    double best = 0;
    bool text = false;
    while (!accept.empty()) {
        std::string_view parameters = cut(accept, ',');
        const std::string type = to_lower(cut(parameters, ';'));
        const bool names_text = type == "text/plain" || type == "application/openmetrics-text";
        if (!names_text && type != "application/json") continue;
        if (const double q = quality(parameters); q > best) {
            best = q;
            text = names_text;
        }
    }
    return text;
}

GatewayMetrics::GatewayMetrics(Parts parts)
    : parts_(parts),
      queue_(kept_for,
             [&queue = parts.queue] {
                 return known(queue.metrics(Boottime::now() + answer_deadline));
             }),
      reservations_(kept_for, [&requests = parts.node.requests()] {
          return known(requests.count(answer_deadline));
      }) {}

http::Response GatewayMetrics::response(const http::Request& request) {
    const auto accept = request.headers.find("Accept").value_or("");
    http::Response response = wants_prometheus(accept) ? text() : document();
    response.headers.set("Vary", "Accept");
    return response;
}

http::Response GatewayMetrics::text() {
    const std::array upstreams{parts_.openrouter.metrics(), parts_.attachments.metrics()};
    http::Response response = caches::metrics_response(parts_.node.node(), upstreams);
    response.body += outbox_text(parts_.outbox.figures());
    if (const auto numbers = queue_.get())
        response.body += services::jobs::queue_metrics_text(*numbers);
    if (const auto count = reservations_.get()) {
        response.body += MetricText()
                             .metric("tutti_dedup_reservations", MetricText::Type::gauge,
                                     "Requests that are reserved now, in the whole fleet.")
                             .sample({}, *count)
                             .text();
    }
    if (parts_.presence != nullptr) {
        response.body += caches::presence_metrics_text(parts_.presence->count());
    }
    return response;
}

http::Response GatewayMetrics::document() {
    const auto numbers = queue_.get();
    const auto count = reservations_.get();
    if (!numbers || !count) {
        return http::error_response(http::ErrorCode::metrics_error,
                                    "The queue or the store did not answer");
    }
    const auto uptime =
        std::chrono::duration_cast<std::chrono::milliseconds>(Boottime::now() - started_);
    return http::json_response(200, json::write(MetricsBody{
                                        .queue = {.waiting = numbers->waiting,
                                                  .active = numbers->active,
                                                  .completed = numbers->completed,
                                                  .failed = numbers->failed,
                                                  .total = numbers->waiting + numbers->active},
                                        .cache = {.size = *count},
                                        .uptime = uptime.count(),
                                        .timestamp = process::iso_timestamp(),
                                    }));
}

}  // namespace tutti::services::gateway
