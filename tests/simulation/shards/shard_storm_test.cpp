// A shard keeps its promises in every storm, and the checker notices when they are broken.
#include "simulation/shards/shard_storm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <ostream>
#include <string>

namespace tutti::simulation {

void PrintTo(const ShardScenario& scenario, std::ostream* out) { *out << scenario.name; }

namespace {

class ShardStorms : public ::testing::TestWithParam<ShardScenario> {};

TEST_P(ShardStorms, KeepEveryPromise) {
    ShardOutcome total;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const auto outcome = simulate_shard(GetParam(), seed);
        EXPECT_EQ(outcome.violation, "") << "seed " << seed;
        total.events += outcome.events;
        total.connects += outcome.connects;
        total.resumes += outcome.resumes;
        total.identifies += outcome.identifies;
        total.given_up += outcome.given_up;
    }
    std::cout << total.events << " events, " << total.connects << " connects, " << total.resumes
              << " resumes, " << total.identifies << " identifies, " << total.given_up
              << " sessions given up\n";
    EXPECT_GT(total.events, 10'000U);
    EXPECT_LE(total.given_up * 100, total.resumes + 100);
}
INSTANTIATE_TEST_SUITE_P(All, ShardStorms,
                         ::testing::ValuesIn(shard_scenarios().begin(), shard_scenarios().end()),
                         ::testing::PrintToStringParamName());

// Within a few seeds.
std::string violation_of(const ShardScenario& scenario) {
    std::string violation;
    for (std::uint64_t seed = 1; seed <= 50 && violation.empty(); ++seed) {
        violation = simulate_shard(scenario, seed).violation;
    }
    return violation;
}

TEST(ShardStorm, AReplayThatLeavesAnEventOutIsNoticed) {
    EXPECT_THAT(violation_of({.name = "", .cuts = 0.1, .forgetful_replay = true}),
                ::testing::HasSubstr("follows event"));
}

TEST(ShardStorm, ADiscordThatAcknowledgesNothingCostsConnectionsAndNoEvent) {
    EXPECT_EQ(violation_of({.name = "", .acknowledges = false}), "");
    EXPECT_GT(simulate_shard({.name = "", .acknowledges = false}, 1).resumes, 3U);
}

TEST(ShardStorm, ASeedIsOneRun) {
    const auto& everything = shard_scenarios().back();
    const auto first = simulate_shard(everything, 7);
    const auto again = simulate_shard(everything, 7);

    EXPECT_EQ(first.violation, again.violation);
    EXPECT_EQ(first.events, again.events);
    EXPECT_EQ(first.connects, again.connects);
}

}  // namespace
}  // namespace tutti::simulation
