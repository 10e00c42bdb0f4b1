#include "soak/plan.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tests::soak {
namespace {

std::vector<Strike> strikes(std::uint64_t seed, std::size_t count) {
    StrikePlan plan(seed);
    std::vector<Strike> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(plan.next());
    return all;
}

std::vector<Step> steps(std::uint64_t seed, std::size_t channel) {
    ChannelPlan plan(seed, channel);
    std::vector<Step> all;
    for (int i = 0; i < 200; ++i) all.push_back(plan.next());
    return all;
}

TEST(SoakPlan, OneSeedIsOnePlan) {
    EXPECT_EQ(strikes(7, 100), strikes(7, 100));
    EXPECT_EQ(steps(7, 3), steps(7, 3));
}

TEST(SoakPlan, OtherSeedsAndChannelsAreOtherPlans) {
    EXPECT_NE(strikes(7, 100), strikes(8, 100));
    EXPECT_NE(steps(7, 3), steps(8, 3));
    EXPECT_NE(steps(7, 3), steps(7, 4));
}

TEST(SoakPlan, ARoundHasEveryKindOnceAndTheNextOneHasThemAgain) {
    StrikePlan plan(1);
    std::set<std::pair<Victim, Blow>> round;
    for (;;) {
        const Strike one = plan.next();
        if (!round.insert({one.victim, one.blow}).second) break;
    }
    std::set<Victim> victims;
    for (const auto& [victim, blow] : round) victims.insert(victim);

    EXPECT_EQ(victims.size(), 10U);
    EXPECT_EQ(round.size(), 32U);
}

TEST(SoakPlan, EachOfSeveralIsStruckAtSomeTime) {
    std::set<std::string> names;
    for (const Strike& one : strikes(1, 300)) names.insert(name_of(one));

    for (const char* name : {"bot 1", "bot 2", "bot 3", "gateway 1", "gateway 2", "worker 1",
                             "worker 2", "Redis", "PostgreSQL", "Discord", "the models"}) {
        EXPECT_TRUE(names.contains(name)) << name;
    }
}

TEST(SoakPlan, UsersDoEverything) {
    std::set<Deed> deeds;
    for (const Step& one : steps(1, 0)) deeds.insert(one.deed);

    EXPECT_EQ(deeds.size(), 12U);
}

}  // namespace
}  // namespace tests::soak
