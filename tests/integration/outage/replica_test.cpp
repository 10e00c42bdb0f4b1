// A server with a replica: a failover may lose what was published, and nobody is told otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/redis_server.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(Replica, DoneIsNotClaimedWhileAFailoverMayLoseThePublication) {
    RedisServer primary;
    const RedisServer replica(
        {.config = {"replicaof 127.0.0.1 " + std::to_string(primary.port())}, .password = ""});
    const auto give_up = tutti::Boottime::now() + 10s;
    while (!primary.command({"INFO", "replication"}).contains("connected_slaves:1")) {
        ASSERT_LT(tutti::Boottime::now(), give_up);
        std::this_thread::sleep_for(5ms);
    }
    const auto node =
        tutti::Node::create({.name = "n", .redis = primary.url(), .app = "test", .lease = 100ms})
            .value();
    const auto cache = node->coherent(tutti::CacheOptions<std::string, int>{
        .name = "rows",
        .caches = "rows",
        .stale = tutti::Stale::wrong,
        .ttl = 1min,
        .bound = tutti::entries(10),
        .load = [](const std::string&, tutti::LoadContext&) { return 1; },
        .channel = "rows"});
    ASSERT_TRUE(node->start());

    const auto asked_for_proof = cache.invalidate("k", {.ack = tutti::Ack::every_instance});
    const auto asked_for_none = cache.invalidate("k");

    EXPECT_EQ(asked_for_proof.outcome, tutti::Invalidation::Outcome::unconfirmed);
    EXPECT_THAT(asked_for_proof.reason, HasSubstr("replicas (1)"));
    EXPECT_EQ(asked_for_none.outcome, tutti::Invalidation::Outcome::published);
}

}  // namespace
}  // namespace tests
