// The shards of a process, as the settings and Discord want them; the leases are on a real Redis.
#include "bot-client/assignment/own_shards.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <utility>

#include "support/eventually.hpp"
#include "support/redis_server.hpp"

namespace tutti::services::bot::assignment {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// No session may begin, so shards wait for one.
Result<shard::Entrance> recommend(std::int64_t shards) {
    return shard::Entrance{.url = "ws://127.0.0.1:9",
                           .shards = shards,
                           .starts = {.total = 1000, .remaining = 0, .reset_after = 1h}};
}

TEST(OwnShards, AreAsManyAsDiscordRecommends) {
    std::atomic<bool> answers{false};
    OwnShards shards({.set = {.ask = [&](TimePoint) -> Result<shard::Entrance> {
                          if (answers) return recommend(3);
                          return fail(Errc::unavailable, "GET /gateway/bot", "nobody is there");
                      }}});
    ASSERT_TRUE(shards.start());
    EXPECT_THAT(shards.reasons(), ElementsAre(HasSubstr("not known yet")));

    answers = true;

    EXPECT_TRUE(tests::eventually([&] { return shards.figures().shards == 3; }));
    EXPECT_THAT(shards.reasons(), ElementsAre(HasSubstr("shard 0 of 3"), HasSubstr("shard 1 of 3"),
                                              HasSubstr("shard 2 of 3")));
    shards.stop();
    EXPECT_THAT(shards.reasons(), ElementsAre("no shard of Discord runs here"));
}

TEST(OwnShards, AreTheOneThatTheSettingsName) {
    OwnShards shards({.set = {.ask = [](TimePoint) { return recommend(7); }}, .id = 2, .count = 4});

    ASSERT_TRUE(shards.start());

    EXPECT_THAT(shards.reasons(), ElementsAre(HasSubstr("shard 2 of 4")));
    EXPECT_FALSE(shards.leases());
}

TEST(OwnShards, EndWhenDiscordDoesNotKnowTheToken) {
    std::atomic<int> ends{0};
    OwnShards shards({.set = {.ask = [](TimePoint) -> Result<shard::Entrance> {
                                  return fail(Errc::refused, "GET /gateway/bot", "the token");
                              },
                              .ended = [&](const Error&) { ++ends; }}});

    ASSERT_TRUE(shards.start());

    EXPECT_TRUE(tests::eventually([&] { return ends == 1; }));
}

TEST(OwnShards, LeaveOneOfMoreInstancesStandingBy) {
    tests::RedisServer redis;
    const auto options = [&](std::string name) {
        return OwnShards::Options{.set = {.ask = [](TimePoint) { return recommend(1); }},
                                  .redis_url = redis.url(),
                                  .name = std::move(name),
                                  .lease = 3s};
    };
    OwnShards first(options("first"));
    ASSERT_TRUE(first.start());
    ASSERT_TRUE(tests::eventually([&] { return first.figures().shards == 1; }));

    OwnShards second(options("second"));
    ASSERT_TRUE(second.start());

    EXPECT_TRUE(tests::eventually([&] {
        const auto leases = second.leases();
        return leases && leases->count == 1 && leases->leases.members == 2;
    }));
    EXPECT_EQ(second.figures().shards, 0U);
    EXPECT_THAT(second.reasons(), IsEmpty());
    first.stop();
    EXPECT_TRUE(tests::eventually([&] { return second.figures().shards == 1; }));
}

}  // namespace
}  // namespace tutti::services::bot::assignment
