// What workers may rely on, of the queue in this process and of the one on a real Redis:
// job_source.hpp. What the gateway may rely on is job_queue_test.cpp's.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "integration/api_gateway/support.hpp"
#include "integration/common/jobs/job_worlds.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using State = jobs::PaidCall::State;

// Long enough that none lapses while a test works on it.
class Jobs : public OnBothWorlds {
protected:
    Jobs() : OnBothWorlds({.retry_after = 1ms}) {}

    jobs::PaidCall begin_paid(const jobs::LeasedJob& job, const std::string& call = "vision-0") {
        return world->source().begin_paid(job.lease, call, soon()).value();
    }
    jobs::Hold store_paid(const jobs::LeasedJob& job, const std::string& answer) {
        return world->source().store_paid(job.lease, "vision-0", answer, soon()).value();
    }
    jobs::Hold give_back(const jobs::LeasedJob& job) {
        return world->source().give_back(job.lease, soon()).value();
    }
    // By now its lease belongs to the second one.
    std::pair<jobs::LeasedJob, jobs::LeasedJob> lose(const jobs::Job& job) {
        EXPECT_TRUE(enqueue({job}));
        const auto first = *claim("first");
        EXPECT_EQ(give_back(first), jobs::Hold::held);
        return {first, *claim("second")};
    }
};
TUTTI_ON_BOTH_WORLDS(Jobs);

// Those that lapse while a test waits.
class ShortLeases : public OnBothWorlds {
protected:
    ShortLeases() : OnBothWorlds({.lease = 150ms, .attempts_max = 3, .retry_after = 1ms}) {}
};
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

TEST_P(Jobs, AnEndedJobHasItsResultAndIsHandedOutNoMore) {
    ASSERT_TRUE(enqueue({job("1")}));
    const auto leased = *claim();

    EXPECT_EQ(complete(leased, R"({"content":"hi"})"), jobs::Hold::held);

    EXPECT_EQ(status("llm-1").status, "completed");
    EXPECT_EQ(status("llm-1").result, R"({"content":"hi"})");
    EXPECT_FALSE(claim());
    EXPECT_EQ(complete(leased, "again"), jobs::Hold::lost);
    EXPECT_EQ(status("llm-1").result, R"({"content":"hi"})");
}

TEST_P(Jobs, ALateEndChangesNothingAndAnnouncesNothing) {
    Heard heard;
    const auto subscription = world->queue().on_finished(heard.note());
    const auto [first, second] = lose(job("1"));

    EXPECT_EQ(complete(first, "late"), jobs::Hold::lost);

    EXPECT_EQ(status("llm-1").status, "active");
    EXPECT_EQ(complete(second, "right"), jobs::Hold::held);
    EXPECT_EQ(end(first, jobs::Failed{"late"}), jobs::Hold::lost);
    EXPECT_EQ(status("llm-1").result, "right");
    EXPECT_TRUE(eventually([&] { return !heard.ids().empty(); }));
    EXPECT_THAT(heard.ids(), ElementsAre("llm-1"));
    EXPECT_EQ(metrics().completed, 1U);
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

TEST_P(Jobs, AFailureIsRetriedUntilTheLastAttemptWhichLeavesADeadLetter) {
    Heard heard;
    const auto subscription = world->queue().on_finished(heard.note());
    ASSERT_TRUE(enqueue({job("1")}));

    for (int attempt = 1; attempt <= 3; ++attempt) {
        const auto leased = *claim_soon();
        EXPECT_EQ(leased.attempt, attempt);
        EXPECT_EQ(metrics().dead, 0U);
        EXPECT_EQ(end(leased, jobs::Failed{.cause = "the model is away", .retry = true}),
                  jobs::Hold::held);
    }

    EXPECT_EQ(status("llm-1").status, "failed");
    EXPECT_EQ(status("llm-1").error, "the model is away");
    EXPECT_EQ(metrics().dead, 1U);
    EXPECT_FALSE(claim());
    EXPECT_TRUE(eventually([&] { return heard.ids().size() == 1; }));
}

TEST_P(Jobs, AVerdictIsNotRetriedAndIsNoDeadLetter) {
    ASSERT_TRUE(enqueue({job("1")}));

    EXPECT_EQ(end(*claim(), jobs::Failed{"the key was revoked"}), jobs::Hold::held);

    EXPECT_EQ(status("llm-1").status, "failed");
    EXPECT_EQ(status("llm-1").error, "the key was revoked");
    EXPECT_EQ(metrics().dead, 0U);
    EXPECT_FALSE(claim());
}

TEST_P(Jobs, ACauseIsShortTextWithoutControlCharacters) {
    ASSERT_TRUE(enqueue({job("1"), job("2")}));

    end(*claim(), jobs::Failed{"a\nb\xff\x01"});
    end(*claim(), jobs::Failed{std::string(100'000, 'x')});

    EXPECT_EQ(status("llm-1").error, "a?b??");
    EXPECT_EQ(status("llm-2").error->size(), 2'000U);
}

TEST_P(Jobs, AResultThatIsTooLargeIsAFailureThatSaysSo) {
    ASSERT_TRUE(enqueue({job("1")}));

    complete(*claim(), std::string(domain::job_result_bytes_max + 1, '7'));

    EXPECT_EQ(status("llm-1").status, "failed");
    EXPECT_THAT(*status("llm-1").error, HasSubstr(std::to_string(domain::job_result_bytes_max)));
}

TEST_P(Jobs, AParentIsHandedOutWhenAllItsChildrenHaveEnded) {
    ASSERT_TRUE(enqueue({job("a"), job("b"), parent_of("p", {"a", "b"}), job("later")}));
    EXPECT_EQ(status("llm-p").status, "waiting-children");
    EXPECT_EQ(metrics().waiting, 4U);
    const auto a = *claim();
    const auto b = *claim();
    EXPECT_EQ(claim()->job.job_id, "llm-later");

    complete(b, "\"B\"");
    EXPECT_FALSE(claim());
    complete(a, "\"A\"");

    const auto parent = claim();
    ASSERT_TRUE(parent);
    EXPECT_EQ(parent->job.job_id, "llm-p");
    EXPECT_THAT(parent->job.children, ElementsAre("llm-a", "llm-b"));
    const auto ends = world->source().children(parent->job, soon()).value();
    ASSERT_EQ(ends.size(), 2U);
    EXPECT_EQ(ends[0].name, "llm-generation");
    EXPECT_EQ(ends[0].outcome, jobs::JobOutcome(jobs::Completed{"\"A\""}));
    EXPECT_EQ(ends[1].outcome, jobs::JobOutcome(jobs::Completed{"\"B\""}));
}

TEST_P(Jobs, AParentHearsWhyAChildFailedAndGoesOn) {
    ASSERT_TRUE(enqueue({job("a"), parent_of("p", {"a"})}));

    end(*claim(), jobs::Failed{"no such picture"});

    const auto parent = claim();
    ASSERT_TRUE(parent);
    const auto ends = world->source().children(parent->job, soon()).value();
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].outcome, jobs::JobOutcome(jobs::Failed{"no such picture"}));
}

TEST_P(ShortLeases, AParentGoesOnWhenNoWorkerCouldEndItsChild) {
    ASSERT_TRUE(enqueue({job("a"), parent_of("p", {"a"})}));
    for (int attempt = 1; attempt <= 3; ++attempt) {
        EXPECT_EQ(claim_soon()->job.job_id, "llm-a");
    }

    const auto parent = claim_soon();

    ASSERT_TRUE(parent);
    EXPECT_EQ(parent->job.job_id, "llm-p");
    EXPECT_EQ(status("llm-a").status, "failed");
    EXPECT_THAT(*status("llm-a").error, HasSubstr("3 attempts"));
    EXPECT_EQ(metrics().dead, 1U);
}

TEST_P(ShortLeases, AJobThatNoWorkerEndedSaysSoAndWhatFailedBefore) {
    ASSERT_TRUE(enqueue({job("1")}));
    end(*claim_soon(), jobs::Failed{.cause = "the model is away", .retry = true});
    for (int attempt = 2; attempt <= 3; ++attempt) EXPECT_EQ(claim_soon()->attempt, attempt);

    EXPECT_TRUE(eventually([&] { return !claim() && status("llm-1").status == "failed"; }));

    EXPECT_THAT(*status("llm-1").error,
                AllOf(HasSubstr("3 attempts"), HasSubstr("failed: the model is away")));
}

TEST_P(Jobs, AChildStandsBeforeItsOnlyParent) {
    EXPECT_EQ(enqueue({parent_of("p", {"a"}), job("a")}).error().code, Errc::invalid_option);
    EXPECT_EQ(enqueue({parent_of("p", {"p"})}).error().code, Errc::invalid_option);
    EXPECT_EQ(enqueue({job("a"), parent_of("p", {"a"}), parent_of("q", {"a"})}).error().code,
              Errc::invalid_option);
    EXPECT_FALSE(claim());
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

TEST_P(Jobs, TheAnswerOfAPaidCallIsThereForTheNextAttempt) {
    ASSERT_TRUE(enqueue({job("1")}));
    const auto first = *claim();
    EXPECT_EQ(begin_paid(first).state, State::begun);
    EXPECT_EQ(store_paid(first, "a cat"), jobs::Hold::held);
    end(first, jobs::Failed{.cause = "later", .retry = true});

    const auto second = *claim_soon();

    const auto known = begin_paid(second);
    EXPECT_EQ(known.state, State::stored);
    EXPECT_EQ(known.answer, "a cat");
    EXPECT_EQ(begin_paid(second, "another").state, State::begun);
    EXPECT_EQ(metrics().unknown_paid, 0U);
}

TEST_P(Jobs, APaidCallWithoutAnAnswerIsUnknownAndCountedOnce) {
    const auto [first, second] = [&] {
        EXPECT_TRUE(enqueue({job("1")}));
        const auto begun = *claim("first");
        EXPECT_EQ(begin_paid(begun).state, State::begun);
        (void)give_back(begun);
        return std::pair(begun, *claim("second"));
    }();

    EXPECT_EQ(begin_paid(second).state, State::unknown);
    EXPECT_EQ(begin_paid(second).state, State::unknown);
    EXPECT_EQ(begin_paid(first).state, State::lost);

    EXPECT_EQ(metrics().unknown_paid, 1U);
}

TEST_P(Jobs, AnAnswerThatIsPaidIsTakenEvenIfItsLeaseIsLost) {
    ASSERT_TRUE(enqueue({job("1")}));
    const auto first = *claim("first");
    (void)begin_paid(first);
    (void)give_back(first);
    const auto second = *claim("second");
    EXPECT_EQ(begin_paid(second).state, State::unknown);
    EXPECT_EQ(store_paid(second, "guessed"), jobs::Hold::held);
    EXPECT_EQ(begin_paid(second).state, State::unknown) << "only the attempt that began it knows";

    EXPECT_EQ(store_paid(first, "a cat"), jobs::Hold::lost);

    EXPECT_EQ(begin_paid(second).answer, "a cat");
    EXPECT_EQ(store_paid(first, "a dog"), jobs::Hold::lost);
    EXPECT_EQ(begin_paid(second).answer, "a cat") << "an answer is not replaced";
}

TEST_P(Jobs, APaidCallThatWasNotBilledMayBeginAgain) {
    const auto [first, second] = lose(job("1"));
    EXPECT_EQ(begin_paid(second).state, State::begun);

    EXPECT_EQ(world->source().cancel_paid(first.lease, "vision-0", soon()).value(),
              jobs::Hold::lost);
    EXPECT_EQ(begin_paid(second).state, State::unknown) << "it is the second one's";
    EXPECT_EQ(world->source().cancel_paid(second.lease, "vision-0", soon()).value(),
              jobs::Hold::held);

    EXPECT_EQ(begin_paid(second).state, State::begun);
}

TEST_P(Jobs, OfAnEndedJobNoPaidAnswerIsTaken) {
    ASSERT_TRUE(enqueue({job("1")}));
    const auto leased = *claim();
    (void)begin_paid(leased);
    complete(leased, "done");

    EXPECT_EQ(store_paid(leased, "a cat"), jobs::Hold::lost);
    EXPECT_EQ(begin_paid(leased).state, State::lost);
    EXPECT_EQ(status("llm-1").result, "done");
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
