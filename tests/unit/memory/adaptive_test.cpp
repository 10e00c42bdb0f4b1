// What holds whoever is evicted, and what the adaptive eviction is for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tutti/memory_cache.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/memory/inspector.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using testing::MemoryCacheInspector;

struct Adaptive : ::testing::Test {
    // As a cache in front of a source is used. True: a hit.
    bool ask(int key) {
        if (cache.get(key)) return true;
        cache.put(key, key);
        return false;
    }
    int hits_of_loop(int from, int to) {
        int hits = 0;
        for (int key = from; key < to; ++key) hits += ask(key);
        return hits;
    }
    void TearDown() override { MemoryCacheInspector::validate(cache); }

    testing::ManualClock clock;
    MemoryCache<int, int> cache{{.ttl = 1h, .bound = entries(100), .clock = &clock}};
};

TEST_F(Adaptive, ALoopOverMoreKeysThanFitFindsSomeOfThem) {
    for (int round = 0; round < 5; ++round) hits_of_loop(0, 1000);

    EXPECT_GT(hits_of_loop(0, 1000), 60) << "an lru finds none";
}

TEST_F(Adaptive, WhatIsUsedOftenOutlivesAScan) {
    for (int round = 0; round < 5; ++round) hits_of_loop(0, 50);

    hits_of_loop(1000, 3000);

    EXPECT_GT(hits_of_loop(0, 50), 45);
}

TEST_F(Adaptive, WhatIsUsedLatelyIsThereWhenTheUsesMoveOn) {
    for (int round = 0; round < 5; ++round) hits_of_loop(0, 100);

    for (int round = 0; round < 10; ++round) hits_of_loop(500, 580);

    EXPECT_GT(hits_of_loop(500, 580), 72);
}

TEST_F(Adaptive, WhatHasExpiredGoesWithHalfAsManyInsertions) {
    for (int key = 0; key < 40; ++key) cache.put(key, key, 1s);
    clock.advance(2s);

    for (int key = 100; key < 130; ++key) cache.put(key, key);

    EXPECT_EQ(cache.size(), 30U);
    EXPECT_EQ(cache.evictions(), 0U);
    EXPECT_EQ(cache.expirations(), 40U);
}

TEST(AdaptiveShards, FillTheBoundBeforeAnythingIsEvicted) {
    constexpr std::size_t limit = 65'536;
    MemoryCache<std::size_t, int> cache({.ttl = 1h, .bound = entries(limit)});

    for (std::size_t key = 0; key < limit; ++key) cache.put(key, 1);
    EXPECT_EQ(cache.size(), limit);
    EXPECT_EQ(cache.evictions(), 0U);
    for (std::size_t key = limit; key < limit + 1000; ++key) cache.put(key, 1);

    EXPECT_EQ(cache.size(), limit);
    EXPECT_EQ(cache.evictions(), 1000U);
    MemoryCacheInspector::validate(cache);
}

TEST(AdaptiveShards, MakeRoomForEachOther) {
    constexpr std::size_t limit = 4U << 20;  // several shards
    MemoryCache<int, std::size_t> cache({
        .ttl = 1h,
        .bound = bytes(limit),
        .weigher = [](const int&, const std::size_t& value) { return value; },
    });
    for (int key = 0; key < 64; ++key) cache.put(key, limit / 64);
    EXPECT_EQ(cache.weight(), limit);

    EXPECT_TRUE(cache.put(100, limit / 2));
    EXPECT_TRUE(cache.contains(100));
    EXPECT_TRUE(cache.put(101, limit));

    EXPECT_EQ(cache.size(), 1U);
    EXPECT_EQ(cache.get(101), limit);
    MemoryCacheInspector::validate(cache);
}

TEST(MemoryCacheRead, GivesTheValueInPlace) {
    MemoryCache<std::string, std::string> cache({.ttl = 1h, .bound = entries(10)});
    cache.put("a", "a long value that is not copied to be measured");
    const auto length = [](const std::string& value) { return value.size(); };

    EXPECT_EQ(cache.read("a", length), 46U);
    EXPECT_EQ(cache.read("b", length), std::nullopt);
}

TEST(MemoryCacheRead, KeepsAValueThatIsRemovedMeanwhile) {
    MemoryCache<std::string, std::string> cache({.ttl = 1h, .bound = entries(10)});
    cache.put("a", std::string(100, 'x'));

    const auto last = cache.read("a", [&](const std::string& value) {
        cache.clear();
        cache.put("a", std::string(100, 'y'));
        return value.back();
    });

    EXPECT_EQ(last, 'x');
    EXPECT_EQ(cache.get("a"), std::string(100, 'y'));
}

// kind, key, value or ticks
using Step = std::tuple<int, int, int>;

RC_GTEST_PROP(AdaptiveModel, ServesTheLatestLiveValueOrNothing, (const std::vector<Step>& steps)) {
    const auto limit = *rc::gen::inRange<std::size_t>(1, 20);
    testing::ManualClock clock;
    MemoryCache<int, int> cache({.ttl = 5ns, .bound = entries(limit), .clock = &clock});
    std::map<int, std::pair<int, TimePoint>> latest;
    for (const auto& [kind, wide_key, value] : steps) {
        const int key = wide_key % 16;
        switch (static_cast<unsigned>(kind) % 5) {
        case 0:
        case 1:
            RC_ASSERT(cache.put(key, value));
            latest[key] = {value, clock.now()};
            RC_ASSERT(cache.contains(key));
            break;
        case 2:
            cache.erase(key);
            latest.erase(key);
            break;
        case 3: clock.advance(1ns); break;
        default:
            if (const auto got = cache.get(key)) {
                RC_ASSERT(latest.contains(key));
                RC_ASSERT(*got == latest[key].first);
                RC_ASSERT(clock.now() - latest[key].second <= 5ns);
            }
        }
        RC_ASSERT(cache.size() <= limit);
    }
    MemoryCacheInspector::validate(cache);
    RC_ASSERT(!::testing::Test::HasFailure());
}

}  // namespace
}  // namespace tutti
