// Carries out jobs: claims them, renews their leases, calls the handler, ends them.
//
//     JobRunner runner(source, handle, {.worker = "host-4711-1c9f"});
//     ...
//     runner.stop(Boottime::now() + 5s);
//
// The handler runs on `concurrency` threads, with no lock held. What it throws is a failure that is
// retried. What ends a job claims the next one for its thread; a claim of its own is made only
// while a thread has none, by that thread. A lease is renewed every third of its length. When the
// source says that it is lost, or has said nothing until it must have lapsed, the handler's stop
// token is requested, and its outcome changes nothing.
//
// Shutdown: `stop` claims nothing more and requests every handler's stop token. What completes
// until the deadline is ended; all other jobs are given back, which spends no attempt, and those
// whose handler has not returned at the deadline, too. The destructor stops at once, and waits for
// the handlers.
//
// Thread-safety: all functions may be called from any thread, `stop` from one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "common/jobs/job_source.hpp"
#include "common/jobs/paid_calls.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::jobs {

struct JobContext {
    // Requested when the lease is lost, the deadline is over, or the runner stops. A handler looks
    // at it at every await, and then returns anything.
    std::stop_token stop;
    TimePoint deadline;
    int attempt = 1;
    std::vector<ChildEnd> children;  // in the order of Job::children
    PaidCalls& paid;
};

// Called by several threads at once.
using JobHandler = std::function<JobOutcome(const Job& job, const JobContext& context)>;

// Of this runner, since its start.
struct RunnerFigures {
    std::uint64_t attempts = 0;
    std::uint64_t completed = 0;
    std::uint64_t failed = 0;  // for good
    std::uint64_t retried = 0;
    std::uint64_t given_back = 0;
    std::uint64_t lost_leases = 0;
    std::uint64_t running = 0;  // now
    // Since the source last answered a claim, with a job or without.
    Duration last_read_age{};
};

// Prometheus text; each name begins with that. What the queue itself says is queue_metrics_text's.
[[nodiscard]] std::string runner_metrics_text(const RunnerFigures& figures,
                                              const std::string& prefix = "tutti_jobs");

class JobRunner {
public:
    struct Options {
        std::string worker{};  // no other worker has that name
        std::size_t concurrency = 5;
        std::chrono::milliseconds lease = LeaseOptions{}.lease;  // as the source's
        Duration job_deadline = std::chrono::minutes{10};        // of one attempt
        // How long one claim waits. It is what `stop` may wait for besides its deadline.
        Duration block = std::chrono::seconds{1};
        Duration command_deadline = std::chrono::seconds{2};
        Duration reap_every = std::chrono::minutes{5};
        const Clock* clock = &system_clock();
        // As the source's.
        std::function<std::string()> make_token = LeaseOptions{}.make_token;
    };

    // Begins at once. The source outlives it.
    JobRunner(JobSource& source, JobHandler handler, Options options);
    ~JobRunner();
    JobRunner(const JobRunner&) = delete;
    JobRunner& operator=(const JobRunner&) = delete;

    // Blocking: until `deadline` plus `block` and one `command_deadline`. Returns how many jobs
    // were given back while their handler still ran. Idempotent.
    std::size_t stop(TimePoint deadline);

    [[nodiscard]] RunnerFigures figures() const;
    // False when the source has answered no claim for two blocking times while this runner asked
    // for one.
    [[nodiscard]] bool healthy() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services::jobs
