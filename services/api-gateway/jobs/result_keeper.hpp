// Keeps what jobs left for a channel in the database, so that it is known there until a bot has
// said it, whatever becomes of Redis meanwhile.
//
// What it is told is done on a thread of its own, one after the other. While the database or the
// queue is away it tries again; what it was never told of, or had to give up, is kept when its
// delivery is confirmed.
//
// Thread-safety: all functions may be called from any thread. Shutdown: `stop` ends the thread; a
// query that runs is awaited. Queue and results outlive it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "api-gateway/jobs/job_results.hpp"
#include "common/jobs/job_queue.hpp"
#include "common/net/retry.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::jobs {

// The result that a job left for a channel; nothing: it has not ended, has no channel, or is not
// known. Errors: those of the queue.
[[nodiscard]] Result<std::optional<JobResult>> result_for_a_channel(services::jobs::JobQueue& queue,
                                                                    const std::string& job_id,
                                                                    TimePoint deadline);

class ResultKeeper {
public:
    struct Options {
        std::size_t waiting_max = 10'000;  // the oldest are given up
        net::RetryPauses retry{.first = std::chrono::milliseconds{200},
                               .last = std::chrono::seconds{10}};
        Duration queue_deadline = std::chrono::seconds{2};
    };

    ResultKeeper(services::jobs::JobQueue& queue, JobResults& results, Options options);
    ~ResultKeeper() { stop(); }
    ResultKeeper(const ResultKeeper&) = delete;
    ResultKeeper& operator=(const ResultKeeper&) = delete;

    // Ids of jobs that never have a channel are ignored. Told again: harmless.
    void job_ended(const std::string& job_id);
    // Idempotent.
    void stop();

private:
    void run(const std::stop_token& stop);
    [[nodiscard]] Result<void> keep(const std::string& job_id);
    // Until it is told of a job, or a stop is requested.
    [[nodiscard]] std::optional<std::string> next(const std::stop_token& stop);

    services::jobs::JobQueue& queue_;
    JobResults& results_;
    const Options options_;
    detail::Mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::string> ended_ TUTTI_GUARDED_BY(mutex_);
    std::jthread thread_;  // last: uses all of the above
};

}  // namespace tutti::services::gateway::jobs
