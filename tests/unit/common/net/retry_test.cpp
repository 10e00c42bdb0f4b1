#include "common/net/retry.hpp"

#include <gtest/gtest.h>

namespace tutti::services::net {
namespace {

using namespace std::chrono_literals;

TEST(RetryPauses, DoubleUpToALimitWithinAFifth) {
    const RetryPauses pauses{.first = 1s, .last = 5s};
    const auto expect = [&](int attempts, Duration wanted) {
        const Duration pause = retry_after(pauses, attempts);
        EXPECT_GE(pause, wanted * 4 / 5) << attempts;
        EXPECT_LE(pause, wanted * 6 / 5) << attempts;
    };

    expect(0, 1s);
    expect(1, 2s);
    expect(2, 4s);
    expect(3, 5s);
    expect(1'000'000, 5s);
}

}  // namespace
}  // namespace tutti::services::net
