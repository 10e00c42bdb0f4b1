#include "api-gateway/gateway_metrics.hpp"

#include <array>

#include "common/logging.hpp"
#include "common/node_routes.hpp"

namespace tutti::services {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 500ms;
constexpr Duration count_at_most_every = 3s;

}  // namespace

HttpResponse GatewayMetrics::response() {
    const std::array upstreams{parts_.openrouter.metrics(), parts_.attachments.metrics()};
    HttpResponse response = metrics_response(parts_.node.node(), upstreams);
    const auto queue = parts_.queue.metrics(Boottime::now() + patience);
    if (queue) {
        response.body += queue_metrics_text(*queue);
    } else {
        log::warn(queue.error().message());
    }
    if (const auto count = reservations()) {
        response.body +=
            "# HELP tutti_dedup_reservations Requests that are reserved now, in the whole fleet.\n"
            "# TYPE tutti_dedup_reservations gauge\n"
            "tutti_dedup_reservations " +
            std::to_string(*count) + '\n';
    }
    if (parts_.presence != nullptr) {
        response.body += presence_metrics_text(parts_.presence->count());
    }
    return response;
}

std::optional<std::size_t> GatewayMetrics::reservations() {
    const std::lock_guard lock(mutex_);
    const TimePoint now = Boottime::now();
    if (now < count_again_) return counted_;
    count_again_ = now + count_at_most_every;
    const auto count = parts_.node.requests().count(patience);
    if (!count) log::warn(count.error().message());
    counted_ = count ? std::optional(*count) : std::nullopt;
    return counted_;
}

}  // namespace tutti::services
