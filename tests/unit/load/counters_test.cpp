#include "load/counters.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <set>

#include "base/cache_counters.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

TEST(Counters, EachThatALoadCountsIsInTheSnapshot) {
    LoadCounters counters;
    std::uint64_t last = 0;
#define TUTTI_COUNT(member, kind, words, help) counters.member.add(++last);
    TUTTI_CACHE_COUNTERS(TUTTI_COUNT)
#undef TUTTI_COUNT

    const CacheCounters snapshot = counters.snapshot();

    std::multiset<std::uint64_t> counted;
    for (const CounterName& name : counter_names) counted.insert(snapshot.*name.count);
    ASSERT_EQ(counter_names.size(), last);
    for (std::uint64_t count = 1; count <= last; ++count) EXPECT_EQ(counted.count(count), 1U);
}

TEST(Counters, EachIsPartOfASum) {
    CacheCounters sum;
    CacheCounters other;
    std::uint64_t last = 0;
    for (const CounterName& name : counter_names) {
        sum.*name.count = 1000;
        other.*name.count = ++last;
    }
    other.load_times.counts.front() = 3;
    other.load_times.total = 2s;
    other.wait_times.counts.back() = 5;
    other.hit_times.emplace().counts.front() = 7;

    sum += other;
    sum += CacheCounters{.load_times = other.load_times, .hit_times = other.hit_times};

    for (const CounterName& name : counter_names) {
        EXPECT_EQ(sum.*name.count, 1000 + other.*name.count) << name.name;
    }
    EXPECT_EQ(sum.load_times.counts.front(), 6U);
    EXPECT_EQ(sum.load_times.total, 4s);
    EXPECT_EQ(sum.wait_times.counts.back(), 5U);
    EXPECT_EQ(sum.hit_times.value_or(HitTimes{}).counts.front(), 14U);
}

TEST(Counters, HitsThatNoProcessMeasuresAreNotMeasuredInTheSum) {
    CacheCounters sum;

    sum += CacheCounters{};

    EXPECT_FALSE(sum.hit_times);
}

TEST(Counters, ALoadIsCountedUnderTheFirstLimitThatItKeeps) {
    Timer<LoadTimes> timer;
    timer.add(1ms);  // exactly the first
    timer.add(1001us);
    timer.add(-5ms);  // a clock that went back
    timer.add(60s);
    timer.add(61s);  // above all

    const LoadTimes times = timer.get();

    EXPECT_EQ(times.counts.front(), 2U);
    EXPECT_EQ(times.counts[1], 1U);
    EXPECT_EQ(times.counts[LoadTimes::limits_seconds.size() - 1], 1U);
    EXPECT_EQ(times.counts.back(), 1U);
    EXPECT_EQ(times.total, 1ms + 1001us + 60s + 61s);
}

}  // namespace
}  // namespace tutti
