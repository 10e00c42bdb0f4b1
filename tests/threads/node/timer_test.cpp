#include <gtest/gtest.h>

#include <barrier>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "load/counters.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

TEST(Timer, WhatManyThreadsTimeAddsUp) {
    constexpr int threads = 40;  // some have to share their cells
    constexpr int each = 1000;
    Timer<WaitTimes> timer;
    {
        std::barrier together(threads);
        std::vector<std::jthread> running;
        for (int i = 0; i < threads; ++i) {
            running.emplace_back([&] {
                together.arrive_and_wait();
                for (int n = 0; n < each; ++n) timer.add(1ms);
                together.arrive_and_wait();  // none gives its cells to another
            });
        }
    }

    const WaitTimes times = timer.get();

    EXPECT_EQ(times.count(), std::uint64_t{threads} * each);
    EXPECT_EQ(times.total, threads * each * 1ms);
}

}  // namespace
}  // namespace tutti
