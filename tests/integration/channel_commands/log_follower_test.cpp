// A channel's log as it grows, on a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/eventually.hpp"
#include "support/redis_server.hpp"
#include "tutti/node.hpp"
#include "tutti/redis/inspect.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using tutti::redis::LogFollower;

class LogFollowing : public ::testing::Test {
protected:
    void SetUp() override {
        node_ = tutti::Node::create({.name = "web-1", .redis = url(), .app = "shop"}).value();
        keys_ = node_->coherent(tutti::CacheOptions<std::string, int>{
            .name = "numbers",
            .caches = "numbers",
            .stale = tutti::Stale::wrong,
            .ttl = 1h,
            .bound = tutti::entries(10),
            .load = [](const std::string&, tutti::LoadContext&) { return 1; },
            .channel = "cache:numbers"});
        ASSERT_TRUE(node_->start(40s));
    }
    [[nodiscard]] std::string url() const {
        return "redis://127.0.0.1:" + std::to_string(server_.port());
    }
    [[nodiscard]] LogFollower follower() const {
        return LogFollower::begin(url(), {.app = "shop", .channel = "cache:numbers"}).value();
    }
    void invalidate(const std::string& key) {
        ASSERT_TRUE(eventually([&] { return keys_->invalidate(key).published(); }));
    }
    static std::vector<std::string> keys_in(const tutti::redis::LogPart& part) {
        std::vector<std::string> keys;
        for (const auto& entry : part.entries) keys.push_back(entry.changed.keys.at(0));
        EXPECT_THAT(part.breaks, IsEmpty());
        return keys;
    }

    RedisServer server_;
    std::unique_ptr<tutti::Node> node_;
    std::optional<tutti::Coherent<std::string, int>> keys_;
};

TEST_F(LogFollowing, EachLookTellsWhatWasAppendedSinceTheOneBefore) {
    invalidate("before");
    LogFollower follower = this->follower();

    EXPECT_THAT(keys_in(follower.next().value()), IsEmpty());
    invalidate("a");
    invalidate("b");
    EXPECT_THAT(keys_in(follower.next().value()), ElementsAre("a", "b"));
    EXPECT_THAT(keys_in(follower.next().value()), IsEmpty());
    invalidate("c");
    EXPECT_THAT(keys_in(follower.next().value()), ElementsAre("c"));
}

TEST_F(LogFollowing, ANewEpochIsFollowedFromItsBegin) {
    invalidate("a");
    LogFollower follower = this->follower();
    const auto before = follower.next().value().epoch;

    server_.command({"FLUSHALL"});
    invalidate("b");

    const auto part = follower.next().value();
    EXPECT_THAT(keys_in(part), ElementsAre("b"));
    EXPECT_NE(part.epoch, before);
}

TEST_F(LogFollowing, AConnectionThatWasLostIsMadeAgainAndNothingIsMissed) {
    LogFollower follower = this->follower();
    invalidate("a");
    server_.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});

    EXPECT_FALSE(follower.next());
    EXPECT_THAT(keys_in(follower.next().value()), ElementsAre("a"));
}

TEST_F(LogFollowing, AnEntryThatIsMissingIsABreak) {
    LogFollower follower = this->follower();
    invalidate("a");
    ASSERT_THAT(keys_in(follower.next().value()), SizeIs(1));
    invalidate("b");
    invalidate("c");
    server_.command({"XDEL", "tutti:{shop/0/cache:numbers}:log", "2-0"});

    const auto part = follower.next().value();
    EXPECT_THAT(part.entries, SizeIs(1));
    EXPECT_THAT(part.breaks, ElementsAre("sequence 1 is followed by sequence 3"));
}

TEST_F(LogFollowing, WhatIsNoEntryIsABreakAndSteppedOver) {
    LogFollower follower = this->follower();
    invalidate("a");
    const std::string channel = "tutti:{shop/0/cache:numbers}";
    server_.command({"XADD", channel + ":log", "1-1", "not", "one"});
    ASSERT_EQ(server_.command({"HINCRBY", channel + ":m", "s", "1"}), "2");
    server_.command({"XADD", channel + ":log", "2-0", "nor", "this"});
    invalidate("b");

    const auto before = follower.next().value();
    EXPECT_THAT(before.entries, SizeIs(1));
    EXPECT_THAT(before.breaks, ElementsAre("behind sequence 1 stands what is no entry"));
    EXPECT_THAT(follower.next().value().breaks, SizeIs(1)) << "of its own";
    EXPECT_THAT(keys_in(follower.next().value()), ElementsAre("b"));
}

TEST_F(LogFollowing, TheMembersAreThoseOfNow) {
    LogFollower follower = this->follower();
    EXPECT_THAT(follower.members().value(), ElementsAre(StartsWith("web-1")));

    node_->stop();

    EXPECT_THAT(follower.members().value(), IsEmpty());
}

}  // namespace
}  // namespace tests
