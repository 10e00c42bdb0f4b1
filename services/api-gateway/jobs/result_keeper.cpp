#include "api-gateway/jobs/result_keeper.hpp"

#include <utility>

#include "api-gateway/jobs/job_plan.hpp"
#include "common/process/edge.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::gateway::jobs {
namespace {

using services::jobs::Completed;
using services::jobs::Failed;
using services::jobs::JobOutcome;

// It answers again by itself.
bool is_away(Errc code) {
    return code == Errc::unavailable || code == Errc::timeout || code == Errc::overloaded;
}

}  // namespace

Result<std::optional<JobResult>> result_for_a_channel(services::jobs::JobQueue& queue,
                                                      const std::string& job_id,
                                                      TimePoint deadline) {
    const auto status = queue.status(job_id, deadline);
    if (!status) return fail(status.error());
    if (!*status || !(*status)->ended() || (*status)->reply.channel.empty()) return std::nullopt;
    const services::jobs::JobStatus& ended = **status;
    JobOutcome outcome = Failed{ended.error.value_or("")};
    if (ended.result) outcome = Completed{*ended.result};
    return JobResult{.job_id = job_id,
                     .request_id = ended.request_id,
                     .result = services::jobs::result_text(ended.request_id, outcome)};
}

ResultKeeper::ResultKeeper(services::jobs::JobQueue& queue, JobResults& results, Options options)
    : queue_(queue),
      results_(results),
      options_(options),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void ResultKeeper::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void ResultKeeper::job_ended(const std::string& job_id) {
    if (!job_id.starts_with(reply_job_prefix)) return;
    {
        const detail::Lock lock(mutex_);
        if (ended_.size() >= options_.waiting_max) ended_.pop_front();
        ended_.push_back(job_id);
    }
    changed_.notify_one();
}

std::optional<std::string> ResultKeeper::next(const std::stop_token& stop) {
    detail::Lock lock(mutex_);
    changed_.wait(lock, stop, [this]() TUTTI_REQUIRES(mutex_) { return !ended_.empty(); });
    if (stop.stop_requested() || ended_.empty()) return std::nullopt;
    std::string job_id = std::move(ended_.front());
    ended_.pop_front();
    return job_id;
}

Result<void> ResultKeeper::keep(const std::string& job_id) {
    return process::as_result(Errc::load_failed, [&]() -> Result<void> {
        const auto result =
            result_for_a_channel(queue_, job_id, Boottime::now() + options_.queue_deadline);
        if (!result) return fail(result.error());
        return *result ? results_.store(**result) : Result<void>();
    });
}

void ResultKeeper::run(const std::stop_token& stop) {
    while (const auto job_id = next(stop)) {
        for (int failures = 0; !stop.stop_requested(); ++failures) {
            const auto kept = keep(*job_id);
            if (kept) break;
            log::warn("a result is not kept in the database",
                      *job_id + ": " + kept.error().message());
            if (!is_away(kept.error().code)) break;
            detail::Lock lock(mutex_);
            changed_.wait_for(lock, stop, net::retry_after(options_.retry, failures),
                              [] { return false; });
        }
    }
}

}  // namespace tutti::services::gateway::jobs
