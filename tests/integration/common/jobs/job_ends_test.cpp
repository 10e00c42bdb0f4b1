// How a job ends, once, and what comes with its end: the next job, another attempt, a dead letter.
#include <gmock/gmock.h>

#include <chrono>
#include <string>

#include "integration/common/jobs/job_contract.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class JobEnds : public WithLongLeases {};
TUTTI_ON_BOTH_WORLDS(JobEnds);
// A server may take longer than a millisecond for one step.
class JobEndsBeforeAPause : public WithLongLeases {
protected:
    JobEndsBeforeAPause() : WithLongLeases(std::chrono::seconds{20}) {}
};
TUTTI_ON_BOTH_WORLDS(JobEndsBeforeAPause);
class JobEndsAfterLapses : public WithShortLeases {};
TUTTI_ON_BOTH_WORLDS(JobEndsAfterLapses);

TEST_P(JobEnds, AnEndedJobHasItsResultAndIsHandedOutNoMore) {
    ASSERT_TRUE(enqueue({job("1")}));
    const auto leased = *claim();

    EXPECT_EQ(complete(leased, R"({"content":"hi"})"), jobs::Hold::held);

    EXPECT_EQ(status("llm-1").status, "completed");
    EXPECT_EQ(status("llm-1").result, R"({"content":"hi"})");
    EXPECT_FALSE(claim());
    EXPECT_EQ(complete(leased, "again"), jobs::Hold::lost);
    EXPECT_EQ(status("llm-1").result, R"({"content":"hi"})");
}

TEST_P(JobEnds, ALateEndChangesNothingAndAnnouncesNothing) {
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

TEST_P(JobEnds, AnEndClaimsTheNextJobInTheSameStep) {
    ASSERT_TRUE(enqueue({job("1")}));
    ASSERT_TRUE(enqueue({job("2")}));
    const auto first = *claim();
    const TimePoint asked_at = Boottime::now();

    const auto ended = end_and_claim(first, jobs::Completed{"{}"},
                                     {.worker = "w", .token = "t-2", .asked_at = asked_at});

    EXPECT_EQ(ended.hold, jobs::Hold::held);
    ASSERT_TRUE(ended.next);
    EXPECT_EQ(ended.next->job, job("2"));
    EXPECT_EQ(ended.next->lease.token, "t-2");
    EXPECT_EQ(ended.next->attempt, 1);
    EXPECT_GE(ended.next->asked_at, asked_at);
    EXPECT_EQ(status("llm-1").status, "completed");
    EXPECT_EQ(status("llm-2").status, "active");
    EXPECT_FALSE(claim("other"));
    EXPECT_EQ(complete(*ended.next), jobs::Hold::held);
}

TEST_P(JobEnds, AnEndClaimsNothingWithoutAWorkerOrWithoutAJob) {
    ASSERT_TRUE(enqueue({job("1")}));
    ASSERT_TRUE(enqueue({job("2")}));
    EXPECT_FALSE(end_and_claim(*claim(), jobs::Completed{"{}"}, {}).next);
    EXPECT_EQ(status("llm-2").status, "waiting");

    const auto last = end_and_claim(*claim(), jobs::Completed{"{}"}, {.worker = "w", .token = "t"});

    EXPECT_EQ(last.hold, jobs::Hold::held);
    EXPECT_FALSE(last.next);
}

TEST_P(JobEndsBeforeAPause, AFailureThatIsRetriedClaimsTheNextJobToo) {
    ASSERT_TRUE(enqueue({job("1")}));
    ASSERT_TRUE(enqueue({job("2")}));

    const auto ended = end_and_claim(*claim(), jobs::Failed{.cause = "not yet", .retry = true},
                                     {.worker = "w", .token = "t"});

    ASSERT_TRUE(ended.next);
    EXPECT_EQ(ended.next->job.job_id, "llm-2");
    EXPECT_EQ(status("llm-1").status, "waiting");
}

TEST_P(JobEnds, AnEndThatComesTooLateClaimsNothing) {
    const auto [first, second] = lose(job("1"));
    ASSERT_TRUE(enqueue({job("2")}));

    const auto late = end_and_claim(first, jobs::Completed{"\"late\""},
                                    {.worker = "first", .token = "t", .repeats = true});

    EXPECT_EQ(late.hold, jobs::Hold::lost);
    EXPECT_FALSE(late.next);
    EXPECT_EQ(status("llm-2").status, "waiting");
    EXPECT_EQ(complete(second), jobs::Hold::held);
}

TEST_P(JobEnds, AnEndThatIsRepeatedGetsTheJobThatTheLostAnswerSpokeOf) {
    ASSERT_TRUE(enqueue({job("1")}));
    ASSERT_TRUE(enqueue({job("2")}));
    ASSERT_TRUE(enqueue({job("3")}));
    const auto first = *claim();
    jobs::NextClaim next{.worker = "w", .token = "t"};
    (void)end_and_claim(first, jobs::Completed{"{}"}, next);

    next.repeats = true;
    const auto again = end_and_claim(first, jobs::Completed{"{}"}, next);

    ASSERT_TRUE(again.next);
    EXPECT_EQ(again.next->job.job_id, "llm-2");
    EXPECT_EQ(again.next->attempt, 1);
    EXPECT_EQ(status("llm-3").status, "waiting");
    EXPECT_EQ(complete(*again.next), jobs::Hold::held);
}

TEST_P(JobEnds, AFailureIsRetriedUntilTheLastAttemptWhichLeavesADeadLetter) {
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

TEST_P(JobEnds, AVerdictIsNotRetriedAndIsNoDeadLetter) {
    ASSERT_TRUE(enqueue({job("1")}));

    EXPECT_EQ(end(*claim(), jobs::Failed{"the key was revoked"}), jobs::Hold::held);

    EXPECT_EQ(status("llm-1").status, "failed");
    EXPECT_EQ(status("llm-1").error, "the key was revoked");
    EXPECT_EQ(metrics().dead, 0U);
    EXPECT_FALSE(claim());
}

TEST_P(JobEnds, ACauseIsShortTextWithoutControlCharacters) {
    ASSERT_TRUE(enqueue({job("1"), job("2")}));

    end(*claim(), jobs::Failed{"a\nb\xff\x01"});
    end(*claim(), jobs::Failed{std::string(100'000, 'x')});

    EXPECT_EQ(status("llm-1").error, "a?b??");
    EXPECT_EQ(status("llm-2").error->size(), 2'000U);
}

TEST_P(JobEnds, AResultThatIsTooLargeIsAFailureThatSaysSo) {
    ASSERT_TRUE(enqueue({job("1")}));

    complete(*claim(), std::string(domain::job_result_bytes_max + 1, '7'));

    EXPECT_EQ(status("llm-1").status, "failed");
    EXPECT_THAT(*status("llm-1").error, HasSubstr(std::to_string(domain::job_result_bytes_max)));
}

TEST_P(JobEndsAfterLapses, AJobThatNoWorkerEndedSaysSoAndWhatFailedBefore) {
    ASSERT_TRUE(enqueue({job("1")}));
    end(*claim_soon(), jobs::Failed{.cause = "the model is away", .retry = true});
    for (int attempt = 2; attempt <= 3; ++attempt) EXPECT_EQ(claim_soon()->attempt, attempt);

    EXPECT_TRUE(eventually([&] { return !claim() && status("llm-1").status == "failed"; }));

    EXPECT_THAT(*status("llm-1").error,
                AllOf(HasSubstr("3 attempts"), HasSubstr("failed: the model is away")));
}

}  // namespace
}  // namespace tutti::services
