// The queue of jobs in this process, for a fleet in one: see job_queue.hpp.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "common/domain/limits.hpp"
#include "common/jobs/job_endings.hpp"
#include "common/jobs/job_queue.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::jobs {

class InProcessJobQueue final : public JobQueue {
public:
    struct Options {
        std::size_t waiting_max = job_waiting_max;
        std::size_t waiting_bytes_max = services::domain::waiting_bytes_max;
        std::chrono::seconds record_ttl = job_record_ttl;
        const Clock* clock = &system_clock();
    };

    InProcessJobQueue() : InProcessJobQueue(Options{}) {}
    explicit InProcessJobQueue(Options options);

    [[nodiscard]] Result<void> enqueue(std::span<const Job> jobs, TimePoint deadline) override;
    [[nodiscard]] Result<std::optional<JobStatus>> status(const std::string& job_id,
                                                          TimePoint deadline) override;
    [[nodiscard]] Result<QueueMetrics> metrics(TimePoint deadline) override;
    [[nodiscard]] JobSubscription on_finished(JobFinished subscriber) override;

    // The worker's side: the next job, which is active from now on; nothing when none waits.
    [[nodiscard]] std::optional<Job> take();
    // The end of an active job; calls subscribers. Of an unknown one: nothing happens.
    void finish(const std::string& job_id, JobStatus status);

private:
    struct Record {
        JobStatus status;
        TimePoint expires;
    };

    void forget_old_records();
    // False when it was not active.
    [[nodiscard]] bool end(const std::string& job_id, JobStatus status);

    Options options_;
    JobEndings endings_;
    std::mutex mutex_;
    std::deque<Job> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::set<std::string, std::less<>> active_;
    std::uint64_t completed_ = 0;
    std::uint64_t failed_ = 0;
    std::map<std::string, Record, std::less<>> records_;
    std::deque<std::string> order_;  // of records_: the oldest first
};

}  // namespace tutti::services::jobs
