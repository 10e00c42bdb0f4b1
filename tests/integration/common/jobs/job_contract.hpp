// The worlds of the contract that workers have with the queue (job_source.hpp): with leases that
// are long, and with some that are short.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "integration/api_gateway/support.hpp"
#include "integration/common/jobs/job_worlds.hpp"

namespace tutti::services::testing {

// Long enough that none lapses while a test works on it.
class WithLongLeases : public OnBothWorlds {
protected:
    explicit WithLongLeases(std::chrono::milliseconds retry_after = std::chrono::milliseconds{1})
        : OnBothWorlds({.retry_after = retry_after}) {}

    jobs::PaidCall begin_paid(const jobs::LeasedJob& job, const std::string& call = "vision-0") {
        return world->source().begin_paid(job.lease, call, soon()).value();
    }
    jobs::Hold store_paid(const jobs::LeasedJob& job, const std::string& answer) {
        return world->source().store_paid(job.lease, "vision-0", answer, soon()).value();
    }
    jobs::Hold give_back(const jobs::LeasedJob& job) {
        return world->source().give_back(job.lease, soon()).value();
    }
    jobs::Ended end_and_claim(const jobs::LeasedJob& job, const jobs::JobOutcome& outcome,
                              const jobs::NextClaim& next) {
        return world->source().end_and_claim(job.lease, outcome, next, soon()).value();
    }
    // By now its lease belongs to the second one.
    std::pair<jobs::LeasedJob, jobs::LeasedJob> lose(const jobs::Job& job) {
        EXPECT_TRUE(enqueue({job}));
        const auto first = *claim("first");
        EXPECT_EQ(give_back(first), jobs::Hold::held);
        return {first, *claim("second")};
    }
};

// Those that lapse while a test waits.
class WithShortLeases : public OnBothWorlds {
protected:
    WithShortLeases()
        : OnBothWorlds({.lease = std::chrono::milliseconds{150},
                        .attempts_max = 3,
                        .retry_after = std::chrono::milliseconds{1}}) {}
};

}  // namespace tutti::services::testing
