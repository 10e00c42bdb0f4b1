// "No limit" stays none, whatever is added to it.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "tutti/clock.hpp"
#include "tutti/policy.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint now{std::chrono::hours{1000}};

TEST(SaturatingTime, IsOrdinaryWhereNothingOverflows) {
    static_assert(saturating_add(now, 3s) == now + 3s);
    static_assert(saturating_add(now, -3s) == now - 3s);
    static_assert(saturating_add(now, 0s) == now);
    static_assert(saturating_add(2s, 3s) == Duration{5s});
    static_assert(saturating_multiply(3s, 4) == Duration{12s});
    static_assert(saturating_multiply(-3s, 4) == Duration{-12s});
    SUCCEED();
}

TEST(SaturatingTime, AnOptionTakesWhatIsTooLongForTheLongest) {
    static_assert(OptionDuration(std::chrono::hours::max()) == Duration::max());
    static_assert(OptionDuration(std::chrono::hours::min()) == Duration::min());
    static_assert(OptionDuration(3s) == Duration{3s});
    static_assert(OptionDuration() == Duration::zero());
    SUCCEED();
}

TEST(SaturatingTime, EndsAtTheLongestAndTheShortest) {
    static_assert(saturating_add(now, Duration::max()) == TimePoint::max());
    static_assert(saturating_add(TimePoint::max(), Duration::max()) == TimePoint::max());
    static_assert(saturating_add(TimePoint::min(), Duration::min()) == TimePoint::min());
    static_assert(saturating_add(Duration::max(), 1ns) == Duration::max());
    static_assert(saturating_multiply(Duration::max(), 2) == Duration::max());
    static_assert(saturating_multiply(Duration::max(), -2) == Duration::min());
    static_assert(saturating_multiply(Duration::min(), 2) == Duration::min());
    static_assert(saturating_multiply(Duration::min(), -1) == Duration::max());
    SUCCEED();
}

TEST(SaturatingTime, WhatIsLeftCanBeAddedToAnyClock) {
    static_assert(time_left(now + 3s, now) == 3s);
    static_assert(time_left(now, now) == 0s);
    static_assert(time_left(TimePoint::min(), now) == 0s);
    static_assert(time_left(TimePoint::max(), now) == std::chrono::years(100));
    static_assert(time_left(TimePoint::max(), TimePoint::max() - 1s) == 0s + 1s);
    SUCCEED();
}

TEST(SaturatingTime, ATtlOfAnyUnitIsInRange) {
    EXPECT_EQ(Ttl(30s).lifetime(), 30s);
    EXPECT_EQ(Ttl(std::chrono::hours::max()).lifetime(), Duration::max());
    EXPECT_EQ(Ttl(std::chrono::years(5000)).lifetime(), Duration::max());
    EXPECT_EQ(Ttl(Duration::max()).lifetime(), Duration::max());
    EXPECT_FALSE(Ttl(std::chrono::hours::min()).valid());
    constexpr double nonsense = std::numeric_limits<double>::quiet_NaN();
    EXPECT_FALSE(Ttl(std::chrono::duration<double>(nonsense)).valid());
}

}  // namespace
}  // namespace tutti
