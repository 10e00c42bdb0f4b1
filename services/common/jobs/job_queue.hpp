// Where the gateway hands work to the ai-workers: a bounded queue of jobs, a record of each job
// that answers GET /ai/job/:jobId, and word of each job that has ended.
//
// Two implementations: job_queue_redis.hpp for processes of their own, job_queue_in_process.hpp for
// a fleet in one.
//
// The queue is full when `waiting_max` jobs, or `waiting_bytes_max` of them, wait for a worker;
// then `enqueue` refuses. No job that waits is ever dropped to make room.
//
// A record may hold anything. A status that is no short word is "unknown"; a job whose record has
// become too large has failed.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "common/jobs/job.hpp"
#include "common/jobs/job_endings.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::jobs {

struct QueueMetrics {
    std::uint64_t waiting = 0;  // for a worker
    std::uint64_t active = 0;   // with a worker, or with one that is gone
    // Of those that ended lately; in this process: since the start.
    std::uint64_t completed = 0;
    std::uint64_t failed = 0;
    // Since the queue is there.
    std::uint64_t dead = 0;          // failed for good without a worker's own verdict
    std::uint64_t unknown_paid = 0;  // paid calls of which nothing is known but that they began
    // Since the oldest job became ready that has not ended.
    std::chrono::milliseconds oldest_age{0};
};

// Prometheus text; each name begins with that.
[[nodiscard]] std::string queue_metrics_text(const QueueMetrics& metrics,
                                             const std::string& prefix = "tutti_jobs");

inline constexpr std::size_t job_waiting_max = 10'000;
inline constexpr std::chrono::seconds job_record_ttl{3600};

class JobQueue {
public:
    virtual ~JobQueue() = default;

    // Adds all of them, in this order, or none; a parent waits until its children have ended.
    // Enqueuing the same jobs again does nothing, so a caller may repeat it after an error.
    // Blocking: until `deadline` at most. Errors: overloaded (full), unavailable, refused: nothing
    // was enqueued; after any other they may have been; invalid_option: a child that does not stand
    // before its only parent, an id twice, or that of a job from a call with others. Requires: not
    // empty.
    [[nodiscard]] virtual Result<void> enqueue(std::span<const Job> jobs, TimePoint deadline) = 0;
    // Nothing when there is no such job, or its record is gone.
    [[nodiscard]] virtual Result<std::optional<JobStatus>> status(const std::string& job_id,
                                                                  TimePoint deadline) = 0;
    [[nodiscard]] virtual Result<QueueMetrics> metrics(TimePoint deadline) = 0;
    // Whom to tell of every job that has ended, soon after its record says so; see JobEndings. Word
    // may come twice, or about jobs that ended before, and it gets lost when Redis loses it or a
    // worker says nothing: `status` knows.
    [[nodiscard]] virtual JobSubscription on_finished(JobFinished subscriber) = 0;
};

}  // namespace tutti::services::jobs
