#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <random>

#include "tutti/memory_cache.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/memory/inspector.hpp"
#include "unit/memory/interleaved/plays.hpp"

namespace tutti::testing {
namespace {

using namespace std::chrono_literals;

// What comes into the place of an entry that was erased waits behind all that were there.
void play_late_turn(std::uint64_t seed) {
    constexpr int limit = 100;
    MemoryCache<int, int> cache({.ttl = Ttl::never(), .bound = entries(limit)});
    for (int key = 0; key < limit; ++key) cache.put(key, key);
    const int last_before = limit - 1;
    const int erased = last_before - 1 - static_cast<int>(seed % 7);  // it is still on trial
    cache.erase(erased);
    cache.put(limit, limit);

    for (int key = limit + 1; cache.contains(limit); ++key) {
        ASSERT_LT(key, 3 * limit) << "it never leaves";
        cache.put(key, key);
    }

    ASSERT_FALSE(cache.contains(last_before)) << "it left before one that came before it";
}

// Erased, expired, overwritten and evicted in any order.
void play_departures(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    ManualClock clock;
    MemoryCache<std::uint64_t, std::uint64_t> cache({
        .ttl = 20ns,
        .bound = bytes(60),
        .weigher = [](const auto&, const auto& value) { return value; },
        .clock = &clock,
    });
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t key = random() % 40;
        switch (random() % 8) {
        case 0:
        case 1: cache.erase(key); break;
        case 2: clock.advance(1ns); break;
        case 3:
        case 4: (void)cache.get(key); break;
        default: ASSERT_TRUE(cache.put(key, 1 + random() % 4)); ASSERT_TRUE(cache.contains(key));
        }
    }
    MemoryCacheInspector::validate(cache);
}

// What has left by another way leaves no turns behind which a search for a victim has to pass.
void play_few_astray(std::uint64_t seed) {
    constexpr int limit = 300;
    MemoryCache<int, int> cache({.ttl = Ttl::never(),
                                 .bound = bytes(2 * limit),
                                 .weigher = [](const auto&, const auto& value) { return value; }});
    const auto fill = [&](int value) {
        for (int key = 0; key < limit; ++key) ASSERT_TRUE(cache.put(key, value));
    };
    fill(1);
    for (int key = 0; key < limit / 2; ++key) cache.erase(key);
    ASSERT_LE(MemoryCacheInspector::astray(cache), 4U) << "in the order of arrival";

    fill(1);
    fill(2);
    ASSERT_LE(MemoryCacheInspector::astray(cache), limit / 2) << "a heavier one keeps its turn";

    std::mt19937_64 random(seed);
    for (int i = 0; i < limit; ++i) cache.erase(static_cast<int>(random() % limit));
    fill(1);
    cache.clear();
    ASSERT_EQ(MemoryCacheInspector::astray(cache), 0U) << "of none";

    fill(1);
    for (int key = limit; key < 3 * limit; ++key) ASSERT_TRUE(cache.put(key, 1));
    MemoryCacheInspector::validate(cache);
}

}  // namespace

// Whose turn it is to leave, when others have left out of their turn. Without a schedule.
void play_turns(std::uint64_t seed) {
    play_late_turn(seed);
    play_departures(seed);
    play_few_astray(seed);
}

}  // namespace tutti::testing
