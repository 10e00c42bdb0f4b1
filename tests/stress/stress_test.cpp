// The promises on real threads, and that the checker would notice: each of these rules, switched
// off, is caught in one run, because an accident goes where it is needed.
#include "stress/stress.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <ostream>
#include <string_view>

#include "base/rules.hpp"
#include "support/broken_rule.hpp"

namespace tutti::stress {
namespace {

TEST(Stress, ReadersOnRealThreadsSeeWhatTheyWerePromised) {
    const Findings found = stress({});

    for (const std::string& violation : found.violations) ADD_FAILURE() << violation;
    EXPECT_GT(found.memory_hits, found.reads / 10) << "a cache that never answers proves nothing";
    EXPECT_GT(found.done, 100U);
}

struct Mutant {
    std::string_view name;
    Rule rule;
};

void PrintTo(const Mutant& mutant, std::ostream* out) { *out << mutant.name; }

class StressMutants : public ::testing::TestWithParam<Mutant> {};

TEST_P(StressMutants, IsCaughtOnRealThreads) {
    const tests::BrokenRule broken(GetParam().rule);

    const Findings found = stress({});

    ASSERT_FALSE(found.kept());
    std::cout << found.violations.front() << "\n";
}

constexpr Mutant mutants[]{
    {"serve_only_under_lease", Rule::serve_only_under_lease},
    {"wait_out_before_done", Rule::wait_out_before_done},
    {"poison_running_flights", Rule::poison_running_flights},
    {"poisoned_fill_nothing", Rule::poisoned_fill_nothing},
    {"flush_drops_entries", Rule::flush_drops_entries},
    {"capture_generation_first", Rule::capture_generation_first},
    {"join_only_clean_flights", Rule::join_only_clean_flights},
    {"join_only_under_lease", Rule::join_only_under_lease},
};
INSTANTIATE_TEST_SUITE_P(All, StressMutants, ::testing::ValuesIn(mutants),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace tutti::stress
