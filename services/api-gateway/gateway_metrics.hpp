// What GET /metrics of the gateway tells beyond its caches: the pools to OpenRouter and to Discord's
// attachments, the queue, how many requests are reserved now, and how many gateways there are.
//
// A scrape waits for the store half a second at most each; what cannot be asked is left out, because a
// zero would be a lie. Counting reservations reads all names of the store, so it is done every few seconds
// at most, however often somebody scrapes.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>

#include "api-gateway/attachment_downloads.hpp"
#include "api-gateway/gateway_node.hpp"
#include "api-gateway/job_queue.hpp"
#include "api-gateway/openrouter.hpp"
#include "common/http/message.hpp"
#include "common/presence.hpp"
#include "tutti/clock.hpp"

namespace tutti::services {

class GatewayMetrics {
public:
    // They outlive it.
    struct Parts {
        const GatewayNode& node;
        const OpenRouter& openrouter;
        const AttachmentDownloads& attachments;
        JobQueue& queue;
        const Presence* presence = nullptr;  // null: this is the only instance
    };

    explicit GatewayMetrics(Parts parts) : parts_(parts) {}

    [[nodiscard]] HttpResponse response();

private:
    [[nodiscard]] std::optional<std::size_t> reservations();

    Parts parts_;
    std::mutex mutex_;
    std::optional<std::size_t> counted_;  // guarded by mutex_
    TimePoint count_again_{};             // guarded by mutex_
};

}  // namespace tutti::services
