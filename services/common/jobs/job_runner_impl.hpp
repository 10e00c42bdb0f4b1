// What JobRunner is made of: see job_runner.cpp.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <optional>
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
        bool ends = false;    // the source is being told the end, and says whether it was in time
        bool lapsed = false;  // as far as this worker knows: the source has the last word
    };
    using TaskPtr = std::shared_ptr<Task>;

    TaskPtr begin(LeasedJob leased) TUTTI_REQUIRES(mutex_);

    void keep_leases();
    [[nodiscard]] TimePoint next_care() const TUTTI_REQUIRES(mutex_);
    void renew(const std::vector<Lease>& due);
    // A stop is requested without the lock: it runs what the handler wants to be called.
    [[nodiscard]] TaskPtr task_of(const Lease& lease) const TUTTI_REQUIRES(mutex_);
    void lose(Task& task) TUTTI_REQUIRES(mutex_);
    [[nodiscard]] std::vector<TaskPtr> take_late(TimePoint at) TUTTI_REQUIRES(mutex_);
    void reap_if_due();

    void work();
    [[nodiscard]] bool may_claim();
    [[nodiscard]] TaskPtr claim();
    [[nodiscard]] std::optional<LeasedJob> claim_until_one_comes();
    [[nodiscard]] std::optional<LeasedJob> claim_once();
    [[nodiscard]] TaskPtr replace(const TaskPtr& task, std::optional<LeasedJob> next);
    // These return the job that came with the end of the task.
    [[nodiscard]] std::optional<LeasedJob> carry_out(Task& task);
    [[nodiscard]] JobOutcome handle(Task& task, std::vector<ChildEnd> children);
    [[nodiscard]] std::optional<LeasedJob> settle(Task& task, const JobOutcome& outcome);
    [[nodiscard]] std::optional<LeasedJob> end(Task& task, const JobOutcome& outcome);
    [[nodiscard]] NextClaim next_claim();
    void count_end(const JobOutcome& outcome) TUTTI_REQUIRES(mutex_);
    void give_back(Task& task, TimePoint deadline);

    [[nodiscard]] TimePoint now() const { return options_.clock->now(); }
    [[nodiscard]] TimePoint soon() const;
    void pause(Duration duration);

    JobSource& source_;
    const JobHandler handler_;
    const Options options_;

    mutable detail::Mutex mutex_;
    // Each wakes those whom a change concerns: a job costs one thread its sleep, not all of them.
    std::condition_variable turn_;     // a thread without a job: no other one claims
    std::condition_variable care_;     // the keeper: something is due before `care_at_`
    std::condition_variable changed_;  // a stop, and what a stop or a lapsed lease cuts short
    bool stopping_ TUTTI_GUARDED_BY(mutex_) = false;
    bool keeper_ends_ TUTTI_GUARDED_BY(mutex_) = false;
    bool claiming_ TUTTI_GUARDED_BY(mutex_) = false;  // one of the threads is
    TimePoint last_read_ TUTTI_GUARDED_BY(mutex_);
    TimePoint reap_at_ TUTTI_GUARDED_BY(mutex_);
    TimePoint care_at_ TUTTI_GUARDED_BY(mutex_){};  // until when the keeper sleeps
    HeldLeases leases_ TUTTI_GUARDED_BY(mutex_);
    std::vector<TaskPtr> tasks_ TUTTI_GUARDED_BY(mutex_);  // claimed and not over
    RunnerFigures figures_ TUTTI_GUARDED_BY(mutex_){};

    int failed_claims_ = 0;  // these two: of the thread that claims
    log::Outage outage_{"the queue gives no jobs, and is asked again",
                        "the queue gives jobs again"};

    std::vector<std::jthread> workers_;
    std::jthread keeper_;
};

}  // namespace tutti::services::jobs
