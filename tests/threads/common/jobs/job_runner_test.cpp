// What a runner counts, when answers of its source cross each other.
#include "common/jobs/job_runner.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace tutti::services {
namespace {

using namespace std::chrono_literals;

// Two jobs. The end of the first is carried out at once, and is answered when a renewal that was
// carried out behind it has been answered.
class CrossingSource final : public jobs::JobSource {
public:
    Result<std::optional<jobs::LeasedJob>> claim(const std::string&, TimePoint) override {
        std::unique_lock lock(mutex_);
        if (handed_out_ == 2) {
            changed_.wait(lock, [&] { return std::exchange(woken_, false); });
            return std::nullopt;
        }
        const std::string id = std::to_string(++handed_out_);
        jobs::LeasedJob leased;
        leased.job.job_id = id;
        leased.lease = {.job_id = id, .token = id};
        leased.asked_at = Boottime::now();
        return leased;
    }
    void wake() override {
        const std::lock_guard lock(mutex_);
        woken_ = true;
        changed_.notify_all();
    }
    Result<jobs::Hold> renew(const jobs::Lease& lease, TimePoint) override {
        const std::lock_guard lock(mutex_);
        if (ended_.contains(lease.job_id)) {
            renewed_behind_end_ = true;
            return jobs::Hold::lost;
        }
        if (renewed_behind_end_) {  // so the runner has seen the answer to it
            seen_ = true;
            changed_.notify_all();
        }
        return jobs::Hold::held;
    }
    Result<jobs::Ended> end_and_claim(const jobs::Lease& lease, const jobs::JobOutcome&,
                                      const jobs::NextClaim&, TimePoint) override {
        std::unique_lock lock(mutex_);
        ended_.insert(lease.job_id);
        if (lease.job_id == "1") changed_.wait(lock, [&] { return seen_; });
        return jobs::Ended{.hold = jobs::Hold::held};
    }
    Result<jobs::Hold> give_back(const jobs::Lease&, TimePoint) override {
        return jobs::Hold::held;
    }
    Result<std::vector<jobs::ChildEnd>> children(const jobs::Job&, TimePoint) override {
        return std::vector<jobs::ChildEnd>{};
    }
    Result<jobs::PaidCall> begin_paid(const jobs::Lease&, const std::string&, TimePoint) override {
        return jobs::PaidCall{};
    }
    Result<jobs::Hold> store_paid(const jobs::Lease&, const std::string&, const std::string&,
                                  TimePoint) override {
        return jobs::Hold::held;
    }
    Result<jobs::Hold> cancel_paid(const jobs::Lease&, const std::string&, TimePoint) override {
        return jobs::Hold::held;
    }
    Result<std::size_t> reap(const std::string&, TimePoint) override { return 0; }

    void await_crossing() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return seen_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int handed_out_ = 0;
    bool woken_ = false;
    bool renewed_behind_end_ = false;
    bool seen_ = false;
    std::set<std::string> ended_;
};

TEST(JobRunner, ALeaseThatARenewalMissesBehindTheEndOfItsJobIsNotLost) {
    CrossingSource source;
    jobs::JobRunner runner(source,
                           [&](const jobs::Job& job, const jobs::JobContext&) {
                               if (job.job_id == "2") source.await_crossing();
                               return jobs::Completed{"{}"};
                           },
                           {.worker = "w", .concurrency = 2, .lease = 60ms});
    source.await_crossing();

    EXPECT_EQ(runner.stop(Boottime::now() + 1min), 0U);

    EXPECT_EQ(runner.figures().completed, 2U);
    EXPECT_EQ(runner.figures().lost_leases, 0U);
}

}  // namespace
}  // namespace tutti::services
