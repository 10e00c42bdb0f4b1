// What workers may rely on, of the queue in this process and of the one on a real Redis:
// job_source.hpp. Here how jobs are handed out and leased; how they end, wait for each other and
// pay stands beside. What the gateway may rely on is job_queue_test.cpp's.
#include "integration/common/jobs/job_contract.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

class Jobs : public WithLongLeases {};
TUTTI_ON_BOTH_WORLDS(Jobs);
class ShortLeases : public WithShortLeases {};
TUTTI_ON_BOTH_WORLDS(ShortLeases);

TEST_P(Jobs, AWorkerGetsTheJobAsItWasEnqueued) {
    jobs::Job whole = job("1");
    whole.reply = {.channel = "c-1", .reference = "m-1"};
    ASSERT_TRUE(enqueue({whole}));

    const auto leased = claim();

    ASSERT_TRUE(leased);
    EXPECT_EQ(leased->job, whole);
    EXPECT_EQ(leased->attempt, 1);
    EXPECT_EQ(status("llm-1").status, "active");
}

TEST_P(Jobs, AJobIsHandedOutToOneWorkerAtATime) {
    ASSERT_TRUE(enqueue({job("1")}));
    ASSERT_TRUE(claim("first"));

    EXPECT_FALSE(claim("second"));
}

TEST_P(Jobs, WhoeverLostALeaseNeitherRenewsNorGivesBackTheOneThatTookOver) {
    const auto [first, second] = lose(job("1"));

    EXPECT_EQ(world->source().renew(first.lease, soon()).value(), jobs::Hold::lost);
    EXPECT_EQ(give_back(first), jobs::Hold::lost);

    EXPECT_FALSE(claim("third"));
    EXPECT_EQ(world->source().renew(second.lease, soon()).value(), jobs::Hold::held);
    EXPECT_EQ(complete(second), jobs::Hold::held);
}

TEST_P(Jobs, WhatIsGivenBackGoesFirstAndHasSpentNoAttempt) {
    ASSERT_TRUE(enqueue({job("1"), job("2")}));

    for (int i = 0; i < 10; ++i) {
        const auto leased = *claim();
        EXPECT_EQ(leased.job.job_id, "llm-1");
        EXPECT_EQ(leased.attempt, 1);
        EXPECT_EQ(metrics().active, 1U);
        EXPECT_EQ(give_back(leased), jobs::Hold::held);
        EXPECT_EQ(status("llm-1").status, "waiting");
        EXPECT_EQ(metrics().active, 0U);
    }
}

TEST_P(Jobs, AnIdIsOfOneJob) {
    ASSERT_TRUE(enqueue({job("known")}));
    const auto leased = *claim();

    EXPECT_EQ(enqueue({job("new"), job("known")}).error().code, Errc::invalid_option);
    EXPECT_EQ(enqueue({job("1"), job("1")}).error().code, Errc::invalid_option);

    EXPECT_EQ(status("llm-known").status, "active");
    EXPECT_EQ(metrics().waiting, 0U);
    EXPECT_FALSE(claim());
    EXPECT_EQ(complete(leased), jobs::Hold::held);
}

TEST_P(ShortLeases, ALapsedLeaseIsClaimedByAnotherWorkerAndTheFirstHasLostIt) {
    ASSERT_TRUE(enqueue({job("1"), job("2")}));
    const auto first = *claim("first");
    (void)complete(*claim("second"));

    const auto taken_over = claim_soon("second");

    ASSERT_TRUE(taken_over);
    EXPECT_EQ(taken_over->job.job_id, "llm-1");
    EXPECT_EQ(taken_over->attempt, 2);
    EXPECT_EQ(complete(first, "late"), jobs::Hold::lost);
    EXPECT_EQ(complete(*taken_over, "right"), jobs::Hold::held);
    EXPECT_EQ(status("llm-1").result, "right");
}

TEST_P(ShortLeases, ALeaseThatIsRenewedDoesNotLapse) {
    ASSERT_TRUE(enqueue({job("1")}));
    const auto leased = *claim("first");

    for (const auto end = Boottime::now() + 400ms; Boottime::now() < end;) {
        ASSERT_EQ(world->source().renew(leased.lease, soon()).value(), jobs::Hold::held);
        ASSERT_FALSE(claim("second"));
    }

    EXPECT_EQ(complete(leased), jobs::Hold::held);
}

TEST_P(ShortLeases, ALapsedLeaseThatNoOtherWorkerTookIsStillHeld) {
    ASSERT_TRUE(enqueue({job("1")}));
    const auto leased = *claim();
    std::this_thread::sleep_for(200ms);

    EXPECT_EQ(complete(leased), jobs::Hold::held);
}

TEST_P(Jobs, AClaimThatWaitsIsAnsweredByAJobThatComes) {
    std::jthread later([&] {
        std::this_thread::sleep_for(100ms);
        EXPECT_TRUE(enqueue({job("1")}));
    });

    const auto leased = claim_soon();

    ASSERT_TRUE(leased);
    EXPECT_EQ(leased->job.job_id, "llm-1");
}

TEST_P(Jobs, AClaimThatWaitsEndsWhenItIsWoken) {
    std::jthread later([&] {
        std::this_thread::sleep_for(50ms);
        world->source().wake();
    });

    const auto begin = Boottime::now();
    EXPECT_FALSE(claim_soon());

    EXPECT_LT(Boottime::now() - begin, 5s);
}

TEST_P(Jobs, AfterEverythingIsLostWorkersGetWhatComesNext) {
    ASSERT_TRUE(enqueue({job("1"), job("2")}));
    const auto leased = *claim();

    world->flush();

    EXPECT_EQ(complete(leased), jobs::Hold::lost);
    EXPECT_EQ(world->source().renew(leased.lease, soon()).value(), jobs::Hold::lost);
    EXPECT_EQ(store_paid(leased, "x"), jobs::Hold::lost);
    EXPECT_EQ(give_back(leased), jobs::Hold::lost);
    EXPECT_EQ(status("llm-1").status, "(none)");
    EXPECT_FALSE(claim());
    ASSERT_TRUE(enqueue({job("1")}));
    EXPECT_EQ(claim()->job.job_id, "llm-1");
    EXPECT_EQ(metrics().active, 1U);
    EXPECT_EQ(metrics().waiting, 0U);
}

TEST_P(Jobs, TheAgeOfTheOldestJobCountsUntilItEnds) {
    EXPECT_EQ(metrics().oldest_age, 0ms);
    ASSERT_TRUE(enqueue({job("1")}));
    std::this_thread::sleep_for(20ms);
    const auto leased = *claim();

    EXPECT_GE(metrics().oldest_age, 20ms);
    complete(leased);
    EXPECT_EQ(metrics().oldest_age, 0ms);
}

TEST_P(ShortLeases, ManyWorkersEndEveryJobOnce) {
    constexpr int jobs_count = 60;
    std::atomic<int> ended{0};
    std::atomic<bool> stop{false};
    std::vector<std::jthread> workers;
    std::mutex mutex;  // one call of claim at a time for each source
    for (int w = 0; w < 3; ++w) {
        workers.emplace_back([&, w] {
            while (!stop) {
                std::unique_lock lock(mutex);
                const auto leased = claim("w" + std::to_string(w));
                lock.unlock();
                if (leased && complete(*leased) == jobs::Hold::held) ++ended;
            }
        });
    }

    for (int i = 0; i < jobs_count; ++i) {
        EXPECT_TRUE(eventually([&] { return enqueue({job(std::to_string(i))}).has_value(); }));
    }

    EXPECT_TRUE(eventually([&] { return ended == jobs_count; }));
    stop = true;
    workers.clear();
    EXPECT_EQ(ended, jobs_count);
    EXPECT_EQ(metrics().completed, static_cast<unsigned>(jobs_count));
    EXPECT_EQ(metrics().waiting, 0U);
    EXPECT_EQ(metrics().active, 0U);
}

}  // namespace
}  // namespace tutti::services
