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
    const detail::Lock lock(mutex_);
    const TimePoint now = Boottime::now();
    const std::uint64_t id = next_++;
    waits_.emplace(id, Wait{.job_id = job_id,
                            .ended = std::move(ended),
                            .deadline = now + options_.limit,
                            .poll_at = now});
    changed_.notify_all();
    return [this, id] {
        const detail::Lock ending(mutex_);
        waits_.erase(id);
    };
}

void JobWaits::hear(const std::string& job_id) {
    const detail::Lock lock(mutex_);
    const TimePoint now = Boottime::now();
    for (auto& [id, wait] : waits_) {
        if (wait.job_id == job_id) wait.poll_at = now;
    }
    changed_.notify_all();
}

void JobWaits::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (process::contain("the wait for ended jobs", [&] { step(stop); })) continue;
        detail::Lock lock(mutex_);
        changed_.wait_for(lock, stop, options_.poll_every, [] { return false; });
    }
}

void JobWaits::step(const std::stop_token& stop) {
    detail::Lock lock(mutex_);
    const auto due = take_due();
    if (due.empty()) {
        const Duration idle =
            std::min<Duration>(next_poll() - Boottime::now(), std::chrono::hours{1});
        // What changes meanwhile is due at once.
        changed_.wait_for(lock, stop, idle, [this]() TUTTI_REQUIRES(mutex_) {
            return next_poll() <= Boottime::now();
        });
        return;
    }
    lock.unlock();
    poll(due);
}

TimePoint JobWaits::next_poll() const {
    auto next = Boottime::now() + std::chrono::hours{1};
    for (const auto& [id, wait] : waits_) {
        next = std::min({next, wait.poll_at, wait.deadline});
    }
    return next;
}

std::vector<JobWaits::Poll> JobWaits::take_due() {
    std::vector<Poll> due;
    const TimePoint now = Boottime::now();
    for (auto& [id, wait] : waits_) {
        if (std::min(wait.poll_at, wait.deadline) > now) continue;
        due.push_back({.wait = id, .job_id = wait.job_id, .deadline = wait.deadline});
        // Before the poll: word that comes during it is another reason for one.
        wait.poll_at = now + options_.poll_every;
    }
    return due;
}

void JobWaits::poll(const std::vector<Poll>& due) {
    bool answers = true;
    for (const Poll& poll : due) {
        // One that is not answered is enough: the others would wait as long, one after the other.
        Result<std::optional<services::jobs::JobStatus>> status = fail(Errc::unavailable, {}, {});
        if (answers) {
            status = queue_.status(poll.job_id, Boottime::now() + options_.poll_deadline);
            note(status);
            answers = status.has_value();
        }
        settle(poll, status);
    }
}

void JobWaits::settle(const Poll& poll,
                      const Result<std::optional<services::jobs::JobStatus>>& status) {
    if (status && !*status) {
        return end(poll.wait,
                   fail(Errc::unavailable, "wait for a job", "the job's record is gone"));
    }
    if (status && (*status)->ended()) return end(poll.wait, **status);
    if (Boottime::now() < poll.deadline) return;
    end(poll.wait, fail(Errc::timeout, "wait for a job", "the job timed out"));
}

void JobWaits::end(std::uint64_t wait, const Result<services::jobs::JobStatus>& outcome) {
    detail::Lock lock(mutex_);
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
