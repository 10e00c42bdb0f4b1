// GET /metrics of the gateway, in two forms: Prometheus text with the caches, the pools to
// OpenRouter and to Discord's attachments, the outbox, the queue, how many requests are reserved
// now and how many gateways there are; and a short JSON document with the queue and the
// reservations, which clients of the deployment read.
//
// What is asked of the store is kept for 3 s, so that scrapes, however many, cost the store little;
// who asks waits for it half a second at most each. What cannot be asked is left out of the text,
// and makes the document a 500 METRICS_ERROR, because a zero would be a lie.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "api-gateway/attachments/downloads.hpp"
#include "api-gateway/gateway_node.hpp"
#include "api-gateway/models/openrouter.hpp"
#include "common/caches/presence.hpp"
#include "common/http/message.hpp"
#include "common/jobs/job_queue.hpp"
#include "common/process/kept_figure.hpp"
#include "tutti/clock.hpp"
#include "tutti/outbox.hpp"

namespace tutti::services::gateway {

class GatewayMetrics {
public:
    // They outlive it.
    struct Parts {
        const GatewayNode& node;
        const models::OpenRouter& openrouter;
        const attachments::AttachmentDownloads& attachments;
        services::jobs::JobQueue& queue;
        const outbox::Publisher& outbox;
        const caches::Presence* presence = nullptr;  // null: this is the only instance
    };

    explicit GatewayMetrics(Parts parts);

    [[nodiscard]] http::Response response(const http::Request& request);

private:
    [[nodiscard]] http::Response text();
    [[nodiscard]] http::Response document();

    Parts parts_;
    TimePoint started_ = Boottime::now();
    process::KeptFigure<services::jobs::QueueMetrics> queue_;
    process::KeptFigure<std::size_t> reservations_;
};

// Whether an Accept header asks for Prometheus text: when it names text/plain or
// application/openmetrics-text, which Prometheus does, and application/json neither with a higher q
// nor with the same one before them. Wildcards name nothing, q=0 refuses, and without the header it
// is JSON.
[[nodiscard]] bool wants_prometheus(std::string_view accept);

}  // namespace tutti::services::gateway
