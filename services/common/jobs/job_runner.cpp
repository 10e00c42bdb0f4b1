// One thread claims, as long as a handler is free; one renews the leases; the others call the
// handler. A task is among `tasks_` from its claim until its job has ended, was given back, or its
// lease was lost, so what a stop has to wait for is that list.
//
// One lock, held for no call of the source or the handler.
#include "common/jobs/job_runner.hpp"

#include <algorithm>
#include <utility>

#include "common/jobs/job_runner_impl.hpp"
#include "common/net/retry.hpp"
#include "common/process/edge.hpp"
#include "tutti/metrics/metric_text.hpp"

namespace tutti::services::jobs {
namespace {

constexpr net::RetryPauses claim_pauses{.first = std::chrono::milliseconds{100},
                                        .last = std::chrono::seconds{2}};
constexpr net::RetryPauses end_pauses{.first = std::chrono::milliseconds{50},
                                      .last = std::chrono::seconds{1}};

}  // namespace

std::string runner_metrics_text(const RunnerFigures& figures) {
    MetricText text;
    text.metric("tutti_jobs_attempts_total", MetricText::Type::counter,
                "Jobs that this worker has begun, each attempt counts.")
        .sample({}, figures.attempts);
    text.metric("tutti_jobs_outcomes_total", MetricText::Type::counter,
                "How these attempts ended, as far as this worker had a say in it.")
        .sample({{"outcome", "completed"}}, figures.completed)
        .sample({{"outcome", "failed"}}, figures.failed)
        .sample({{"outcome", "retried"}}, figures.retried)
        .sample({{"outcome", "given_back"}}, figures.given_back);
    text.metric("tutti_jobs_lost_leases_total", MetricText::Type::counter,
                "Jobs that another worker took over from this one.")
        .sample({}, figures.lost_leases);
    text.metric("tutti_jobs_running", MetricText::Type::gauge, "Jobs that this worker has now.")
        .sample({}, figures.running);
    text.metric("tutti_jobs_last_read_seconds", MetricText::Type::gauge,
                "Since the queue last answered this worker.")
        .sample({}, std::chrono::duration<double>(figures.last_read_age).count());
    return text.text();
}

JobRunner::JobRunner(JobSource& source, JobHandler handler, Options options)
    : impl_(std::make_unique<Impl>(source, std::move(handler), std::move(options))) {}
JobRunner::~JobRunner() = default;
std::size_t JobRunner::stop(TimePoint deadline) { return impl_->stop(deadline); }
RunnerFigures JobRunner::figures() const { return impl_->figures(); }
bool JobRunner::healthy() const { return impl_->healthy(); }

JobRunner::Impl::Impl(JobSource& source, JobHandler handler, Options options)
    : source_(source),
      handler_(std::move(handler)),
      options_(std::move(options)),
      last_read_(now()),
      reap_at_(saturating_add(now(), options_.reap_every)),
      leases_(options_.lease) {
    for (std::size_t i = 0; i < options_.concurrency; ++i) {
        workers_.emplace_back([this] { work(); });
    }
    keeper_ = std::jthread([this] { keep_leases(); });
    claimer_ = std::jthread([this] { claim_jobs(); });
}

JobRunner::Impl::~Impl() { stop(now()); }

TimePoint JobRunner::Impl::soon() const { return saturating_add(now(), options_.command_deadline); }

void JobRunner::Impl::pause(Duration duration) {
    detail::Lock lock(mutex_);
    changed_.wait_for(lock.waiting(), duration,
                      [this]() TUTTI_REQUIRES(mutex_) { return stopping_; });
}

// The thread that claims.

void JobRunner::Impl::claim_jobs() {
    while (may_claim()) {
        if (!process::contain("a claim of a job", [this] { claim_one(); }))
            pause(claim_pauses.last);
    }
}

bool JobRunner::Impl::may_claim() {
    detail::Lock lock(mutex_);
    const auto has_room = [this]() TUTTI_REQUIRES(mutex_) {
        return stopping_ || figures_.running < options_.concurrency;
    };
    if (!has_room()) {
        asking_ = false;
        changed_.wait(lock.waiting(), has_room);
    }
    // What was not asked for a while is not silent.
    if (!asking_) last_read_ = now();
    asking_ = !stopping_;
    return asking_;
}

void JobRunner::Impl::claim_one() {
    auto claimed = source_.claim(options_.worker, saturating_add(now(), options_.block));
    if (!claimed) {
        outage_.failed(claimed.error().message());
        pause(net::retry_after(claim_pauses, failed_claims_++));
        return;
    }
    outage_.worked();
    failed_claims_ = 0;
    {
        const detail::Lock lock(mutex_);
        last_read_ = now();
    }
    if (*claimed) take_in(**std::move(claimed));
}

void JobRunner::Impl::take_in(LeasedJob leased) {
    auto task = std::make_shared<Task>(Task{
        .leased = std::move(leased), .deadline = saturating_add(now(), options_.job_deadline)});
    const detail::Lock lock(mutex_);
    leases_.add(task->leased.lease, task->leased.asked_at);
    tasks_.push_back(task);
    waiting_.push_back(task);
    ++figures_.attempts;
    ++figures_.running;
    changed_.notify_all();
}

// The thread that keeps leases.

void JobRunner::Impl::keep_leases() {
    detail::Lock lock(mutex_);
    while (!keeper_ends_) {
        const TimePoint at = now();
        const auto late = take_late(at);
        const auto due = leases_.take_due(at);
        if (late.empty() && due.empty() && reap_at_ > at) {
            changed_.wait_for(lock.waiting(), time_left(next_care(), at));
            continue;
        }
        lock.unlock();
        for (const TaskPtr& task : late) task->stop.request_stop();
        process::contain("the renewal of leases", [&] { renew(due); });
        process::contain("the reaping of workers", [&] { reap_if_due(); });
        lock.lock();
    }
}

TimePoint JobRunner::Impl::next_care() const {
    TimePoint next = std::min(leases_.next(), reap_at_);
    for (const TaskPtr& task : tasks_) {
        if (!task->stop.stop_requested()) next = std::min(next, task->deadline);
    }
    return next;
}

// Those whose handlers are to stop: their lease has lapsed, or their deadline is over.
std::vector<JobRunner::Impl::TaskPtr> JobRunner::Impl::take_late(TimePoint at) {
    std::vector<TaskPtr> late;
    for (const Lease& lease : leases_.take_lapsed(at)) {
        if (auto task = task_of(lease)) {
            task->lapsed = true;
            late.push_back(std::move(task));
        }
    }
    if (!late.empty()) changed_.notify_all();
    for (const TaskPtr& task : tasks_) {
        if (task->deadline <= at && !task->stop.stop_requested()) late.push_back(task);
    }
    return late;
}

void JobRunner::Impl::renew(const std::vector<Lease>& due) {
    for (const Lease& lease : due) {
        const TimePoint asked_at = now();
        const auto renewed = source_.renew(
            lease, saturating_add(asked_at, std::min<Duration>(options_.command_deadline,
                                                               options_.lease / 6)));
        // One that is not answered is enough: the others would wait as long, one after the other.
        if (!renewed) return;
        detail::Lock lock(mutex_);
        if (*renewed == Hold::held) {
            leases_.renewed(lease, asked_at);
            continue;
        }
        leases_.remove(lease);
        const TaskPtr task = task_of(lease);
        if (!task) continue;
        lose(*task);
        lock.unlock();
        task->stop.request_stop();
    }
}

JobRunner::Impl::TaskPtr JobRunner::Impl::task_of(const Lease& lease) const {
    for (const TaskPtr& task : tasks_) {
        if (task->leased.lease.token == lease.token) return task;
    }
    return nullptr;
}

void JobRunner::Impl::lose(Task& task) {
    if (!std::exchange(task.over, true)) ++figures_.lost_leases;
}

void JobRunner::Impl::reap_if_due() {
    {
        const detail::Lock lock(mutex_);
        if (reap_at_ > now()) return;
        reap_at_ = saturating_add(now(), options_.reap_every);
    }
    (void)source_.reap({}, soon());
}

// The threads that call the handler.

void JobRunner::Impl::work() {
    detail::Lock lock(mutex_);
    while (true) {
        changed_.wait(lock.waiting(), [this]() TUTTI_REQUIRES(mutex_) {
            return workers_end_ || !waiting_.empty();
        });
        if (waiting_.empty()) return;
        const TaskPtr task = waiting_.front();
        waiting_.pop_front();
        lock.unlock();
        process::contain("a job", [&] { carry_out(*task); });
        lock.lock();
        leases_.remove(task->leased.lease);
        std::erase(tasks_, task);
        --figures_.running;
        changed_.notify_all();
    }
}

void JobRunner::Impl::carry_out(Task& task) {
    {
        detail::Lock lock(mutex_);
        if (task.over) return;
        if (stopping_) {
            lock.unlock();
            return give_back(task);
        }
    }
    std::vector<ChildEnd> children;
    if (!task.leased.job.children.empty()) {
        auto ends = source_.children(task.leased.job, soon());
        if (!ends) return give_back(task);
        children = *std::move(ends);
    }
    settle(task, handle(task, std::move(children)));
}

JobOutcome JobRunner::Impl::handle(Task& task, std::vector<ChildEnd> children) {
    PaidCalls paid(source_, task.leased.lease,
                   {.command_deadline = options_.command_deadline,
                    .clock = options_.clock,
                    .stop = task.stop.get_token()});
    const JobContext context{.stop = task.stop.get_token(),
                             .deadline = task.deadline,
                             .attempt = task.leased.attempt,
                             .children = std::move(children),
                             .paid = paid};
    JobOutcome outcome = Failed{.cause = "The worker failed", .retry = true};
    process::contain("a job's handler", [&] { outcome = handler_(task.leased.job, context); });
    return outcome;
}

void JobRunner::Impl::settle(Task& task, const JobOutcome& outcome) {
    bool gives_back = false;
    {
        const detail::Lock lock(mutex_);
        if (task.over) return;
        gives_back = stopping_ && !std::holds_alternative<Completed>(outcome);
    }
    gives_back ? give_back(task) : end(task, outcome);
}

// The lease is renewed meanwhile, and with it the right to end the job; so this goes on until the
// source has answered, the lease has lapsed, or a stop gives the job back.
void JobRunner::Impl::end(Task& task, const JobOutcome& outcome) {
    for (int attempt = 0;; ++attempt) {
        const auto ended = source_.end(task.leased.lease, outcome, soon());
        detail::Lock lock(mutex_);
        if (ended && *ended == Hold::held) {
            task.over = true;
            return count_end(outcome);
        }
        // `lost` after a call without an answer may be that call's own doing.
        if (ended && attempt == 0) return lose(task);
        if (!ended && !task.lapsed) {
            changed_.wait_for(lock.waiting(), net::retry_after(end_pauses, attempt),
                              [&] { return task.over || task.lapsed; });
        }
        if (ended || task.over || task.lapsed) {
            task.over = true;
            return;
        }
    }
}

void JobRunner::Impl::count_end(const JobOutcome& outcome) {
    const auto* failed = std::get_if<Failed>(&outcome);
    ++(failed == nullptr ? figures_.completed : failed->retry ? figures_.retried : figures_.failed);
}

void JobRunner::Impl::give_back(Task& task) {
    {
        const detail::Lock lock(mutex_);
        if (std::exchange(task.over, true)) return;
    }
    const auto given = source_.give_back(task.leased.lease, soon());
    const detail::Lock lock(mutex_);
    if (given && *given == Hold::held) ++figures_.given_back;
}

// What others see.

std::size_t JobRunner::Impl::stop(TimePoint deadline) {
    std::vector<TaskPtr> left;
    {
        const detail::Lock lock(mutex_);
        stopping_ = true;
        left = tasks_;
        changed_.notify_all();
    }
    for (const TaskPtr& task : left) task->stop.request_stop();
    source_.wake();
    // What it claims meanwhile is given back before a handler sees it.
    if (claimer_.joinable()) claimer_.join();
    {
        detail::Lock lock(mutex_);
        while (!tasks_.empty() && now() < deadline) {
            changed_.wait_for(lock.waiting(), time_left(deadline, now()));
        }
        left = tasks_;
    }
    for (const TaskPtr& task : left) give_back(*task);
    {
        const detail::Lock lock(mutex_);
        keeper_ends_ = true;
        workers_end_ = true;
        changed_.notify_all();
    }
    if (keeper_.joinable()) {
        keeper_.join();
        (void)source_.reap(options_.worker, soon());
    }
    return left.size();
}

RunnerFigures JobRunner::Impl::figures() const {
    const detail::Lock lock(mutex_);
    RunnerFigures figures = figures_;
    figures.last_read_age = now() - last_read_;
    return figures;
}

bool JobRunner::Impl::healthy() const {
    const detail::Lock lock(mutex_);
    return !asking_ || now() - last_read_ <= 2 * options_.block;
}

}  // namespace tutti::services::jobs
