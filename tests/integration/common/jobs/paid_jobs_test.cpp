// What is known of a call that costs money, whatever becomes of the worker that made it.
#include <gmock/gmock.h>

#include <utility>

#include "integration/common/jobs/job_contract.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

using State = jobs::PaidCall::State;

class PaidJobs : public WithLongLeases {};
TUTTI_ON_BOTH_WORLDS(PaidJobs);

TEST_P(PaidJobs, TheAnswerOfAPaidCallIsThereForTheNextAttempt) {
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

TEST_P(PaidJobs, APaidCallWithoutAnAnswerIsUnknownAndCountedOnce) {
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

TEST_P(PaidJobs, AnAnswerThatIsPaidIsTakenEvenIfItsLeaseIsLost) {
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

TEST_P(PaidJobs, APaidCallThatWasNotBilledMayBeginAgain) {
    const auto [first, second] = lose(job("1"));
    EXPECT_EQ(begin_paid(second).state, State::begun);

    EXPECT_EQ(world->source().cancel_paid(first.lease, "vision-0", soon()).value(),
              jobs::Hold::lost);
    EXPECT_EQ(begin_paid(second).state, State::unknown) << "it is the second one's";
    EXPECT_EQ(world->source().cancel_paid(second.lease, "vision-0", soon()).value(),
              jobs::Hold::held);

    EXPECT_EQ(begin_paid(second).state, State::begun);
}

TEST_P(PaidJobs, OfAnEndedJobNoPaidAnswerIsTaken) {
    ASSERT_TRUE(enqueue({job("1")}));
    const auto leased = *claim();
    (void)begin_paid(leased);
    complete(leased, "done");

    EXPECT_EQ(store_paid(leased, "a cat"), jobs::Hold::lost);
    EXPECT_EQ(begin_paid(leased).state, State::lost);
    EXPECT_EQ(status("llm-1").result, "done");
}

}  // namespace
}  // namespace tutti::services
