// A job that may be claimed has a ticket: among `ready_` until it is handed out for the first time,
// then among `handed_out_` until the job ends, where it is free from `free_at` on. So a claim looks
// at the few that workers have or had before it takes the oldest one that is new, as the scripts on
// Redis do.
//
// A result goes to the deliveries while the lock of this queue is held, so theirs comes after it.
#include "common/jobs/job_queue_in_process.hpp"

#include <algorithm>

namespace tutti::services::jobs {

InProcessJobQueue::InProcessJobQueue(Options options) : options_(std::move(options)) {}

Result<void> InProcessJobQueue::enqueue(std::span<const Job> jobs, TimePoint) {
    const auto parents = parents_of(jobs);
    if (!parents) return fail(parents.error());
    const detail::Lock lock(mutex_);
    forget_old_records();
    if (records_.contains(jobs.front().job_id)) return {};
    std::size_t bytes = 0;
    for (const Job& job : jobs) {
        if (records_.contains(job.job_id)) return known_among_others();
        bytes += job.data.size();
    }
    if (waiting_ + jobs.size() > options_.waiting_max ||
        waiting_bytes_ + bytes > options_.waiting_bytes_max) {
        return too_many_wait();
    }
    for (const Job& job : jobs) {
        const auto parent = parents->find(job.job_id);
        Record& record =
            records_
                .insert_or_assign(
                    job.job_id,
                    Record{.job = job,
                           .parent = parent == parents->end() ? std::string() : parent->second,
                           .children_left = job.children.size()})
                .first->second;
        const bool waits = !job.children.empty();
        set_status(record, waits ? "waiting-children" : "waiting");
        if (!waits) make_ready(record);
    }
    return {};
}

void InProcessJobQueue::set_status(Record& record, const std::string& status) {
    const auto move = [&](const std::string& state, bool enters) TUTTI_REQUIRES(mutex_) {
        if (state == "active") enters ? ++figures_.active : --figures_.active;
        if (state != "waiting" && state != "waiting-children") return;
        enters ? ++waiting_ : --waiting_;
        const std::size_t bytes = record.job.data.size();
        enters ? waiting_bytes_ += bytes : waiting_bytes_ -= bytes;
    };
    move(record.status.status, false);
    move(status, true);
    record.status.status = status;
}

void InProcessJobQueue::make_ready(Record& record) {
    record.ticket = next_ticket_++;
    record.ready_at = options_.clock->now();
    ready_.emplace(record.ticket, record.job.job_id);
    changed_.notify_all();
}

Result<std::optional<JobStatus>> InProcessJobQueue::status(const std::string& job_id, TimePoint) {
    const detail::Lock lock(mutex_);
    const auto found = records_.find(job_id);
    if (found == records_.end() || found->second.expires <= options_.clock->now()) {
        return std::nullopt;
    }
    JobStatus status = found->second.status;
    status.request_id = found->second.job.request_id;
    status.reply = found->second.job.reply;
    return status;
}

Result<QueueMetrics> InProcessJobQueue::metrics(TimePoint) {
    const detail::Lock lock(mutex_);
    QueueMetrics metrics = figures_;
    metrics.waiting = waiting_;
    const TimePoint now = options_.clock->now();
    for (const Tickets* tickets : {&ready_, &handed_out_}) {
        if (tickets->empty()) continue;
        const TimePoint since = records_.at(tickets->begin()->second).ready_at;
        metrics.oldest_age = std::max(metrics.oldest_age,
                                      std::chrono::floor<std::chrono::milliseconds>(now - since));
    }
    return metrics;
}

JobSubscription InProcessJobQueue::on_finished(JobFinished subscriber) {
    return endings_.add(std::move(subscriber));
}

Result<std::optional<LeasedJob>> InProcessJobQueue::claim(const std::string&, TimePoint deadline) {
    while (true) {
        std::optional<LeasedJob> job;
        bool over = false;
        {
            detail::Lock lock(mutex_);
            job = take(options_.leases.make_token());
            const TimePoint now = options_.clock->now();
            over = job || woken_ || now >= deadline;
            if (!over && ended_.empty()) {
                changed_.wait_for(lock.waiting(), time_left(std::min(deadline, next_free()), now));
            }
            if (over) woken_ = false;
        }
        announce_ended();
        if (over) return job;
    }
}

void InProcessJobQueue::wake() {
    const detail::Lock lock(mutex_);
    woken_ = true;
    changed_.notify_all();
}

InProcessJobQueue::Record* InProcessJobQueue::next_ready() {
    const TimePoint now = options_.clock->now();
    for (const auto& [ticket, job_id] : handed_out_) {
        Record& record = records_.at(job_id);
        if (record.free_at <= now) return &record;
    }
    if (ready_.empty()) return nullptr;
    const auto first = ready_.begin();
    Record& record = records_.at(first->second);
    handed_out_.emplace(*first);
    ready_.erase(first);
    return &record;
}

std::optional<LeasedJob> InProcessJobQueue::take(const std::string& token) {
    while (Record* record = next_ready()) {
        if (record->attempts >= options_.leases.attempts_max) {
            dead_letter();
            std::string cause =
                "no worker ended it in " + std::to_string(record->attempts) + " attempts";
            if (record->status.error) cause += "; an earlier one failed: " + *record->status.error;
            finish(*record, Failed{.cause = std::move(cause)});
            continue;
        }
        ++record->attempts;
        record->token = token;
        record->free_at = options_.clock->now() + options_.leases.lease;
        set_status(*record, "active");
        return leased(*record, options_.clock->now());
    }
    return std::nullopt;
}

LeasedJob InProcessJobQueue::leased(const Record& record, TimePoint asked_at) const {
    return {.job = record.job,
            .lease = {.job_id = record.job.job_id, .token = record.token},
            .attempt = record.attempts,
            .asked_at = asked_at};
}

std::optional<LeasedJob> InProcessJobQueue::known_lease(const NextClaim& claim) const {
    for (const auto& [ticket, job_id] : handed_out_) {
        const Record& record = records_.at(job_id);
        if (record.token == claim.token) return leased(record, claim.asked_at);
    }
    return std::nullopt;
}

TimePoint InProcessJobQueue::next_free() const {
    TimePoint next = TimePoint::max();
    for (const auto& [ticket, job_id] : handed_out_) {
        next = std::min(next, records_.at(job_id).free_at);
    }
    return next;
}

InProcessJobQueue::Record* InProcessJobQueue::held(const Lease& lease) {
    const auto found = records_.find(lease.job_id);
    if (found == records_.end() || found->second.token.empty()) return nullptr;
    return found->second.token == lease.token ? &found->second : nullptr;
}

Result<Hold> InProcessJobQueue::renew(const Lease& lease, TimePoint) {
    const detail::Lock lock(mutex_);
    Record* const record = held(lease);
    if (record == nullptr) return Hold::lost;
    record->free_at = options_.clock->now() + options_.leases.lease;
    return Hold::held;
}

Result<Hold> InProcessJobQueue::give_back(const Lease& lease, TimePoint) {
    const detail::Lock lock(mutex_);
    Record* const record = held(lease);
    if (record == nullptr) return Hold::lost;
    --record->attempts;
    free_ticket(*record, options_.clock->now());
    return Hold::held;
}

void InProcessJobQueue::free_ticket(Record& record, TimePoint at) {
    record.token.clear();
    record.free_at = at;
    set_status(record, "waiting");
    changed_.notify_all();
}

Result<Ended> InProcessJobQueue::end_and_claim(const Lease& lease, const JobOutcome& outcome,
                                               const NextClaim& next, TimePoint) {
    Ended ended;
    {
        const detail::Lock lock(mutex_);
        ended.hold = end_held(lease, storable(outcome));
        if (ended.hold == Hold::held && !next.worker.empty()) ended.next = take(next.token);
        if (ended.hold == Hold::lost && next.repeats) ended.next = known_lease(next);
    }
    announce_ended();
    return ended;
}

Hold InProcessJobQueue::end_held(const Lease& lease, const JobOutcome& outcome) {
    Record* const record = held(lease);
    if (record == nullptr) return Hold::lost;
    const auto* failed = std::get_if<Failed>(&outcome);
    const bool retry = failed != nullptr && failed->retry;
    if (retry && record->attempts < options_.leases.attempts_max) {
        record->status.error = failed->cause;
        const auto pause = saturating_multiply(options_.leases.retry_after,
                                               1 << std::min(record->attempts - 1, 20));
        free_ticket(*record,
                    options_.clock->now() + std::min<Duration>(pause, options_.leases.lease));
        return Hold::held;
    }
    if (retry || (failed != nullptr && options_.failures_are_dead)) dead_letter();
    finish(*record, outcome);
    return Hold::held;
}

void InProcessJobQueue::dead_letter() { ++figures_.dead; }

void InProcessJobQueue::finish(Record& record, const JobOutcome& outcome) {
    const auto* completed = std::get_if<Completed>(&outcome);
    set_status(record, completed != nullptr ? "completed" : "failed");
    record.status.progress = 100;
    record.status.error.reset();
    if (completed != nullptr) {
        record.status.result = completed->result;
        ++figures_.completed;
    } else {
        record.status.error = std::get<Failed>(outcome).cause;
        ++figures_.failed;
    }
    record.token.clear();
    record.paid.clear();
    record.job.data.clear();
    handed_out_.erase(record.ticket);
    ended_.push_back(record.job.job_id);
    if (!record.job.reply.channel.empty() && options_.deliveries) {
        options_.deliveries->take_in({.job_id = record.job.job_id,
                                      .request_id = record.job.request_id,
                                      .name = delivery_job,
                                      .data = result_text(record.job.request_id, outcome),
                                      .reply = record.job.reply});
    }
    settle_family(record);
}

void InProcessJobQueue::settle_family(Record& record) {
    for (const std::string& child : record.job.children) {
        if (const auto found = records_.find(child); found != records_.end()) expire(found->second);
    }
    const auto parent = records_.find(record.parent);
    if (parent == records_.end() || parent->second.status.status != "waiting-children") {
        expire(record);
        return;
    }
    if (--parent->second.children_left > 0) return;
    set_status(parent->second, "waiting");
    make_ready(parent->second);
}

void InProcessJobQueue::expire(Record& record) {
    record.expires = options_.clock->now() + options_.record_ttl;
    order_.push_back(record.job.job_id);
}

void InProcessJobQueue::announce_ended() {
    std::deque<std::string> ended;
    {
        const detail::Lock lock(mutex_);
        ended.swap(ended_);
    }
    for (const std::string& job_id : ended) endings_.announce(job_id);
}

Result<std::vector<ChildEnd>> InProcessJobQueue::children(const Job& job, TimePoint) {
    const detail::Lock lock(mutex_);
    forget_old_records();
    std::vector<ChildEnd> ends;
    for (const std::string& child : job.children) {
        const auto found = records_.find(child);
        if (found == records_.end() || !found->second.status.ended()) {
            ends.push_back({.job_id = child, .name = {}, .outcome = Failed{"its record is gone"}});
            continue;
        }
        const Record& record = found->second;
        ends.push_back({.job_id = child, .name = record.job.name, .outcome = Failed{}});
        if (record.status.result) {
            ends.back().outcome = Completed{*record.status.result};
        } else {
            ends.back().outcome = Failed{record.status.error.value_or("")};
        }
    }
    return ends;
}

Result<PaidCall> InProcessJobQueue::begin_paid(const Lease& lease, const std::string& call,
                                               TimePoint) {
    const detail::Lock lock(mutex_);
    Record* const record = held(lease);
    if (record == nullptr) return PaidCall{.state = PaidCall::State::lost};
    const auto [known, begun] = record->paid.try_emplace(call, Paid{.token = lease.token});
    Paid& paid = known->second;
    if (begun) return PaidCall{.state = PaidCall::State::begun};
    if (paid.answer) return PaidCall{.state = PaidCall::State::stored, .answer = *paid.answer};
    if (!std::exchange(paid.counted, true)) ++figures_.unknown_paid;
    return PaidCall{.state = PaidCall::State::unknown};
}

Result<Hold> InProcessJobQueue::store_paid(const Lease& lease, const std::string& call,
                                           const std::string& answer, TimePoint) {
    const detail::Lock lock(mutex_);
    const bool is_held = held(lease) != nullptr;
    const auto found = records_.find(lease.job_id);
    if (found != records_.end()) {
        const auto paid = found->second.paid.find(call);
        const bool began = paid != found->second.paid.end() && !paid->second.answer &&
                           paid->second.token == lease.token;
        if (began) paid->second.answer = answer;
    }
    return is_held ? Hold::held : Hold::lost;
}

Result<Hold> InProcessJobQueue::cancel_paid(const Lease& lease, const std::string& call,
                                            TimePoint) {
    const detail::Lock lock(mutex_);
    if (const auto found = records_.find(lease.job_id); found != records_.end()) {
        const auto paid = found->second.paid.find(call);
        const bool began = paid != found->second.paid.end() && !paid->second.answer &&
                           paid->second.token == lease.token;
        if (began) found->second.paid.erase(paid);
    }
    return held(lease) != nullptr ? Hold::held : Hold::lost;
}

Result<std::size_t> InProcessJobQueue::reap(const std::string&, TimePoint) { return 0; }

void InProcessJobQueue::take_in(Job job) {
    {
        const detail::Lock lock(mutex_);
        forget_old_records();
        if (records_.contains(job.job_id)) return;
        const auto is_full = [&]() TUTTI_REQUIRES(mutex_) {
            return waiting_ >= options_.waiting_max ||
                   waiting_bytes_ + job.data.size() > options_.waiting_bytes_max;
        };
        while (!ready_.empty() && is_full()) drop_oldest_new();
        const std::string id = job.job_id;
        Record& record = records_.emplace(id, Record{.job = std::move(job)}).first->second;
        set_status(record, "waiting");
        make_ready(record);
    }
    announce_ended();
}

void InProcessJobQueue::drop_oldest_new() {
    Record& oldest = records_.at(ready_.begin()->second);
    ready_.erase(ready_.begin());
    dead_letter();
    finish(oldest, Failed{"too many results waited for a bot, and this was the oldest one"});
}

void InProcessJobQueue::forget_everything() {
    const detail::Lock lock(mutex_);
    records_.clear();
    ready_.clear();
    handed_out_.clear();
    order_.clear();
    waiting_ = 0;
    waiting_bytes_ = 0;
    figures_ = {};
}

// Expired ones, and the oldest that have ended when there are more than four times what may wait.
void InProcessJobQueue::forget_old_records() {
    while (!order_.empty()) {
        const auto found = records_.find(order_.front());
        const bool expired =
            found == records_.end() || found->second.expires <= options_.clock->now();
        if (!expired && order_.size() <= 4 * options_.waiting_max) return;
        if (found != records_.end() && found->second.status.ended()) records_.erase(found);
        order_.pop_front();
    }
}

}  // namespace tutti::services::jobs
