#include "bot-client/shard/identify_budget.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tutti::services::bot::shard {
namespace {

using namespace std::chrono_literals;

constexpr SessionStarts plenty{
    .total = 1000, .remaining = 1000, .reset_after = 1h, .max_concurrency = 1};
constexpr TimePoint start{1000s};

TEST(IdentifyBudget, OfShardsWithOneRestOneBeginsInFiveSeconds) {
    InProcessIdentifyBudget budget;
    ASSERT_EQ(budget.take(plenty, 0, start), 0s);

    EXPECT_GT(budget.take(plenty, 1, start), 0s);
    ASSERT_TRUE(budget.spend(0, start + 2s));
    EXPECT_EQ(budget.take(plenty, 1, start + 3s), 4s);
    EXPECT_EQ(budget.take(plenty, 1, start + 7s), 0s);
}

TEST(IdentifyBudget, ShardsWithDifferentRestsDoNotWaitForEachOther) {
    InProcessIdentifyBudget budget;
    SessionStarts wide = plenty;
    wide.max_concurrency = 2;

    EXPECT_EQ(budget.take(wide, 0, start), 0s);
    EXPECT_EQ(budget.take(wide, 1, start), 0s);
    EXPECT_GT(budget.take(wide, 2, start), 0s);
}

TEST(IdentifyBudget, WhatIsGivenBackIsFree) {
    InProcessIdentifyBudget budget({.at_once = 1, .every = 1h});
    ASSERT_EQ(budget.take(plenty, 0, start), 0s);

    budget.give_back(0);
    budget.give_back(0);

    EXPECT_EQ(budget.take(plenty, 0, start), 0s);
    ASSERT_TRUE(budget.spend(0, start));
    EXPECT_EQ(budget.take(plenty, 0, start + 5s), 1h - 5s);
}

TEST(IdentifyBudget, OneProcessSpendsLessThanADaysSessionsInADay) {
    InProcessIdentifyBudget budget;
    int begun = 0;
    for (TimePoint now = start; now < start + 24h; now += 5s) {
        if (budget.take(plenty, 0, now) != 0s) continue;
        ASSERT_TRUE(budget.spend(0, now));
        ++begun;
    }
    EXPECT_GE(begun, 900);
    EXPECT_LT(begun, 1000);
}

TEST(IdentifyBudget, TheLastOnesAreKeptBackUntilTheLimitIsReset) {
    InProcessIdentifyBudget budget;
    SessionStarts scarce = plenty;
    scarce.remaining = 50;
    EXPECT_EQ(budget.take(scarce, 0, start), 1h);

    scarce.reset_after = 0s;
    EXPECT_EQ(budget.take(scarce, 0, start), 1s);

    SessionStarts few{.total = 10, .remaining = 2, .reset_after = 1h, .max_concurrency = 1};
    EXPECT_EQ(budget.take(few, 0, start), 0s);
}

}  // namespace
}  // namespace tutti::services::bot::shard
