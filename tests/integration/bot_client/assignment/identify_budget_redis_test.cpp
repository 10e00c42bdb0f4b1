// Two processes of a bot that begin sessions, and the Redis between them.
#include "bot-client/assignment/identify_budget_redis.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "common/redis/client.hpp"
#include "support/redis_server.hpp"

namespace tutti::services::bot::assignment {
namespace {

using namespace std::chrono_literals;
using shard::SessionStarts;

constexpr SessionStarts plenty{
    .total = 1000, .remaining = 1000, .reset_after = 1h, .max_concurrency = 1};

class FleetBudget : public ::testing::Test {
protected:
    std::unique_ptr<redis::RedisClient> client_of(const std::string& url) {
        return redis::RedisClient::create({.url = url, .command_timeout = 500ms}).value();
    }
    static Duration take(RedisIdentifyBudget& budget, const SessionStarts& starts,
                         std::uint32_t shard) {
        return budget.take(starts, shard, {});
    }

    tests::RedisServer server;
    std::unique_ptr<redis::RedisClient> client = client_of(server.url());
    RedisIdentifyBudget one{*client, "one"};
    RedisIdentifyBudget two{*client, "two"};
};

TEST_F(FleetBudget, OfShardsWithOneRestOneBeginsInFiveSecondsWhereverItRuns) {
    ASSERT_EQ(take(one, plenty, 0), 0s);

    EXPECT_GT(take(two, plenty, 1), 0s);
    EXPECT_TRUE(one.spend(0, {}));
    const Duration wait = take(two, plenty, 1);
    EXPECT_GT(wait, 3s);
    EXPECT_LE(wait, 5s);
    server.command({"DEL", "bot-client:identify:0"});  // as after these five seconds
    EXPECT_EQ(take(two, plenty, 1), 0s);
}

TEST_F(FleetBudget, ShardsWithDifferentRestsDoNotWaitForEachOther) {
    SessionStarts wide = plenty;
    wide.max_concurrency = 2;

    EXPECT_EQ(take(one, wide, 0), 0s);
    EXPECT_EQ(take(two, wide, 1), 0s);
    EXPECT_GT(take(two, wide, 2), 0s);
}

TEST_F(FleetBudget, WhatIsGivenBackIsFree) {
    RedisIdentifyBudget narrow(*client, "narrow", {.at_once = 1, .every = 1h});
    ASSERT_EQ(take(narrow, plenty, 0), 0s);

    narrow.give_back(0);
    narrow.give_back(0);

    EXPECT_EQ(take(narrow, plenty, 0), 0s);
    EXPECT_TRUE(narrow.spend(0, {}));
    server.command({"DEL", "bot-client:identify:0"});
    EXPECT_GT(take(narrow, plenty, 0), 59min);
}

TEST_F(FleetBudget, AQuestionWhoseAnswerWasLostIsNoSecondSession) {
    RedisIdentifyBudget narrow(*client, "narrow", {.at_once = 1, .every = 1h});
    ASSERT_EQ(take(narrow, plenty, 0), 0s);

    EXPECT_EQ(take(narrow, plenty, 0), 0s);
    EXPECT_TRUE(narrow.spend(0, {}));
}

TEST_F(FleetBudget, WhatDiscordHasNotCountedYetIsCountedHere) {
    SessionStarts scarce = plenty;
    scarce.remaining = 52;
    scarce.max_concurrency = 16;

    EXPECT_EQ(take(one, scarce, 0), 0s);
    EXPECT_EQ(take(two, scarce, 1), 0s);
    EXPECT_EQ(take(one, scarce, 2), 30s);
}

TEST_F(FleetBudget, TheLastOnesAreKeptBackUntilTheLimitIsReset) {
    SessionStarts scarce = plenty;
    scarce.remaining = 50;

    EXPECT_EQ(take(one, scarce, 0), 1h);
}

TEST_F(FleetBudget, AGrantThatHasLapsedIsNotSpent) {
    ASSERT_EQ(take(one, plenty, 0), 0s);
    server.command({"FLUSHALL"});
    ASSERT_EQ(take(two, plenty, 1), 0s);

    EXPECT_FALSE(one.spend(0, {}));
    EXPECT_FALSE(one.spend(7, {}));
    EXPECT_TRUE(two.spend(1, {}));
}

TEST_F(FleetBudget, WithoutRedisNoSessionBegins) {
    ASSERT_EQ(take(two, plenty, 1), 0s);
    server.kill();

    EXPECT_GT(take(one, plenty, 0), 0s);
    EXPECT_FALSE(two.spend(1, {}));
    one.give_back(0);
}

}  // namespace
}  // namespace tutti::services::bot::assignment
