// Shards have one holder at most, and soon one again, in every storm; and each rule of that is
// needed: with it switched off the checker finds a broken promise within a few seeds, and on the
// same seed none with it.
#include "simulation/assignment/assignment_storm.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <ostream>

#include "support/broken_rule.hpp"
#include "support/mutants.hpp"

namespace tutti::simulation {

void PrintTo(const AssignmentScenario& scenario, std::ostream* out) { *out << scenario.name; }

namespace {

using namespace std::chrono_literals;

class AssignmentStorms : public ::testing::TestWithParam<AssignmentScenario> {};

TEST_P(AssignmentStorms, KeepEveryPromise) {
    constexpr std::uint64_t seeds = 40;
    AssignmentOutcome total;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const auto outcome = simulate_assignment(GetParam(), seed);
        EXPECT_EQ(outcome.violation, "") << "seed " << seed;
        total.tenures += outcome.tenures;
        total.resumed += outcome.resumed;
        total.kills += outcome.kills;
        total.unserved_max = std::max(total.unserved_max, outcome.unserved_max);
    }
    std::cout << total.tenures << " tenures, " << total.resumed << " of them resumed, "
              << total.kills << " kills, after which a shard was unserved for "
              << total.unserved_max / 1ms << " ms at most\n";
    EXPECT_GE(total.tenures, seeds * 7);
}
INSTANTIATE_TEST_SUITE_P(All, AssignmentStorms,
                         ::testing::ValuesIn(assignment_scenarios().begin(),
                                             assignment_scenarios().end()),
                         ::testing::PrintToStringParamName());

// A shard moves while instances start, and later only for a reason.
void expect_no_more_moves_than_calm(const AssignmentScenario& scenario) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        EXPECT_LE(simulate_assignment(scenario, seed).tenures,
                  simulate_assignment({.name = ""}, seed).tenures)
            << "seed " << seed;
    }
}

TEST(AssignmentStorm, EmptyingTheRegisterMovesNoShard) {
    expect_no_more_moves_than_calm({.name = "", .empties = 0.05});
}

TEST(AssignmentStorm, ARestartOfTheServerMovesNoShard) {
    expect_no_more_moves_than_calm({.name = "", .restarts = 0.05, .set_backs = 0.05});
}

class AssignmentMutants : public ::testing::TestWithParam<mutants::Mutant> {};

TEST_P(AssignmentMutants, IsCaughtByAStorm) {
    constexpr std::uint64_t seeds_max = 300;
    const AssignmentScenario& chosen = assignment_scenario(GetParam().storm);

    std::uint64_t seed = 0;
    AssignmentOutcome outcome;
    do {
        const mutants::BrokenRule broken(GetParam().rule);
        outcome = simulate_assignment(chosen, ++seed);
    } while (outcome.violation.empty() && seed < seeds_max);

    EXPECT_NE(outcome.violation, "") << "not within " << seeds_max << " seeds";
    EXPECT_EQ(simulate_assignment(chosen, seed).violation, "") << "seed " << seed;
    std::cout << "seed " << seed << ": " << outcome.violation << "\n";
}

INSTANTIATE_TEST_SUITE_P(All, AssignmentMutants, ::testing::ValuesIn(mutants::of_storms()),
                         ::testing::PrintToStringParamName());

TEST(AssignmentStorm, ASeedIsOneRun) {
    const auto first = simulate_assignment(assignment_scenario("everything"), 7);
    const auto again = simulate_assignment(assignment_scenario("everything"), 7);

    EXPECT_EQ(first.violation, again.violation);
    EXPECT_EQ(first.tenures, again.tenures);
    EXPECT_EQ(first.kills, again.kills);
    EXPECT_EQ(first.unserved_max, again.unserved_max);
}

}  // namespace
}  // namespace tutti::simulation
