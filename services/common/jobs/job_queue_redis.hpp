// The queue of jobs on Redis, for processes of their own: see job_queue.hpp.
//
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
//
// How many have ended is counted in <queue>:finished, so it is of the last 1000 or so. Counters would ask
// one more command of every worker, and a count by each gateway would differ from the others' and begin
// anew with it.
//
// Thread-safety: all functions may be called from any thread, `listen` once before.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "common/domain/limits.hpp"
#include "common/jobs/job_endings.hpp"
#include "common/jobs/job_queue.hpp"
#include "common/redis/client.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::jobs {

class FinishedReader;

class RedisJobQueue final : public JobQueue {
public:
    struct Options {
        std::string queue = "ai-requests";
        std::size_t waiting_max = job_waiting_max;
        std::size_t waiting_bytes_max = services::domain::waiting_bytes_max;
        std::chrono::seconds record_ttl = job_record_ttl;
    };

    // Borrows the client.
    RedisJobQueue(redis::RedisClient& redis, Options options);
    ~RedisJobQueue() override;
    RedisJobQueue(const RedisJobQueue&) = delete;
    RedisJobQueue& operator=(const RedisJobQueue&) = delete;

    // Begins to tell subscribers, until its end; that blocks as FinishedReader's does. Borrows the client,
    // which nobody else may use.
    void listen(redis::RedisClient& own);

    [[nodiscard]] Result<void> enqueue(std::span<const Job> jobs, TimePoint deadline) override;
    [[nodiscard]] Result<std::optional<JobStatus>> status(const std::string& job_id,
                                                          TimePoint deadline) override;
    [[nodiscard]] Result<QueueMetrics> metrics(TimePoint deadline) override;
    [[nodiscard]] JobSubscription on_finished(JobFinished subscriber) override;

private:
    [[nodiscard]] std::string finished_key() const { return options_.queue + ":finished"; }
    [[nodiscard]] std::string record_key(const std::string& job_id) const;

    redis::RedisClient& redis_;
    Options options_;
    JobEndings endings_;
    std::unique_ptr<FinishedReader> reader_;
};

}  // namespace tutti::services::jobs
