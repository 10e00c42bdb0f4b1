// What JobRunner is made of: see job_runner.cpp.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "common/jobs/held_leases.hpp"
#include "common/jobs/job_runner.hpp"
#include "common/process/logging.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

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
    [[nodiscard]] TimePoint next_care() const TUTTI_REQUIRES(mutex_);
    void renew(const std::vector<Lease>& due);
    // A stop is requested without the lock: it runs what the handler wants to be called.
    [[nodiscard]] TaskPtr task_of(const Lease& lease) const TUTTI_REQUIRES(mutex_);
    void lose(Task& task) TUTTI_REQUIRES(mutex_);
    [[nodiscard]] std::vector<TaskPtr> take_late(TimePoint at) TUTTI_REQUIRES(mutex_);
    void reap_if_due();

    void work();
    void carry_out(Task& task);
    [[nodiscard]] JobOutcome handle(Task& task, std::vector<ChildEnd> children);
    void settle(Task& task, const JobOutcome& outcome);
    void end(Task& task, const JobOutcome& outcome);
    void count_end(const JobOutcome& outcome) TUTTI_REQUIRES(mutex_);
    void give_back(Task& task);

    [[nodiscard]] TimePoint now() const { return options_.clock->now(); }
    [[nodiscard]] TimePoint soon() const;
    void pause(Duration duration);

    JobSource& source_;
    const JobHandler handler_;
    const Options options_;

    mutable detail::Mutex mutex_;
    std::condition_variable changed_;  // of anything below
    bool stopping_ TUTTI_GUARDED_BY(mutex_) = false;
    bool keeper_ends_ TUTTI_GUARDED_BY(mutex_) = false;
    bool workers_end_ TUTTI_GUARDED_BY(mutex_) = false;
    bool asking_ TUTTI_GUARDED_BY(mutex_) = false;  // the source, for a job
    TimePoint last_read_ TUTTI_GUARDED_BY(mutex_);
    TimePoint reap_at_ TUTTI_GUARDED_BY(mutex_);
    HeldLeases leases_ TUTTI_GUARDED_BY(mutex_);
    std::vector<TaskPtr> tasks_ TUTTI_GUARDED_BY(mutex_);   // claimed and not over
    std::deque<TaskPtr> waiting_ TUTTI_GUARDED_BY(mutex_);  // of them, those that no handler has
    RunnerFigures figures_ TUTTI_GUARDED_BY(mutex_){};

    int failed_claims_ = 0;  // the claiming thread's
    log::Outage outage_{"the queue gives no jobs, and is asked again",
                        "the queue gives jobs again"};

    std::vector<std::jthread> workers_;
    std::jthread keeper_;
    std::jthread claimer_;
};

}  // namespace tutti::services::jobs
