// The routes /ai: submitting a request, following its job, confirming the delivery of its result.
//
// A request is checked, then reserved, then its attachments are downloaded, then it is enqueued, in
// this order: what cannot be reserved is not enqueued (503) and downloads nothing, and what was not
// enqueued gives its reservation back and its files up. When the queue cannot say whether it took
// the jobs, the reservation stays until it lapses, and the files as long as any: paying twice is
// worse than waiting.
//
// A duplicate is answered with the first one's job when the queue knows that job, and with 503
// otherwise: the first one may be on its way to the queue, may have died before it, or may have
// been lost on it.
//
// A client that tries again after it heard nothing says so by the header Idempotency-Key, one for
// each request: then that is what makes two requests the same, for a minute and as long as the
// queue knows the job, whose id comes of it; and not what is in them, for five seconds. So it may
// repeat a request as often as it needs to, and its user may say the same thing twice.
//
// What the queue has forgotten is read from the database, where a result for a channel is until its
// delivery was confirmed a day ago. Confirming keeps a result first that is not there yet.
//
// A transcription that is waited for holds no worker: see JobWaits. A client that does not wait any
// more leaves its job as it is.
//
// Thread-safety: the handlers may be called from any thread. Shutdown: stop the gateway before the
// parts.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "api-gateway/attachments/downloads.hpp"
#include "api-gateway/jobs/deduplicator.hpp"
#include "api-gateway/jobs/job_results.hpp"
#include "api-gateway/jobs/job_waits.hpp"
#include "api-gateway/routes/route.hpp"
#include "common/jobs/job_queue.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::gateway::routes {

struct AiParts {
    services::jobs::JobQueue& queue;
    jobs::Deduplicator& deduplicator;   // by what is in a request
    jobs::Deduplicator& by_client_key;  // of those that have an Idempotency-Key
    jobs::JobResults& results;
    attachments::AttachmentDownloads& attachments;
    jobs::JobWaits& waits;
    std::function<std::string()> make_request_id{};  // empty: random UUIDs
    Duration queue_deadline = std::chrono::seconds{2};
};

[[nodiscard]] std::vector<GatewayRoute> ai_routes(AiParts parts);

}  // namespace tutti::services::gateway::routes
