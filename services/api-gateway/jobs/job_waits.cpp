#include "api-gateway/jobs/job_waits.hpp"

#include <algorithm>
#include <utility>

#include "common/process/edge.hpp"

namespace tutti::services::gateway::jobs {

JobWaits::JobWaits(services::jobs::JobQueue& queue, Options options)
    : queue_(queue),
      options_(options),
      thread_([this](const std::stop_token& stop) { run(stop); }),
      subscription_(queue.on_finished([this](const std::string& job_id) { hear(job_id); })) {}

JobWaits::~JobWaits() = default;

std::function<void()> JobWaits::wait(const std::string& job_id, Ended ended) {
    const std::lock_guard lock(mutex_);
    const TimePoint now = Boottime::now();
    const std::uint64_t id = next_++;
    waits_.emplace(id, Wait{.job_id = job_id,
                            .ended = std::move(ended),
                            .deadline = now + options_.limit,
                            .look_at = now});
    changed_.notify_all();
    return [this, id] {
        const std::lock_guard ending(mutex_);
        waits_.erase(id);
    };
}

void JobWaits::hear(const std::string& job_id) {
    const std::lock_guard lock(mutex_);
    const TimePoint now = Boottime::now();
    for (auto& [id, wait] : waits_) {
        if (wait.job_id == job_id) wait.look_at = now;
    }
    changed_.notify_all();
}

void JobWaits::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (process::contain("the wait for ended jobs", [&] { step(stop); })) continue;
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, options_.look_every, [] { return false; });
    }
}

void JobWaits::step(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto due = take_due();
    if (due.empty()) {
        const Duration idle =
            std::min<Duration>(next_look() - Boottime::now(), std::chrono::hours{1});
        // What changes meanwhile is due at once.
        changed_.wait_for(lock, stop, idle, [this] { return next_look() <= Boottime::now(); });
        return;
    }
    lock.unlock();
    look_at(due);
}

TimePoint JobWaits::next_look() const {
    auto next = Boottime::now() + std::chrono::hours{1};
    for (const auto& [id, wait] : waits_) {
        next = std::min({next, wait.look_at, wait.deadline});
    }
    return next;
}

std::vector<JobWaits::Look> JobWaits::take_due() {
    std::vector<Look> due;
    const TimePoint now = Boottime::now();
    for (auto& [id, wait] : waits_) {
        if (std::min(wait.look_at, wait.deadline) > now) continue;
        due.push_back({.wait = id, .job_id = wait.job_id, .deadline = wait.deadline});
        // Before the look: word that comes during it is another reason to look.
        wait.look_at = now + options_.look_every;
    }
    return due;
}

void JobWaits::look_at(const std::vector<Look>& due) {
    bool answers = true;
    for (const Look& look : due) {
        // One that is not answered is enough: the others would wait as long, one after the other.
        Result<std::optional<services::jobs::JobStatus>> status = fail(Errc::unavailable, {}, {});
        if (answers) {
            status = queue_.status(look.job_id, Boottime::now() + options_.look_deadline);
            note(status);
            answers = status.has_value();
        }
        settle(look, status);
    }
}

void JobWaits::settle(const Look& look,
                      const Result<std::optional<services::jobs::JobStatus>>& status) {
    if (status && !*status) {
        return end(look.wait,
                   fail(Errc::unavailable, "wait for a job", "the job's record is gone"));
    }
    if (status && (*status)->ended()) return end(look.wait, **status);
    if (Boottime::now() < look.deadline) return;
    end(look.wait, fail(Errc::timeout, "wait for a job", "the job timed out"));
}

void JobWaits::end(std::uint64_t wait, const Result<services::jobs::JobStatus>& outcome) {
    std::unique_lock lock(mutex_);
    const auto found = waits_.extract(wait);
    lock.unlock();
    if (!found) return;
    process::contain("an answer to a wait for a job failed",
                     [&] { found.mapped().ended(outcome); });
}

void JobWaits::note(const Result<std::optional<services::jobs::JobStatus>>& status) {
    status ? outage_.worked() : outage_.failed(status.error().message());
}

}  // namespace tutti::services::gateway::jobs
