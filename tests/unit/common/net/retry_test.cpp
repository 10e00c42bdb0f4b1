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

TEST(RetryPauses, AreSpreadByTheNumberThatIsGiven) {
    const RetryPauses pauses{.first = 1s, .last = 5s};

    EXPECT_EQ(retry_after(pauses, 1, 0), 1600ms);
    EXPECT_EQ(retry_after(pauses, 1, std::uint64_t{1} << 63U), 2s);
    EXPECT_LT(retry_after(pauses, 1, ~std::uint64_t{0}), 2401ms);
    EXPECT_GT(retry_after(pauses, 1, ~std::uint64_t{0}), 2399ms);
}

}  // namespace
}  // namespace tutti::services::net
