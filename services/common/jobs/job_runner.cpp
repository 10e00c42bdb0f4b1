// One thread renews the leases. The others are all the same: one of those without a job claims, the
// rest wait for their turn to; the one that got a job calls the handler, ends the job and goes on
// with the one that came with the end. So a job changes threads nowhere. A task is among `tasks_`
// from its claim until its job has ended, was given back, or its lease was lost, so what a stop has
// to wait for is that list.
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

// It answers again by itself, and the next claim notices.
bool is_away(Errc code) {
    return code == Errc::unavailable || code == Errc::timeout || code == Errc::overloaded ||
           code == Errc::stopped;
}

}  // namespace

std::string runner_metrics_text(const RunnerFigures& figures, const std::string& prefix) {
    MetricText text;
    text.metric(prefix + "_attempts_total", MetricText::Type::counter,
                "Jobs that this worker has begun, each attempt counts.")
        .sample({}, figures.attempts);
    text.metric(prefix + "_outcomes_total", MetricText::Type::counter,
                "How these attempts ended, as far as this worker had a say in it.")
        .sample({{"outcome", "completed"}}, figures.completed)
        .sample({{"outcome", "failed"}}, figures.failed)
        .sample({{"outcome", "retried"}}, figures.retried)
        .sample({{"outcome", "given_back"}}, figures.given_back);
    text.metric(prefix + "_lost_leases_total", MetricText::Type::counter,
                "Jobs that another worker took over from this one.")
        .sample({}, figures.lost_leases);
    text.metric(prefix + "_running", MetricText::Type::gauge, "Jobs that this worker has now.")
        .sample({}, figures.running);
    text.metric(prefix + "_last_read_seconds", MetricText::Type::gauge,
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
}

JobRunner::Impl::~Impl() { stop(now()); }

TimePoint JobRunner::Impl::soon() const { return saturating_add(now(), options_.command_deadline); }

void JobRunner::Impl::pause(Duration duration) {
    detail::Lock lock(mutex_);
    changed_.wait_for(lock.waiting(), duration,
                      [this]() TUTTI_REQUIRES(mutex_) { return stopping_; });
}

// The threads that claim and call the handler.

void JobRunner::Impl::work() {
    while (may_claim()) {
        TaskPtr task;
        process::contain("a claim of a job", [&] { task = claim(); });
        while (task) {
            std::optional<LeasedJob> next;
            process::contain("a job", [&] { next = carry_out(*task); });
            const TaskPtr over = std::exchange(task, nullptr);
            process::contain("a claim of a job", [&] { task = replace(over, std::move(next)); });
        }
    }
}

bool JobRunner::Impl::may_claim() {
    detail::Lock lock(mutex_);
    turn_.wait(lock.waiting(), [this]() TUTTI_REQUIRES(mutex_) { return stopping_ || !claiming_; });
    if (stopping_) return false;
    claiming_ = true;
    // What was not asked for a while is not silent.
    last_read_ = now();
    return true;
}

JobRunner::Impl::TaskPtr JobRunner::Impl::claim() {
    auto leased = claim_until_one_comes();
    TaskPtr task;
    {
        const detail::Lock lock(mutex_);
        claiming_ = false;
        if (stopping_) changed_.notify_all();
        if (leased) task = begin(*std::move(leased));
    }
    // Without the lock, at which the next one would wait at once. If `begin` throws, it is this
    // thread's turn again.
    turn_.notify_one();
    return task;
}

// Nothing when the runner stops.
std::optional<LeasedJob> JobRunner::Impl::claim_until_one_comes() {
    const auto stops = [this] {
        const detail::Lock lock(mutex_);
        return stopping_;
    };
    std::optional<LeasedJob> leased;
    while (!leased && !stops()) {
        const bool whole = process::contain("a claim of a job", [&] { leased = claim_once(); });
        if (!whole) pause(claim_pauses.last);
    }
    return leased;
}

std::optional<LeasedJob> JobRunner::Impl::claim_once() {
    auto claimed = source_.claim(options_.worker, saturating_add(now(), options_.block));
    if (!claimed) {
        outage_.failed(claimed.error().message());
        pause(net::retry_after(claim_pauses, failed_claims_++));
        return std::nullopt;
    }
    outage_.worked();
    failed_claims_ = 0;
    const detail::Lock lock(mutex_);
    last_read_ = now();
    return *std::move(claimed);
}

JobRunner::Impl::TaskPtr JobRunner::Impl::begin(LeasedJob leased) {
    auto task = std::make_shared<Task>(Task{
        .leased = std::move(leased), .deadline = saturating_add(now(), options_.job_deadline)});
    // Both or none, whatever is thrown.
    tasks_.reserve(tasks_.size() + 1);
    leases_.add(task->leased.lease, task->leased.asked_at);
    tasks_.push_back(task);
    ++figures_.attempts;
    ++figures_.running;
    if (next_care() < care_at_) care_.notify_one();
    return task;
}

// The thread that keeps leases.

void JobRunner::Impl::keep_leases() {
    detail::Lock lock(mutex_);
    while (!keeper_ends_) {
        const TimePoint at = now();
        const auto late = take_late(at);
        const auto due = leases_.take_due(at);
        if (late.empty() && due.empty() && reap_at_ > at) {
            care_at_ = next_care();
            care_.wait_for(lock.waiting(), time_left(care_at_, at));
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
        const TaskPtr task = task_of(lease);
        // The job may have ended before this was asked: the answer to the end tells.
        if (task && task->ends) continue;
        leases_.remove(lease);
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

// A job from its claim to its end.

JobRunner::Impl::TaskPtr JobRunner::Impl::replace(const TaskPtr& task,
                                                  std::optional<LeasedJob> next) {
    const detail::Lock lock(mutex_);
    leases_.remove(task->leased.lease);
    std::erase(tasks_, task);
    --figures_.running;
    if (next) return begin(*std::move(next));
    if (tasks_.empty()) changed_.notify_all();
    return nullptr;
}

std::optional<LeasedJob> JobRunner::Impl::carry_out(Task& task) {
    const auto returned = [&] {
        give_back(task, soon());
        return std::nullopt;
    };
    {
        detail::Lock lock(mutex_);
        if (task.over) return std::nullopt;
        if (stopping_) {
            lock.unlock();
            return returned();
        }
    }
    std::vector<ChildEnd> children;
    if (!task.leased.job.children.empty()) {
        auto ends = source_.children(task.leased.job, soon());
        if (!ends && is_away(ends.error().code)) return returned();
        // It may be so the next time, too, so that is an attempt.
        if (!ends) return settle(task, Failed{.cause = ends.error().message(), .retry = true});
        children = *std::move(ends);
    }
    return settle(task, handle(task, std::move(children)));
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

std::optional<LeasedJob> JobRunner::Impl::settle(Task& task, const JobOutcome& outcome) {
    bool gives_back = false;
    {
        const detail::Lock lock(mutex_);
        if (task.over) return std::nullopt;
        gives_back = stopping_ && !std::holds_alternative<Completed>(outcome);
        task.ends = !gives_back;
    }
    if (!gives_back) return end(task, outcome);
    give_back(task, soon());
    return std::nullopt;
}

NextClaim JobRunner::Impl::next_claim() {
    {
        const detail::Lock lock(mutex_);
        if (stopping_) return {};
    }
    return {.worker = options_.worker, .token = options_.make_token(), .asked_at = now()};
}

// The lease is renewed meanwhile, and with it the right to end the job; so this goes on until the
// source has answered, the lease has lapsed, or a stop gives the job back.
std::optional<LeasedJob> JobRunner::Impl::end(Task& task, const JobOutcome& outcome) {
    NextClaim next = next_claim();
    for (int attempt = 0;; ++attempt) {
        auto ended = source_.end_and_claim(task.leased.lease, outcome, next, soon());
        next.repeats = true;
        if (!ended && attempt == 0) {
            log::warn("the end of a job is not stored, and is tried again",
                      task.leased.job.job_id + ": " + ended.error().message());
        }
        detail::Lock lock(mutex_);
        if (ended && ended->hold == Hold::held) {
            task.over = true;
            count_end(outcome);
            return std::move(ended->next);
        }
        // `lost` after a call without an answer may be that call's own doing.
        if (ended && attempt == 0) {
            lose(task);
            return std::nullopt;
        }
        if (!ended && !task.lapsed) {
            changed_.wait_for(lock.waiting(), net::retry_after(end_pauses, attempt),
                              [&] { return task.over || task.lapsed; });
        }
        if (ended || task.over || task.lapsed) {
            task.over = true;
            return ended ? std::move(ended->next) : std::nullopt;
        }
    }
}

void JobRunner::Impl::count_end(const JobOutcome& outcome) {
    const auto* failed = std::get_if<Failed>(&outcome);
    ++(failed == nullptr ? figures_.completed : failed->retry ? figures_.retried : figures_.failed);
}

void JobRunner::Impl::give_back(Task& task, TimePoint deadline) {
    {
        const detail::Lock lock(mutex_);
        if (std::exchange(task.over, true)) return;
    }
    const auto given = source_.give_back(task.leased.lease, deadline);
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
        turn_.notify_all();
        changed_.notify_all();
    }
    for (const TaskPtr& task : left) task->stop.request_stop();
    source_.wake();
    {
        detail::Lock lock(mutex_);
        // What is claimed meanwhile is given back before a handler sees it.
        changed_.wait(lock.waiting(), [this]() TUTTI_REQUIRES(mutex_) { return !claiming_; });
        while (!tasks_.empty() && now() < deadline) {
            changed_.wait_for(lock.waiting(), time_left(deadline, now()));
        }
        left = tasks_;
    }
    // One deadline for all of them: a queue that does not answer holds up the stop once.
    const TimePoint given_back_by = soon();
    for (const TaskPtr& task : left) give_back(*task, given_back_by);
    {
        const detail::Lock lock(mutex_);
        keeper_ends_ = true;
        care_.notify_one();
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
    return !claiming_ || now() - last_read_ <= 2 * options_.block;
}

}  // namespace tutti::services::jobs
