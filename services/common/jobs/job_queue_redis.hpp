// The queue of jobs on Redis, for processes of their own: see job_queue.hpp.
//
//     <queue>               stream of tickets: an entry has the field jobId, and means that the job
//                           may be claimed
//     <queue>:job:<jobId>   hash: requestId, name, data, bytes, status, progress, timestamp (ms);
//                           as it has them parent, children, left (children that have not ended),
//                           channel, reference; while it is leased token, worker, ticket; attempts;
//                           `paid:<call>`; in the end result (JSON) or error (text). Gone an hour
//                           after its end, a parent's children with it
//     <queue>:finished      stream of the jobs that ended lately: jobId and status
//     <queue>:dead          stream of the last 1000 dead letters: jobId, requestId, name, attempts,
//                           cause. Without the data: a conversation and perhaps a user's key
//     <queue>:figures       hash of counters: waiting, bytes, active, dead, unknown
//     job-results           stream: jobId, requestId, result, completedAt, channel, reference of
//                           each job that ended and has a reply channel; upTo: the bytes of all
//                           results up to this one. At most 10,000, and 64 MiB of them; the oldest
//                           that no bot has ended becomes a dead letter. It is the queue of the
//                           bots (deliveries.hpp): its group is `bot-client-results`, its entries
//                           are the tickets, and a record is made when a bot claims one first
//
// Workers share the consumer group `workers` of the stream. A ticket's idle time is its lease: 0
// when it is claimed or renewed, and free when it has been idle as long as a lease. What changes a
// job is one script each (scripts/*.lua).
//
// How many have ended is counted in <queue>:finished, so it is of the last 1000 or so.
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
#include "common/process/settings.hpp"
#include "common/redis/client.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::jobs {

class FinishedReader;

// Of a job that has not ended: it is never so old, unless the queue has lost its ticket.
inline constexpr std::chrono::seconds live_record_ttl = std::chrono::hours{7 * 24};

[[nodiscard]] inline std::string record_key(const std::string& queue, const std::string& job_id) {
    return queue + ":job:" + job_id;
}

class RedisJobQueue final : public JobQueue {
public:
    struct Options {
        std::string queue = process::Settings{}.queue_name;
        std::size_t waiting_max = job_waiting_max;
        std::size_t waiting_bytes_max = services::domain::waiting_bytes_max;
    };

    // Borrows the client.
    RedisJobQueue(redis::RedisClient& redis, Options options);
    ~RedisJobQueue() override;
    RedisJobQueue(const RedisJobQueue&) = delete;
    RedisJobQueue& operator=(const RedisJobQueue&) = delete;

    // Begins to tell subscribers, until its end; that blocks as FinishedReader's does. Borrows the
    // client, which nothing else may use.
    void listen(redis::RedisClient& own);

    [[nodiscard]] Result<void> enqueue(std::span<const Job> jobs, TimePoint deadline) override;
    [[nodiscard]] Result<std::optional<JobStatus>> status(const std::string& job_id,
                                                          TimePoint deadline) override;
    [[nodiscard]] Result<QueueMetrics> metrics(TimePoint deadline) override;
    [[nodiscard]] JobSubscription on_finished(JobFinished subscriber) override;

private:
    [[nodiscard]] std::string finished_key() const { return options_.queue + ":finished"; }

    redis::RedisClient& redis_;
    Options options_;
    JobEndings endings_;
    std::unique_ptr<FinishedReader> reader_;
};

}  // namespace tutti::services::jobs
