#include "api-gateway/attachments/cleanup.hpp"

#include <algorithm>
#include <vector>

#include "api-gateway/jobs/job_plan.hpp"
#include "common/process/edge.hpp"

namespace tutti::services::gateway::attachments {
void AttachmentCleanup::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void AttachmentCleanup::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void AttachmentCleanup::job_ended(std::string_view job_id, TimePoint now) {
    if (!job_id.starts_with(jobs::reply_job_prefix)) return;
    const std::string_view request_id = job_id.substr(jobs::reply_job_prefix.size());
    if (!is_request_id(request_id)) return;
    {
        const detail::Lock lock(mutex_);
        due_.try_emplace(std::string(request_id), now + options_.after_job);
        heard_ = true;
    }
    changed_.notify_one();
}

TimePoint AttachmentCleanup::step(TimePoint now, AttachmentStore::WallTime wall) {
    std::vector<std::string> over;
    bool sweep = false;
    TimePoint next;
    {
        const detail::Lock lock(mutex_);
        heard_ = false;
        for (const auto& [request_id, when] : due_) {
            if (when <= now) over.push_back(request_id);
        }
        for (const std::string& request_id : over) due_.erase(request_id);
        sweep = next_sweep_ <= now;
        if (sweep) next_sweep_ = now + options_.sweep_every;
        next = next_sweep_;
        for (const auto& [request_id, when] : due_) next = std::min(next, when);
    }
    for (const std::string& request_id : over) store_.remove(request_id);
    if (sweep) store_.remove_older_than(wall - options_.age_max);
    return next;
}

void AttachmentCleanup::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const TimePoint now = Boottime::now();
        TimePoint next = now + options_.after_job;
        process::contain("the cleanup of attachments",
                         [&] { next = step(now, std::chrono::system_clock::now()); });
        detail::Lock lock(mutex_);
        changed_.wait_for(lock, stop, next - Boottime::now(),
                          [this]() TUTTI_REQUIRES(mutex_) { return heard_; });
    }
}

}  // namespace tutti::services::gateway::attachments
