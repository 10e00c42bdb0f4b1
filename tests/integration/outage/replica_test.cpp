// A server with a replica: a failover may lose what was published, and nobody is told otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/redis_server.hpp"
#include "tutti/doctor.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void wait_for_replica(RedisServer& primary) {
    const auto give_up = tutti::Boottime::now() + 10s;
    while (!primary.command({"INFO", "replication"}).contains("connected_slaves:1") ||
           primary.command({"WAIT", "1", "100"}) != "1") {
        if (tutti::Boottime::now() > give_up) throw std::runtime_error("no replica is attached");
        std::this_thread::sleep_for(5ms);
    }
}

class OnServer {
public:
    explicit OnServer(const std::string& url)
        : node_(tutti::Node::create({.name = "n", .redis = url, .app = "test", .lease = 100ms})
                    .value()),
          cache_(node_->coherent(tutti::CacheOptions<std::string, int>{
              .name = "rows",
              .caches = "rows",
              .stale = tutti::Stale::wrong,
              .ttl = 1min,
              .bound = tutti::entries(10),
              .load = [](const std::string&, tutti::LoadContext&) { return 1; },
              .channel = "rows"})) {
        EXPECT_TRUE(node_->start());
    }

    [[nodiscard]] tutti::Node& node() const { return *node_; }
    [[nodiscard]] tutti::Invalidation invalidate(tutti::Ack ack) const {
        return cache_.invalidate("k", {.ack = ack});
    }

private:
    std::unique_ptr<tutti::Node> node_;
    tutti::Coherent<std::string, int> cache_;
};

TEST(Replica, DoneIsNotClaimedWhileAFailoverMayLoseThePublication) {
    RedisServer primary;
    const RedisServer replica(
        {.config = {"replicaof 127.0.0.1 " + std::to_string(primary.port())}, .password = ""});
    wait_for_replica(primary);
    const OnServer there(primary.url());

    const auto asked_for_proof = there.invalidate(tutti::Ack::every_instance);
    const auto asked_for_none = there.invalidate(tutti::Ack::none);

    EXPECT_EQ(asked_for_proof.outcome, tutti::Invalidation::Outcome::unconfirmed);
    EXPECT_THAT(asked_for_proof.reason, HasSubstr("replicas (1)"));
    EXPECT_EQ(asked_for_none.outcome, tutti::Invalidation::Outcome::published);
}

// Health, audit and doctor say what an invalidation is then answered.
TEST(Replica, WhatIsPromisedIsSaidOfEachServer) {
    RedisServer alone;
    RedisServer primary;
    const RedisServer replica(
        {.config = {"replicaof 127.0.0.1 " + std::to_string(primary.port())}, .password = ""});
    wait_for_replica(primary);
    struct Case {
        std::string url;
        tutti::Assurance assurance;
        std::string promise;
    };
    for (const Case& each :
         {Case{alone.url(), tutti::Assurance::one_server, "`done` is promised: no other server"},
          Case{primary.url(), tutti::Assurance::uncounted, "`done` is not promised"},
          Case{primary.url() + "?replicas=1", tutti::Assurance::majority,
               "`done` is promised across a failover"}}) {
        const OnServer there(each.url);
        const auto rows = there.node().inventory();
        const auto promise = there.node().health().promise;
        const auto diagnosis = tutti::diagnose(each.url);

        EXPECT_EQ(rows.at(0).backend.done, each.assurance) << each.url;
        EXPECT_THAT(promise, StartsWith(rows[0].backend.product + ": " + each.promise));
        EXPECT_THAT(tutti::to_text(rows), HasSubstr(rows[0].backend.product + ": " + each.promise));
        ASSERT_TRUE(diagnosis);
        EXPECT_THAT(diagnosis->findings,
                    Contains(Field(&tutti::Finding::found, rows[0].backend.product)));
        const bool done = there.invalidate(tutti::Ack::every_instance).done();
        EXPECT_EQ(done, each.assurance != tutti::Assurance::uncounted) << each.url;
        EXPECT_THAT(rows[0].backend.product, StartsWith("Redis 7"));
    }
}

}  // namespace
}  // namespace tests
