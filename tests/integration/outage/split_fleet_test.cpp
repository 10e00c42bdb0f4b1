// Nodes that are meant to be one fleet and are on different logs: each is ready, and none of the
// others hears it. What they say about themselves gives it away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "support/redis_server.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::Field;
using ::testing::StartsWith;
using tutti::Grade;
using tutti::Risk;

class Instance {
public:
    Instance(const std::string& name, const std::string& redis, const std::string& app,
             std::atomic<int>& source)
        : node_(tutti::Node::create(
                    {.name = name, .service = "shop", .redis = redis, .app = app, .lease = 300ms})
                    .value()),
          numbers_(node_->coherent<std::string, int>({
              .name = "numbers",
              .caches = "numbers",
              .stale = tutti::Stale::wrong,
              .ttl = 1h,
              .bound = tutti::entries(10),
              .load = [&](const std::string&, tutti::LoadContext&) { return source.load(); },
              .channel = "cache:numbers",
          })) {
        const auto started = node_->start();
        EXPECT_TRUE(started) << started.error().message();
    }

    [[nodiscard]] int read() const { return *numbers_.get("a").value(); }
    [[nodiscard]] bool change() const {
        return numbers_.invalidate("a", {.ack = tutti::Ack::every_instance}).done();
    }
    [[nodiscard]] tutti::Node& node() const { return *node_; }

private:
    std::unique_ptr<tutti::Node> node_;
    tutti::Coherent<std::string, int> numbers_;
};

tutti::Inventory audit(const Instance& one, const Instance& other) {
    return tutti::merge(std::array{one.node().inventory(), other.node().inventory()});
}

TEST(SplitFleet, EveryOneIsDoneAndReadyAndOneIsStaleAndTheAuditSaysSo) {
    RedisServer redis;
    std::atomic<int> source = 1;
    const Instance one("one", redis.url(), "shop", source);
    const Instance other_database("two", redis.url() + "/1", "shop", source);
    const Instance other_spelling("three", redis.url(), "Shop", source);
    const Instance alone("four", "", "shop", source);
    for (const Instance* const other : {&other_database, &other_spelling, &alone}) {
        ASSERT_EQ(other->read(), source);
        ++source;

        EXPECT_TRUE(one.change());

        EXPECT_TRUE(other->node().health().ready);
        EXPECT_EQ(other->read(), source - 1) << "nothing tells it";
        EXPECT_THAT(tutti::grades(audit(one, *other)), Each(Field(&Grade::rule, "split-fleet")));
        EXPECT_EQ(tutti::worst(audit(one, *other)), Risk::critical);
    }
}

TEST(SplitFleet, OneServerIsOneHoweverItIsReached) {
    RedisServer redis;
    std::atomic<int> source = 1;
    const Instance one("one", redis.url(), "shop", source);
    const Instance two("two", redis.unix_url(), "shop", source);

    EXPECT_EQ(tutti::worst(audit(one, two)), Risk::none);
    EXPECT_EQ(audit(one, two).size(), 1U);
}

// A moment in which one has reconnected and the other has not is no split.
TEST(SplitFleet, ARestartOfTheServerIsNone) {
    RedisServer redis;
    std::atomic<int> source = 1;
    const Instance one("one", redis.url(), "shop", source);
    const Instance two("two", redis.url(), "shop", source);
    const std::string before = one.node().inventory()[0].backend.server;
    EXPECT_THAT(before, StartsWith("redis "));

    redis.kill();
    const auto give_up = tutti::Boottime::now() + 20s;
    const auto knows = [](const Instance& instance) {
        return instance.node().inventory()[0].backend.known();
    };
    while (knows(one) || knows(two)) {
        ASSERT_LT(tutti::Boottime::now(), give_up);
        std::this_thread::yield();
    }
    redis.start();
    const auto is_back = [&](const Instance& instance) {
        return instance.node().health().ready && knows(instance);
    };
    while (!is_back(one) || !is_back(two)) {
        EXPECT_EQ(tutti::worst(audit(one, two)), Risk::none);
        ASSERT_LT(tutti::Boottime::now(), give_up);
        std::this_thread::sleep_for(1ms);
    }

    EXPECT_NE(one.node().inventory()[0].backend.server, before);
    EXPECT_EQ(audit(one, two).size(), 1U);
}

}  // namespace
}  // namespace tests
