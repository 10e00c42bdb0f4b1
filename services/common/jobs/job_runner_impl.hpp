// What JobRunner is made of: see job_runner.cpp.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "common/jobs/held_leases.hpp"
#include "common/jobs/job_runner.hpp"
#include "common/process/logging.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::jobs {

class JobRunner::Impl {
public:
    Impl(JobSource& source, JobHandler handler, Options options);
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    std::size_t stop(TimePoint deadline);
    [[nodiscard]] RunnerFigures figures() const;
    [[nodiscard]] bool healthy() const;

private:
    // A job from its claim to its end.
    struct Task {
        LeasedJob leased;
        TimePoint deadline;
        std::stop_source stop{};
        bool over = false;    // lost, given back or ended: what the handler says changes nothing
        bool lapsed = false;  // as far as this worker knows: the source has the last word
    };
    using TaskPtr = std::shared_ptr<Task>;

    void claim_jobs();
    [[nodiscard]] bool may_claim();
    void claim_one();
    void take_in(LeasedJob leased);

    void keep_leases();
    [[nodiscard]] TimePoint next_care() const;  // with the lock
    void renew(const std::vector<Lease>& due);
    // With the lock. A stop is requested without it: it runs what the handler wants to be called.
    [[nodiscard]] TaskPtr task_of(const Lease& lease) const;
    void lose(Task& task);
    [[nodiscard]] std::vector<TaskPtr> take_late(TimePoint at);
    void reap_if_due();

    void work();
    void carry_out(Task& task);
    [[nodiscard]] JobOutcome handle(Task& task, std::vector<ChildEnd> children);
    void settle(Task& task, const JobOutcome& outcome);
    void end(Task& task, const JobOutcome& outcome);
    void count_end(const JobOutcome& outcome);  // with the lock
    void give_back(Task& task);

    [[nodiscard]] TimePoint now() const { return options_.clock->now(); }
    [[nodiscard]] TimePoint soon() const;
    void pause(Duration duration);

    JobSource& source_;
    const JobHandler handler_;
    const Options options_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;  // of anything below
    bool stopping_ = false;            // guarded by mutex_, as all up to the threads
    bool keeper_ends_ = false;
    bool workers_end_ = false;
    bool asking_ = false;  // the source, for a job
    TimePoint last_read_;
    TimePoint reap_at_;
    HeldLeases leases_;
    std::vector<TaskPtr> tasks_;   // claimed and not over
    std::deque<TaskPtr> waiting_;  // of them, those that no handler has
    RunnerFigures figures_{};

    int failed_claims_ = 0;  // the claiming thread's
    log::Outage outage_{"the queue gives no jobs, and is asked again",
                        "the queue gives jobs again"};

    std::vector<std::jthread> workers_;
    std::jthread keeper_;
    std::jthread claimer_;
};

}  // namespace tutti::services::jobs
