// What the scripts of mutants have in common. Each says whether the promises held.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "simulation/fleet.hpp"
#include "support/broken_rule.hpp"
#include "tutti/invalidation.hpp"

namespace tutti::simulation {

using mutants::Rule;

inline void warm(Fleet& fleet, std::size_t row) {
    for (std::size_t place = 0; place < fleet.size(); ++place) fleet.get(place, Fleet::users, row);
    fleet.run_for(std::chrono::milliseconds(50));
}

inline void watch(Fleet& fleet, Duration length) {
    for (const TimePoint end = fleet.now() + length; fleet.now() < end && fleet.kept();) {
        fleet.run_for(std::chrono::milliseconds(5));
        for (std::size_t place = 0; place < fleet.size(); ++place) fleet.peek_everything(place);
    }
}

// That no row carries.
inline void invalidate_other_tags(Fleet& fleet, std::size_t place, int count) {
    std::vector<std::string> tags;
    for (int tag = 0; tag < count; ++tag) tags.push_back("other " + std::to_string(tag));
    fleet.node(place).cache(Fleet::labels).invalidate_tags(tags, [](const Invalidation&) {});
}

inline void expect_needed(Rule rule, const std::function<bool()>& script) {
    EXPECT_TRUE(script()) << "with the rule";
    const mutants::BrokenRule broken(rule);
    EXPECT_FALSE(script()) << "without the rule";
}

// The same where it depends on how long messages happen to take.
inline void expect_needed(Rule rule, const std::function<bool(std::uint64_t seed)>& script) {
    constexpr std::uint64_t seeds = 40;
    std::uint64_t broken_seed = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        EXPECT_TRUE(script(seed)) << "with the rule, seed " << seed;
        const mutants::BrokenRule broken(rule);
        if (!script(seed)) broken_seed = seed;
    }
    EXPECT_GT(broken_seed, 0U) << "without the rule, in none of " << seeds << " seeds";
}

}  // namespace tutti::simulation
