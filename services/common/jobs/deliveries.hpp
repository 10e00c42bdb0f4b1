// How a reply reaches its channel: the result of a job that has a reply channel is a job of the
// bots, in a queue of its own, which any bot carries out with a JobRunner. So all that holds of
// jobs holds of deliveries: a lease with a token, attempts with pauses, a dead letter in the end;
// and what a bot says is begun and stored as a paid call is (PaidCalls), so nothing is said twice,
// and what a crash leaves unknown is counted.
//
// On Redis the queue is the stream `job-results`, which the script that ends a job writes; its
// entries are the tickets. In this process it is another InProcessJobQueue.
//
// Thread-safety: plain values.
#pragma once

#include "common/jobs/job_queue_in_process.hpp"
#include "common/jobs/job_source.hpp"

namespace tutti::services::jobs {

inline constexpr const char* deliveries_queue = "job-results";

// About five minutes of attempts, as long as an outage of Discord's that a reader forgives.
inline constexpr int delivery_attempts_max = 14;

// The lease is as long as that of any job of the deployment.
[[nodiscard]] inline LeaseOptions delivery_leases(std::chrono::milliseconds lease) {
    return {.lease = lease,
            .attempts_max = delivery_attempts_max,
            .retry_after = std::chrono::seconds{1}};
}

// The queue of deliveries for a fleet in one process.
[[nodiscard]] inline InProcessJobQueue::Options deliveries_in_process() {
    return {.waiting_max = 10'000,
            .waiting_bytes_max = 64U << 20U,
            .leases = delivery_leases(LeaseOptions{}.lease),
            .failures_are_dead = true};
}

}  // namespace tutti::services::jobs
