// Where the gateway hands work to the ai-workers: a bounded queue of jobs, and a record of each job that
// answers GET /ai/job/:jobId.
//
// Two implementations. On Redis, for processes of their own:
//     <queue>               stream; an entry has the fields jobId, requestId, name, data
//     <queue>:job:<jobId>   hash: requestId, name, status, progress, timestamp (ms), later result (JSON);
//                           gone an hour after its last change by the gateway or a worker
// Workers read through a consumer group, set `status` to active, completed or failed, and then acknowledge
// and delete the entry: it holds a conversation and perhaps a user's key, and nobody needs it any more.
// In this process, for a fleet in one: `InProcessJobQueue`.
//
// The queue is full when `waiting_max` jobs wait for a worker; then `enqueue` refuses. No job that waits
// is ever dropped to make room: only what workers have read is trimmed.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "common/redis/client.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services {

struct Job {
    std::string job_id;
    std::string request_id;
    std::string name;  // llm-generation, audio-transcription, image-description
    std::string data;  // JSON
};

struct JobStatus {
    std::string status;                 // waiting, active, completed, failed
    int progress = 0;                   // percent
    std::optional<std::string> result;  // JSON
};

struct QueueMetrics {
    std::uint64_t waiting = 0;  // for a worker
    std::uint64_t active = 0;   // read by a worker and not acknowledged
};

// Prometheus text.
[[nodiscard]] std::string queue_metrics_text(const QueueMetrics& metrics);

inline constexpr std::size_t job_waiting_max = 10'000;
inline constexpr std::chrono::seconds job_record_ttl{3600};

class JobQueue {
public:
    virtual ~JobQueue() = default;

    // Adds all of them, in this order, or none. Enqueuing the same jobs again does nothing, so a caller
    // may repeat it after an error. Blocking: until `deadline` at most.
    // Errors: overloaded (full), unavailable, refused, protocol: nothing was enqueued; timeout: they may
    // have been enqueued. Requires: not empty.
    [[nodiscard]] virtual Result<void> enqueue(std::span<const Job> jobs, TimePoint deadline) = 0;
    // Nothing when there is no such job, or its record is gone.
    [[nodiscard]] virtual Result<std::optional<JobStatus>> status(const std::string& job_id,
                                                                  TimePoint deadline) = 0;
    [[nodiscard]] virtual Result<QueueMetrics> metrics(TimePoint deadline) = 0;
};

class RedisJobQueue final : public JobQueue {
public:
    struct Options {
        std::string queue = "ai-requests";
        std::size_t waiting_max = job_waiting_max;
        std::chrono::seconds record_ttl = job_record_ttl;
    };

    // Borrows the client.
    RedisJobQueue(RedisClient& redis, Options options);

    [[nodiscard]] Result<void> enqueue(std::span<const Job> jobs, TimePoint deadline) override;
    [[nodiscard]] Result<std::optional<JobStatus>> status(const std::string& job_id,
                                                          TimePoint deadline) override;
    [[nodiscard]] Result<QueueMetrics> metrics(TimePoint deadline) override;

private:
    [[nodiscard]] std::string record_key(const std::string& job_id) const;

    RedisClient& redis_;
    Options options_;
};

class InProcessJobQueue final : public JobQueue {
public:
    struct Options {
        std::size_t waiting_max = job_waiting_max;
        std::chrono::seconds record_ttl = job_record_ttl;
        const Clock* clock = &system_clock();
    };

    InProcessJobQueue() : InProcessJobQueue(Options{}) {}
    explicit InProcessJobQueue(Options options);

    [[nodiscard]] Result<void> enqueue(std::span<const Job> jobs, TimePoint deadline) override;
    [[nodiscard]] Result<std::optional<JobStatus>> status(const std::string& job_id,
                                                          TimePoint deadline) override;
    [[nodiscard]] Result<QueueMetrics> metrics(TimePoint deadline) override;

    // The worker's side: the next job, which is active from now on; nothing when none waits.
    [[nodiscard]] std::optional<Job> take();
    // The end of an active job. Of an unknown one: nothing happens.
    void finish(const std::string& job_id, JobStatus status);

private:
    struct Record {
        JobStatus status;
        TimePoint expires;
    };

    void forget_old_records();

    Options options_;
    std::mutex mutex_;
    std::deque<Job> waiting_;
    std::set<std::string, std::less<>> active_;
    std::map<std::string, Record, std::less<>> records_;
    std::deque<std::string> order_;  // of records_: the oldest first
};

}  // namespace tutti::services
