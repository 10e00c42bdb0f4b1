// The promises on real threads, and that the checker would notice: each of these rules, switched
// off, is caught in one run, because an accident goes where it is needed.
#include "stress/stress.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "support/broken_rule.hpp"
#include "support/mutants.hpp"

namespace tutti::stress {
namespace {

using mutants::Rule;

TEST(Stress, ReadersOnRealThreadsSeeWhatTheyWerePromised) {
    const Findings found = stress({});

    for (const std::string& violation : found.violations) ADD_FAILURE() << violation;
    EXPECT_GT(found.memory_hits, found.reads / 10) << "a cache that never answers proves nothing";
    EXPECT_GT(found.done, 100U);
}

class StressMutants : public ::testing::TestWithParam<Rule> {};

TEST_P(StressMutants, IsCaughtOnRealThreads) {
    const mutants::BrokenRule broken(GetParam());

    const Findings found = stress({});

    ASSERT_FALSE(found.kept());
    std::cout << found.violations.front() << "\n";
}

INSTANTIATE_TEST_SUITE_P(All, StressMutants,
                         ::testing::Values(Rule::serve_only_under_lease, Rule::wait_out_before_done,
                                           Rule::poison_running_flights,
                                           Rule::poisoned_fill_nothing, Rule::flush_drops_entries,
                                           Rule::capture_generation_first,
                                           Rule::join_only_clean_flights,
                                           Rule::join_only_under_lease),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace tutti::stress
