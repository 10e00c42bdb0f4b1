#include "discord-stand-in/world/snowflake.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "common/process/timestamps.hpp"

namespace tutti::services::discord::world {
namespace {

constexpr process::UnixTime now{std::chrono::milliseconds(1'800'000'000'000)};

// A bot answers a message id once: two Discords that gave the same would share the answer.
TEST(Snowflakes, TwoMachinesGiveNoIdBothInTheSameMillisecond) {
    Snowflakes one(0);
    Snowflakes other(machines_max - 1);
    std::set<Snowflake> ids;

    for (int i = 0; i < 5'000; ++i) ids.insert({one.next(now), other.next(now)});
    for (int i = 0; i < 5'000; ++i) ids.insert({one.next_spread(now), other.next_spread(now)});

    EXPECT_EQ(ids.size(), 20'000U);
}

TEST(Snowflakes, FollowEachOtherAndSayWhenTheyWereGiven) {
    Snowflakes ids(7);
    const Snowflake first = ids.next(now);

    const Snowflake same_moment = ids.next(now);
    const Snowflake earlier_clock = ids.next(now - std::chrono::hours(1));

    EXPECT_LT(first, same_moment);
    EXPECT_LT(same_moment, earlier_clock);
    EXPECT_EQ(time_of(first), now);
    EXPECT_EQ(time_of(earlier_clock), now);
}

TEST(Snowflakes, SpreadOnesAreOfAMillisecondEach) {
    Snowflakes ids(7);
    const Snowflake first = ids.next_spread(now);

    const Snowflake second = ids.next_spread(now);

    EXPECT_EQ(time_of(second) - time_of(first), std::chrono::milliseconds(1));
}

}  // namespace
}  // namespace tutti::services::discord::world
