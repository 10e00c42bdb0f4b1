#include "base/backoff.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace tutti {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesToItsLimitAndStartsAgainAfterReset) {
    Backoff backoff(50ms, 3s);
    for (const Duration pause : {50ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3000ms, 3000ms}) {
        EXPECT_EQ(backoff.next(), pause);
    }

    backoff.reset();

    EXPECT_EQ(backoff.next(), 50ms);
}

TEST(Backoff, ARandomPartIsNeverZeroAndAtMostTheWhole) {
    Backoff backoff(50ms, 3s);
    const auto longest = [&](Duration limit) {
        return backoff.next(static_cast<std::uint64_t>(limit.count()) - 1);
    };

    EXPECT_EQ(backoff.next(0), 1ns);
    EXPECT_EQ(longest(100ms), 100ms);
    EXPECT_EQ(longest(200ms), 200ms);
    for (int i = 0; i < 10; ++i) (void)backoff.next(0);
    EXPECT_EQ(longest(3s), 3s);
}

}  // namespace
}  // namespace tutti
