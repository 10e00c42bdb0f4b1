// Who waits for which job: calls back with how it ended, without a thread for each.
//
// Word of an end (JobQueue::on_finished) is only a reason to look at the job's status at once. The
// status is looked at when the wait begins, too, so that no end before that is missed, and every
// few seconds, for a worker that announces nothing and for word that was lost. While the queue
// cannot be asked, waits go on until their limit; the log says so once.
//
// Bounded by its callers: a wait holds a few hundred bytes, and the server limits how many there
// are.
//
// Thread-safety: all functions may be called from any thread. Callbacks come on a thread of this
// object, one at a time. Shutdown: stop the server first; those that still wait are not called any
// more.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "common/jobs/job_queue.hpp"
#include "common/process/logging.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::jobs {

class JobWaits {
public:
    // A job that has ended, or an error: timeout (the limit passed), unavailable (its record is
    // gone). The cause can be shown.
    using Ended = std::function<void(const Result<services::jobs::JobStatus>& outcome)>;

    struct Options {
        Duration limit = std::chrono::minutes{10};
        Duration poll_every = std::chrono::seconds{5};
        Duration poll_deadline = std::chrono::seconds{1};  // of one status
    };

    // The queue outlives it.
    JobWaits(services::jobs::JobQueue& queue, Options options);
    ~JobWaits();
    JobWaits(const JobWaits&) = delete;
    JobWaits& operator=(const JobWaits&) = delete;

    // Calls `ended` once. What is returned ends the wait: nothing is called after it, unless the
    // call has begun. Neither blocks.
    std::function<void()> wait(const std::string& job_id, Ended ended);

private:
    struct Wait {
        std::string job_id;
        Ended ended;
        TimePoint deadline;
        TimePoint poll_at;
    };
    struct Poll {
        std::uint64_t wait;
        std::string job_id;
        TimePoint deadline;
    };

    void hear(const std::string& job_id);
    void run(const std::stop_token& stop);
    // Polls what is due, or waits until something may be.
    void step(const std::stop_token& stop);
    [[nodiscard]] TimePoint next_poll() const TUTTI_REQUIRES(mutex_);
    [[nodiscard]] std::vector<Poll> take_due() TUTTI_REQUIRES(mutex_);
    void poll(const std::vector<Poll>& due);
    void settle(const Poll& poll, const Result<std::optional<services::jobs::JobStatus>>& status);
    void end(std::uint64_t wait, const Result<services::jobs::JobStatus>& outcome);
    void note(const Result<std::optional<services::jobs::JobStatus>>& status);

    services::jobs::JobQueue& queue_;
    const Options options_;
    detail::Mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::uint64_t, Wait> waits_ TUTTI_GUARDED_BY(mutex_);
    std::uint64_t next_ TUTTI_GUARDED_BY(mutex_) = 0;
    log::Outage outage_{"the queue does not say how jobs are, and is asked again",  // the thread's
                        "the queue answers again how jobs are"};
    std::jthread thread_;
    services::jobs::JobSubscription subscription_;  // last: its calls use all of the above
};

}  // namespace tutti::services::gateway::jobs
