// The queue of jobs in this process, for a fleet in one: see job_queue.hpp and job_source.hpp.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/domain/limits.hpp"
#include "common/jobs/job_endings.hpp"
#include "common/jobs/job_queue.hpp"
#include "common/jobs/job_source.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::jobs {

class InProcessJobQueue final : public JobQueue, public JobSource {
public:
    struct Options {
        std::size_t waiting_max = job_waiting_max;
        std::size_t waiting_bytes_max = services::domain::waiting_bytes_max;
        std::chrono::seconds record_ttl = job_record_ttl;
        LeaseOptions leases{};
        // Where results go that have a reply channel; null: nowhere.
        std::shared_ptr<InProcessJobQueue> deliveries = nullptr;
        // A failure without retry is a dead letter, too: no one else hears of it.
        bool failures_are_dead = false;
        const Clock* clock = &system_clock();
    };

    InProcessJobQueue() : InProcessJobQueue(Options{}) {}
    explicit InProcessJobQueue(Options options);

    [[nodiscard]] Result<void> enqueue(std::span<const Job> jobs, TimePoint deadline) override;
    [[nodiscard]] Result<std::optional<JobStatus>> status(const std::string& job_id,
                                                          TimePoint deadline) override;
    [[nodiscard]] Result<QueueMetrics> metrics(TimePoint deadline) override;
    [[nodiscard]] JobSubscription on_finished(JobFinished subscriber) override;

    [[nodiscard]] Result<std::optional<LeasedJob>> claim(const std::string& worker,
                                                         TimePoint deadline) override;
    void wake() override;
    [[nodiscard]] Result<Hold> renew(const Lease& lease, TimePoint deadline) override;
    [[nodiscard]] Result<Hold> give_back(const Lease& lease, TimePoint deadline) override;
    [[nodiscard]] Result<Ended> end_and_claim(const Lease& lease, const JobOutcome& outcome,
                                              const NextClaim& next, TimePoint deadline) override;
    [[nodiscard]] Result<std::vector<ChildEnd>> children(const Job& job,
                                                         TimePoint deadline) override;
    [[nodiscard]] Result<PaidCall> begin_paid(const Lease& lease, const std::string& call,
                                              TimePoint deadline) override;
    [[nodiscard]] Result<Hold> store_paid(const Lease& lease, const std::string& call,
                                          const std::string& answer, TimePoint deadline) override;
    [[nodiscard]] Result<Hold> cancel_paid(const Lease& lease, const std::string& call,
                                           TimePoint deadline) override;
    [[nodiscard]] Result<std::size_t> reap(const std::string& leaving, TimePoint deadline) override;

    // Adds a job, unless it is known. When the queue is full, the oldest job that no worker has had
    // becomes a dead letter.
    void take_in(Job job);

    // All is gone, as after FLUSHALL.
    void forget_everything();

private:
    struct Paid {
        std::string token;  // of the lease under which it began
        bool counted = false;
        std::optional<std::string> answer{};
    };
    struct Record {
        Job job;  // without its data when it has ended
        JobStatus status{};
        std::string parent{};
        std::size_t children_left = 0;
        std::uint64_t ticket = 0;
        TimePoint ready_at{};
        std::string token{};
        TimePoint free_at{};  // of a ticket that was handed out before
        int attempts = 0;
        std::map<std::string, Paid> paid{};
        TimePoint expires = TimePoint::max();
    };
    using Records = std::map<std::string, Record, std::less<>>;
    using Tickets = std::map<std::uint64_t, std::string>;  // to the job's id

    void forget_old_records() TUTTI_REQUIRES(mutex_);
    void set_status(Record& record, const std::string& status) TUTTI_REQUIRES(mutex_);
    void make_ready(Record& record) TUTTI_REQUIRES(mutex_);
    [[nodiscard]] Record* held(const Lease& lease) TUTTI_REQUIRES(mutex_);
    [[nodiscard]] Record* next_ready() TUTTI_REQUIRES(mutex_);
    [[nodiscard]] std::optional<LeasedJob> take(const std::string& token) TUTTI_REQUIRES(mutex_);
    [[nodiscard]] LeasedJob leased(const Record& record, TimePoint asked_at) const
        TUTTI_REQUIRES(mutex_);
    // The lease with that token, when it stands.
    [[nodiscard]] std::optional<LeasedJob> known_lease(const NextClaim& claim) const
        TUTTI_REQUIRES(mutex_);
    [[nodiscard]] Hold end_held(const Lease& lease, const JobOutcome& outcome)
        TUTTI_REQUIRES(mutex_);
    [[nodiscard]] TimePoint next_free() const TUTTI_REQUIRES(mutex_);
    void free_ticket(Record& record, TimePoint at) TUTTI_REQUIRES(mutex_);
    void finish(Record& record, const JobOutcome& outcome) TUTTI_REQUIRES(mutex_);
    void settle_family(Record& record) TUTTI_REQUIRES(mutex_);
    void expire(Record& record) TUTTI_REQUIRES(mutex_);
    void dead_letter() TUTTI_REQUIRES(mutex_);
    void drop_oldest_new() TUTTI_REQUIRES(mutex_);

    // Of the ends that were noted with the lock; without it.
    void announce_ended();

    const Options options_;
    JobEndings endings_;
    detail::Mutex mutex_;
    std::condition_variable changed_;
    Records records_ TUTTI_GUARDED_BY(mutex_);
    Tickets ready_ TUTTI_GUARDED_BY(mutex_);
    Tickets handed_out_ TUTTI_GUARDED_BY(mutex_);
    std::uint64_t next_ticket_ TUTTI_GUARDED_BY(mutex_) = 1;
    std::size_t waiting_ TUTTI_GUARDED_BY(mutex_) = 0;
    std::size_t waiting_bytes_ TUTTI_GUARDED_BY(mutex_) = 0;
    QueueMetrics figures_ TUTTI_GUARDED_BY(mutex_){};  // without `waiting` and `oldest_age`
    std::deque<std::string> order_
        TUTTI_GUARDED_BY(mutex_);  // of the records that expire: the first to do so first
    std::deque<std::string> ended_ TUTTI_GUARDED_BY(mutex_);  // to be told
    bool woken_ TUTTI_GUARDED_BY(mutex_) = false;
};

}  // namespace tutti::services::jobs
