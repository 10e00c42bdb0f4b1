// Jobs that wait for others: a parent and its children.
#include <gmock/gmock.h>

#include "integration/common/jobs/job_contract.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class JobFamilies : public WithLongLeases {};
TUTTI_ON_BOTH_WORLDS(JobFamilies);
class JobFamiliesOfShortLeases : public WithShortLeases {};
TUTTI_ON_BOTH_WORLDS(JobFamiliesOfShortLeases);

TEST_P(JobFamilies, AParentIsHandedOutWhenAllItsChildrenHaveEnded) {
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

TEST_P(JobFamilies, AParentHearsWhyAChildFailedAndGoesOn) {
    ASSERT_TRUE(enqueue({job("a"), parent_of("p", {"a"})}));

    end(*claim(), jobs::Failed{"no such picture"});

    const auto parent = claim();
    ASSERT_TRUE(parent);
    const auto ends = world->source().children(parent->job, soon()).value();
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].outcome, jobs::JobOutcome(jobs::Failed{"no such picture"}));
}

TEST_P(JobFamiliesOfShortLeases, AParentGoesOnWhenNoWorkerCouldEndItsChild) {
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

TEST_P(JobFamilies, AChildStandsBeforeItsOnlyParent) {
    EXPECT_EQ(enqueue({parent_of("p", {"a"}), job("a")}).error().code, Errc::invalid_option);
    EXPECT_EQ(enqueue({parent_of("p", {"p"})}).error().code, Errc::invalid_option);
    EXPECT_EQ(enqueue({job("a"), parent_of("p", {"a"}), parent_of("q", {"a"})}).error().code,
              Errc::invalid_option);
    EXPECT_FALSE(claim());
}

}  // namespace
}  // namespace tutti::services
