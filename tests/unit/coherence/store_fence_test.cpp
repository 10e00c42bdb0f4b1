#include "coherence/store_fence.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tutti {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};
constexpr Epoch first{1};
constexpr Epoch second{2};

TEST(StoreFence, CoversWhatIsAnsweredUnderALeaseOfTheSameEpoch) {
    StoreFence fence;
    fence.guard("rows");
    EXPECT_FALSE(fence.covers("rows", first, start));

    fence.renewed("rows", first, start, 3s);

    EXPECT_TRUE(fence.covers("rows", first, start + 2999ms));
    EXPECT_FALSE(fence.covers("rows", first, start + 3s));
}

TEST(StoreFence, APrimaryThatWasReplacedIsOfAnotherEpoch) {
    StoreFence fence;
    fence.guard("rows");
    fence.renewed("rows", first, start, 3s);
    fence.renewed("rows", second, start + 1s, 3s);

    EXPECT_FALSE(fence.covers("rows", first, start + 1s));
    EXPECT_TRUE(fence.covers("rows", second, start + 1s));
}

TEST(StoreFence, AfterAPublicationOnAnotherServerTheFormerOneCoversNothing) {
    StoreFence fence;
    fence.guard("rows");
    fence.renewed("rows", first, start, 3s);

    fence.published("rows", second, start + 1s);
    EXPECT_FALSE(fence.covers("rows", first, start + 1s));
    EXPECT_FALSE(fence.covers("rows", second, start + 1s)) << "no lease yet";
    fence.renewed("rows", first, start + 900ms, 3s);
    EXPECT_FALSE(fence.covers("rows", first, start + 1s)) << "an answer that was on its way";
    fence.renewed("rows", second, start + 900ms, 3s);
    EXPECT_TRUE(fence.covers("rows", second, start + 1s));

    fence.published("rows", second, start + 2s);
    EXPECT_TRUE(fence.covers("rows", second, start + 2s)) << "the same server";
}

TEST(StoreFence, LeavesAChannelAloneThatIsNotRenewed) {
    StoreFence fence;
    fence.guard("rows");
    fence.renewed("others", first, start, 3s);

    EXPECT_TRUE(fence.covers("others", second, start + 1h));
}

}  // namespace
}  // namespace tutti
