// Many threads on one cache. What each operation promises must hold; ThreadSanitizer checks the
// rest.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tutti/memory_cache.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/memory/inspector.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using testing::MemoryCacheInspector;

constexpr int thread_count = 4;

// Runs `work(thread)` in all threads at once.
template <class F>
void in_parallel(F work) {
    std::latch start(thread_count);
    std::vector<std::jthread> threads;
    threads.reserve(thread_count);
    for (int t = 0; t < thread_count; ++t) {
        threads.emplace_back([&, t] {
            start.arrive_and_wait();
            work(t);
        });
    }
}

TEST(MemoryCacheThreads, AreNeverGivenAnotherKeysValue) {
    testing::ManualClock clock;
    MemoryCache<std::string, std::shared_ptr<const std::string>> cache({
        .ttl = 20ns,
        .bound = bytes(64),
        .weigher = [](const auto& key, const auto&) { return key.size(); },
        .clock = &clock,
    });
    std::atomic<int> wrong = 0;

    in_parallel([&](int t) {
        for (int i = 0; i < 5000; ++i) {
            const std::string key(static_cast<std::size_t>((i * 7 + t) % 20 + 1), 'k');
            const auto value = std::make_shared<const std::string>(key);
            if (i % 3 == 0) cache.put(key, value);
            if (i % 50 == 0) cache.update(key, [&](const auto*) { return std::optional(value); });
            if (i % 70 == 0) cache.erase(key);
            if (i % 500 == 0) cache.sweep();
            if (i % 1700 == 0) cache.clear();
            if (const auto got = cache.get(key); got && **got != key) ++wrong;
            if (cache.weight() > 64) ++wrong;
            clock.advance(1ns);
        }
    });

    EXPECT_EQ(wrong, 0);
    MemoryCacheInspector::validate(cache);
}

TEST(MemoryCacheThreads, LoseNoUpdate) {
    MemoryCache<int, int> cache({.ttl = 1h, .bound = entries(2)});

    in_parallel([&](int) {
        for (int i = 0; i < 5000; ++i) {
            cache.update(1, [](const int* live) { return live == nullptr ? 1 : *live + 1; });
        }
    });

    EXPECT_EQ(cache.get(1), thread_count * 5000);
}

TEST(MemoryCacheThreads, OnlyOneIsAllowedWithinACooldown) {
    MemoryCache<int, bool> notified({.ttl = 1h, .bound = entries(1000)});
    std::atomic<int> allowed = 0;

    in_parallel([&](int) {
        for (int key = 0; key < 1000; ++key) {
            allowed += notified.update(
                key, [](const bool* live) { return live ? std::nullopt : std::optional(true); });
        }
    });

    EXPECT_EQ(allowed, 1000);
}

}  // namespace
}  // namespace tutti
