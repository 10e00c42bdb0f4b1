// Instances that tell a real server that they are there, and two gateways that see each other.
#include "common/caches/presence.hpp"

#include <gmock/gmock.h>

#include <mutex>
#include <vector>

#include "common/redis/client.hpp"
#include "integration/api_gateway/support.hpp"
#include "support/redis_server.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What an instance was told, in order.
class Told {
public:
    [[nodiscard]] std::function<void(std::size_t)> listener() {
        return [this](std::size_t count) {
            const std::lock_guard lock(mutex_);
            counts_.push_back(count);
        };
    }
    [[nodiscard]] std::vector<std::size_t> counts() const {
        const std::lock_guard lock(mutex_);
        return counts_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::size_t> counts_;
};

struct PresenceOnRedis : ::testing::Test {
    static std::unique_ptr<redis::RedisClient> client_of(const std::string& url) {
        auto client = redis::RedisClient::create({.url = url});
        EXPECT_TRUE(client) << client.error().message();
        return *std::move(client);
    }
    std::unique_ptr<caches::Presence> join(const std::string& service,
                                           std::function<void(std::size_t)> on_change = {}) {
        return std::make_unique<caches::Presence>(
            *client, caches::Presence::Options{.app = "test",
                                               .service = service,
                                               .instance = service,
                                               .announce_every = 10ms,
                                               .forgotten_after = 2s,
                                               .on_change = on_change});
    }

    tests::RedisServer server;
    std::unique_ptr<redis::RedisClient> client = client_of(server.url());
};

TEST_F(PresenceOnRedis, InstancesOfOneServiceAreCountedWhateverTheirNames) {
    const auto first = join("bot-client");
    const auto second = join("bot-client");
    const auto other = join("api-gateway");

    EXPECT_EQ(second->count(), 2U);
    EXPECT_EQ(other->count(), 1U);
    EXPECT_TRUE(eventually([&] { return first->count() == 2U; }));
}

TEST_F(PresenceOnRedis, EachIsToldWhenTheNumberChangesAndNotElse) {
    Told told;
    const auto first = join("bot-client", told.listener());
    auto second = join("bot-client");
    ASSERT_TRUE(eventually([&] { return told.counts().size() == 2; }));

    second->stop();

    ASSERT_TRUE(eventually([&] { return told.counts().size() == 3; }));
    EXPECT_THAT(told.counts(), ElementsAre(1U, 2U, 1U));
}

TEST_F(PresenceOnRedis, AnInstanceThatWasKilledIsForgotten) {
    const auto survivor = join("bot-client");
    // As a killed one leaves it: a member that nobody renews.
    const auto soon = std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                                         std::chrono::system_clock::now().time_since_epoch())
                                         .count() +
                                     200);
    server.command({"ZADD", "test:instances:bot-client", soon, "killed"});
    ASSERT_TRUE(eventually([&] { return survivor->count() == 2U; }));

    EXPECT_TRUE(eventually([&] { return survivor->count() == 1U; }));
}

TEST_F(PresenceOnRedis, NobodyIsLeftBehindInRedis) {
    const auto instance = join("bot-client");

    instance->stop();

    EXPECT_EQ(server.command({"EXISTS", "test:instances:bot-client"}), "0");
}

TEST_F(PresenceOnRedis, TheCountIsUnknownWhileRedisIsAway) {
    const auto instance = join("bot-client");
    server.kill();
    ASSERT_TRUE(eventually([&] { return !instance->count(); }));
    EXPECT_EQ(caches::presence_metrics_text(instance->count()), "");

    server.start();

    EXPECT_TRUE(eventually([&] { return instance->count() == 1U; }));
    EXPECT_THAT(caches::presence_metrics_text(instance->count()),
                HasSubstr("\ntutti_instances 1\n"));
}

struct SeenGateways : GatewayTest {
    void SetUp() override {
        redis_url_ = redis_.url();
        start({});
    }

    tests::RedisServer redis_;
};

TEST_F(SeenGateways, TwoOfThemSeeEachOther) {
    auto second = gateway::Gateway::start(options());
    ASSERT_TRUE(second) << second.error().message();
    const std::string url = "http://127.0.0.1:" + std::to_string((*second)->port());

    EXPECT_THAT(metrics_text(url), HasSubstr("\ntutti_instances 2\n"));
}

}  // namespace
}  // namespace tutti::services
