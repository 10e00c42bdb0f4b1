// A storm that breaks a promise tells little; the few of its actions that do it tell why.
#include "simulation/shrink.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "simulation/storm.hpp"
#include "support/broken_rule.hpp"

namespace tutti::simulation {
namespace {

std::uint64_t first_that_breaks(const Scenario& storm) {
    std::uint64_t seed = 1;
    while (seed < 100 && simulate(storm, seed).kept()) ++seed;
    return seed;
}

class Shrinking : public ::testing::Test {
protected:
    const Scenario& storm = scenario("lossy");
    const mutants::BrokenRule broken{mutants::Rule::gaps_are_replayed};
    const std::uint64_t seed = first_that_breaks(storm);
};

TEST_F(Shrinking, LeavesFewActionsThatBreakTheSamePromise) {
    std::vector<std::size_t> steps;

    const Shrunk found = shrink(storm, seed, [&](std::size_t left) { steps.push_back(left); });

    EXPECT_NE(found.outcome.broken, "");
    EXPECT_EQ(found.outcome.broken, simulate(storm, seed).broken);
    EXPECT_GT(found.of, 100U);
    EXPECT_LT(found.actions.size() * 50, found.of);
    EXPECT_EQ(steps.back(), found.actions.size());
    EXPECT_EQ(simulate(storm, seed, found.actions).hash, found.outcome.hash);
}

TEST_F(Shrinking, NoneOfWhatIsLeftIsThereInVain) {
    const Shrunk found = shrink(storm, seed);

    for (std::size_t one = 0; one < found.actions.size(); ++one) {
        auto without = found.actions;
        without.erase(without.begin() + static_cast<std::ptrdiff_t>(one));
        EXPECT_NE(simulate(storm, seed, without).broken, found.outcome.broken)
            << "action " << found.actions[one];
    }
}

TEST_F(Shrinking, AStormOfAllItsActionsIsTheStorm) {
    const Outcome whole = simulate(storm, seed);
    std::vector<std::size_t> all(whole.actions);
    for (std::size_t action = 0; action < all.size(); ++action) all[action] = action;

    EXPECT_EQ(simulate(storm, seed, all).hash, whole.hash);
    EXPECT_TRUE(simulate(storm, seed, std::vector<std::size_t>{}).kept());
}

TEST(Swarm, EachSeedHasSomeOfTheAccidents) {
    const Scenario& swarm = scenario("swarm");
    std::vector<std::size_t> seen(incident_count);
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const Scenario drawn = of_seed(swarm, seed);
        std::size_t chosen = 0;
        for (std::size_t incident = 0; incident < incident_count; ++incident) {
            const bool there = drawn.weights.at(incident) > 0;
            chosen += there ? 1 : 0;
            seen[incident] += there ? 1 : 0;
        }
        EXPECT_LT(chosen, incident_count);
    }
    for (std::size_t incident = 0; incident < incident_count; ++incident) {
        if (swarm.weights.at(incident) == 0) continue;  // has a scenario of its own
        EXPECT_GT(seen[incident], 10U) << incident;
        EXPECT_LT(seen[incident], 75U) << incident;
    }
}

}  // namespace
}  // namespace tutti::simulation
