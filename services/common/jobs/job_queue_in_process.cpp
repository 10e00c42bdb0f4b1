#include "common/jobs/job_queue_in_process.hpp"

#include <utility>

namespace tutti::services::jobs {

InProcessJobQueue::InProcessJobQueue(Options options) : options_(options) {}

Result<void> InProcessJobQueue::enqueue(std::span<const Job> jobs, TimePoint) {
    const std::lock_guard lock(mutex_);
    forget_old_records();
    if (records_.contains(jobs.front().job_id)) return {};
    std::size_t bytes = 0;
    for (const Job& job : jobs) bytes += job.data.size();
    if (waiting_.size() + jobs.size() > options_.waiting_max ||
        waiting_bytes_ + bytes > options_.waiting_bytes_max) {
        return fail(Errc::overloaded, "enqueue", "too many jobs wait for a worker");
    }
    waiting_bytes_ += bytes;
    const TimePoint expires = options_.clock->now() + options_.record_ttl;
    for (const Job& job : jobs) {
        waiting_.push_back(job);
        records_.insert_or_assign(
            job.job_id, Record{{.status = "waiting", .progress = 0, .result = {}}, expires});
        order_.push_back(job.job_id);
    }
    return {};
}

Result<std::optional<JobStatus>> InProcessJobQueue::status(const std::string& job_id, TimePoint) {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(job_id);
    if (found == records_.end() || found->second.expires <= options_.clock->now()) {
        return std::nullopt;
    }
    return found->second.status;
}

Result<QueueMetrics> InProcessJobQueue::metrics(TimePoint) {
    const std::lock_guard lock(mutex_);
    return QueueMetrics{.waiting = waiting_.size(),
                        .active = active_.size(),
                        .completed = completed_,
                        .failed = failed_};
}

JobSubscription InProcessJobQueue::on_finished(JobFinished subscriber) {
    return endings_.add(std::move(subscriber));
}

std::optional<Job> InProcessJobQueue::take() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return std::nullopt;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= job.data.size();
    active_.insert(job.job_id);
    if (const auto found = records_.find(job.job_id); found != records_.end()) {
        found->second.status.status = "active";
    }
    return job;
}

void InProcessJobQueue::finish(const std::string& job_id, JobStatus status) {
    if (end(job_id, std::move(status))) endings_.tell(job_id);
}

bool InProcessJobQueue::end(const std::string& job_id, JobStatus status) {
    const std::lock_guard lock(mutex_);
    if (active_.erase(job_id) == 0) return false;
    ++(status.status == "failed" ? failed_ : completed_);
    const auto found = records_.find(job_id);
    if (found != records_.end()) {
        found->second = {.status = std::move(status),
                         .expires = options_.clock->now() + options_.record_ttl};
    }
    return true;
}

// Expired ones, and the oldest that have ended when there are more than four times what may wait.
void InProcessJobQueue::forget_old_records() {
    while (!order_.empty()) {
        const auto found = records_.find(order_.front());
        const bool expired =
            found == records_.end() || found->second.expires <= options_.clock->now();
        const bool too_many = order_.size() > 4 * options_.waiting_max;
        if (!expired && !(too_many && found->second.status.ended())) return;
        if (found != records_.end()) records_.erase(found);
        order_.pop_front();
    }
}

}  // namespace tutti::services::jobs
