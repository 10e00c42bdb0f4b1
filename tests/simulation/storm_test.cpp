// Every scenario with a fixed set of seeds, so that everybody is told the same. `./test simulation
// --seed N` plays a single one, and `./test long` draws fresh ones.
#include "simulation/storm.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>
#include <ostream>
#include <string>
#include <vector>

namespace tutti::simulation {

void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

namespace {

// A sanitizer makes each of them twenty times as long, and sees the same code in all.
#ifdef __has_feature
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif
constexpr std::uint64_t fixed_seeds = sanitized ? 3 : 20;

std::vector<std::uint64_t> seeds() {
    if (const char* given = std::getenv("TUTTI_SEED")) return {std::strtoull(given, nullptr, 10)};
    std::vector<std::uint64_t> all(fixed_seeds);
    std::iota(all.begin(), all.end(), 1);
    return all;
}

class Storms : public ::testing::TestWithParam<Scenario> {};

TEST_P(Storms, KeepEveryPromise) {
    for (const std::uint64_t seed : seeds()) {
        const Outcome outcome = simulate(GetParam(), seed);

        ASSERT_TRUE(outcome.kept())
            << GetParam().name << ", replay with ./test simulation --seed " << seed << "\n"
            << outcome.report;
    }
}

TEST_P(Storms, AreTheSameForTheSameSeed) {
    const std::uint64_t seed = seeds().back();

    EXPECT_EQ(simulate(GetParam(), seed).hash, simulate(GetParam(), seed).hash)
        << "seed " << seed << ": something decides that the seed does not";
}

TEST(Storm, DiffersForAnotherSeed) {
    EXPECT_NE(simulate(scenario("calm"), 1).hash, simulate(scenario("calm"), 2).hash);
}

TEST(Storm, ChecksHitsOfSomeOfItsCaches) {
    for (const char* name : {"everything", "swarm"}) {
        std::uint64_t checks = 0;
        for (const std::uint64_t seed : seeds())
            checks += simulate(scenario(name), seed).counts.checks;

        EXPECT_GT(checks, 0U) << name;
    }
}

// The same accidents, and caches that ask nobody: a checker that kept quiet would keep quiet about
// validated ones, too.
TEST(Storm, FindsWhatALeaseServesWhoseClockStoodStill) {
    Scenario by_lease = scenario("frozen");
    by_lease.validated = false;
    std::uint64_t seed = 1;
    while (seed < 20 && simulate(by_lease, seed).kept()) ++seed;

    EXPECT_EQ(simulate(by_lease, seed).broken.substr(0, 1), "A");
    EXPECT_TRUE(simulate(scenario("frozen"), seed).kept());
}

INSTANTIATE_TEST_SUITE_P(All, Storms, ::testing::ValuesIn(scenarios().begin(), scenarios().end()),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace tutti::simulation
