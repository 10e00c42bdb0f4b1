// Where the gateway hands work to the ai-workers: a bounded queue of jobs, a record of each job that
// answers GET /ai/job/:jobId, and word of each job that has ended.
//
// Two implementations. On Redis, for processes of their own:
//     <queue>               stream; an entry has the fields jobId, requestId, name, data
//     <queue>:job:<jobId>   hash: requestId, name, status, progress, timestamp (ms), later result (JSON)
//                           or error (text); gone an hour after its last change by the gateway or a worker
//     <queue>:finished      stream of the jobs that ended lately; an entry has the fields jobId and status
// Workers read through a consumer group and set `status` to active. In the end, in one transaction:
//     MULTI
//     HSET <queue>:job:<jobId> status completed progress 100 result <JSON>    or: status failed error <text>
//     XADD <queue>:finished MAXLEN ~ 1000 * jobId <jobId> status completed    or: status failed
//     XACK <queue> <group> <entry>
//     XDEL <queue> <entry>                it holds a conversation and perhaps a user's key
//     EXEC
// In this process, for a fleet in one: `InProcessJobQueue`.
//
// The queue is full when `waiting_max` jobs, or `waiting_bytes_max` of them, wait for a worker;
// then `enqueue` refuses. No job that waits is ever dropped to make room: only what workers have
// read is trimmed. On Redis the bytes are an estimate, and not looked at when the user may not ask
// for it (MEMORY USAGE).
//
// What a worker writes may be anything. A status that is no short word is "unknown"; a job whose
// record has become too large has failed.
//
// How many have ended is counted in <queue>:finished, so it is of the last 1000 or so. Counters would ask
// one more command of every worker, and a count by each gateway would differ from the others' and begin
// anew with it.
//
// Thread-safety: all functions may be called from any thread, `listen` once before.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "api-gateway/jobs/job_endings.hpp"
#include "common/domain/limits.hpp"
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
    std::string status;  // waiting, active, completed, failed, or a worker's own word
    int progress = 0;    // percent
    std::optional<std::string> result;   // JSON
    std::optional<std::string> error{};  // of a failed one; a worker's text, of any length

    [[nodiscard]] bool ended() const { return status == "completed" || status == "failed"; }
};

struct QueueMetrics {
    std::uint64_t waiting = 0;  // for a worker
    std::uint64_t active = 0;   // read by a worker and not acknowledged
    // Of those that ended lately; in this process: since the start.
    std::uint64_t completed = 0;
    std::uint64_t failed = 0;
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
    // Errors: overloaded (full), unavailable, refused: nothing was enqueued; after any other they may have
    // been. Requires: not empty.
    [[nodiscard]] virtual Result<void> enqueue(std::span<const Job> jobs, TimePoint deadline) = 0;
    // Nothing when there is no such job, or its record is gone.
    [[nodiscard]] virtual Result<std::optional<JobStatus>> status(const std::string& job_id,
                                                                  TimePoint deadline) = 0;
    [[nodiscard]] virtual Result<QueueMetrics> metrics(TimePoint deadline) = 0;
    // Whom to tell of every job that has ended, soon after its record says so; see JobEndings. Word may come
    // twice, or about jobs that ended before, and it gets lost when Redis loses it or a worker says
    // nothing: `status` knows.
    [[nodiscard]] virtual JobSubscription on_finished(JobFinished subscriber) = 0;
};

class FinishedReader;

class RedisJobQueue final : public JobQueue {
public:
    struct Options {
        std::string queue = "ai-requests";
        std::size_t waiting_max = job_waiting_max;
        std::size_t waiting_bytes_max = services::waiting_bytes_max;
        std::chrono::seconds record_ttl = job_record_ttl;
    };

    // Borrows the client.
    RedisJobQueue(RedisClient& redis, Options options);
    ~RedisJobQueue() override;
    RedisJobQueue(const RedisJobQueue&) = delete;
    RedisJobQueue& operator=(const RedisJobQueue&) = delete;

    // Begins to tell subscribers, until its end; that blocks as FinishedReader's does. Borrows the client,
    // which nobody else may use.
    void listen(RedisClient& own);

    [[nodiscard]] Result<void> enqueue(std::span<const Job> jobs, TimePoint deadline) override;
    [[nodiscard]] Result<std::optional<JobStatus>> status(const std::string& job_id,
                                                          TimePoint deadline) override;
    [[nodiscard]] Result<QueueMetrics> metrics(TimePoint deadline) override;
    [[nodiscard]] JobSubscription on_finished(JobFinished subscriber) override;

private:
    [[nodiscard]] std::string finished_key() const { return options_.queue + ":finished"; }
    [[nodiscard]] std::string record_key(const std::string& job_id) const;

    RedisClient& redis_;
    Options options_;
    JobEndings endings_;
    std::unique_ptr<FinishedReader> reader_;
};

class InProcessJobQueue final : public JobQueue {
public:
    struct Options {
        std::size_t waiting_max = job_waiting_max;
        std::size_t waiting_bytes_max = services::waiting_bytes_max;
        std::chrono::seconds record_ttl = job_record_ttl;
        const Clock* clock = &system_clock();
    };

    InProcessJobQueue() : InProcessJobQueue(Options{}) {}
    explicit InProcessJobQueue(Options options);

    [[nodiscard]] Result<void> enqueue(std::span<const Job> jobs, TimePoint deadline) override;
    [[nodiscard]] Result<std::optional<JobStatus>> status(const std::string& job_id,
                                                          TimePoint deadline) override;
    [[nodiscard]] Result<QueueMetrics> metrics(TimePoint deadline) override;
    [[nodiscard]] JobSubscription on_finished(JobFinished subscriber) override;

    // The worker's side: the next job, which is active from now on; nothing when none waits.
    [[nodiscard]] std::optional<Job> take();
    // The end of an active job; calls subscribers. Of an unknown one: nothing happens.
    void finish(const std::string& job_id, JobStatus status);

private:
    struct Record {
        JobStatus status;
        TimePoint expires;
    };

    void forget_old_records();
    // False when it was not active.
    [[nodiscard]] bool end(const std::string& job_id, JobStatus status);

    Options options_;
    JobEndings endings_;
    std::mutex mutex_;
    std::deque<Job> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::set<std::string, std::less<>> active_;
    std::uint64_t completed_ = 0;
    std::uint64_t failed_ = 0;
    std::map<std::string, Record, std::less<>> records_;
    std::deque<std::string> order_;  // of records_: the oldest first
};

}  // namespace tutti::services
