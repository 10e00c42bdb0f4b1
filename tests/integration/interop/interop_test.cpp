// Our caches and an existing deployment's services on the same channels: what we publish they
// accept, and what they publish we apply.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <ostream>
#include <thread>
#include <vector>

#include "common/caches/invalidation_services.hpp"
#include "support/eventually.hpp"
#include "support/line_process.hpp"
#include "support/redis_server.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using tutti::services::caches::InvalidationEvents;

using Cache = tutti::Coherent<std::string, int>;

// A node, a source that counts, and a peer that hears all channels.
class InteropTest : public ::testing::Test {
protected:
    void start() {
        EXPECT_EQ(peer_.read(), "ready");
        const auto started = node_->start();
        ASSERT_TRUE(started) << started.error().message();
    }

    Cache declare(const InvalidationEvents& events, tutti::Reach reach = tutti::Reach::that_key) {
        return node_->coherent(tutti::services::caches::subscribed_to(
            events,
            tutti::CacheOptions<std::string, int>{
                .name = std::string(events.name),
                .caches = std::string(events.what),
                .stale = tutti::Stale::wrong,
                .ttl = 1h,
                .bound = tutti::entries(100),
                .load = [this](const std::string&, tutti::LoadContext&) { return ++source_; },
                .reach = reach,
            }));
    }

    void peer_publishes(std::string_view channel, const std::string& payload) {
        peer_.write("publish " + std::string(channel) + " " + payload);
        // It hears itself and we do: two receivers; its own copy comes before or after the count.
        std::string line = peer_.read();
        while (!line.starts_with("published")) line = peer_.read();
        EXPECT_EQ(line, "published 2");
    }

    bool reloads(const Cache& cache, const std::string& key, int before) {
        for (int attempt = 0; attempt < 1000; ++attempt) {
            if (cache.get(key)->value() != before) return true;
            std::this_thread::sleep_for(2ms);
        }
        return false;
    }

    std::uint64_t counted(std::string_view cache, std::uint64_t tutti::CacheCounters::* what) {
        for (const auto& row : node_->inventory()) {
            if (row.declaration.name == cache) return row.counters.*what;
        }
        return 0;
    }

    RedisServer redis_;
    LineProcess peer_{{"node", TUTTI_PEER, redis_.url(), "cache:invalidation",
                       "cache:channel-activation-invalidation", "cache:api-key-invalidation",
                       "cache:llm-config-invalidation", "cache:persona-invalidation"}};
    std::atomic<int> source_ = 0;
    std::atomic<int> warnings_ = 0;  // about dropped events
    std::unique_ptr<tutti::Node> node_ =
        tutti::Node::create({.name = "bot",
                             .redis = redis_.url(),
                             .app = "tzurot",
                             .command_deadline = eventually_within,
                             .log =
                                 [this](tutti::LogLevel, std::string_view text) {
                                     if (text.contains("a foreign event was dropped")) ++warnings_;
                                 }})
            .value();
};

// One channel, one type of event, and its bytes for the id that we use.
struct Case {
    const char* name;
    const InvalidationEvents* events;
    std::string id;
    std::string payload;
};

void PrintTo(const Case& which, std::ostream* out) { *out << which.name; }

class EachChannel : public InteropTest, public ::testing::WithParamInterface<Case> {
protected:
    void SetUp() override {
        cache_.emplace(declare(*GetParam().events));
        start();
    }
    [[nodiscard]] std::string_view channel() const { return GetParam().events->channel; }
    [[nodiscard]] std::string accepted(std::string_view payload) const {
        return "accepted " + std::string(channel()) + ' ' + std::string(payload);
    }

    std::optional<Cache> cache_;
};

TEST_P(EachChannel, AnExistingSubscriberAcceptsWhatWePublish) {
    EXPECT_TRUE(cache_->invalidate(GetParam().id).published());
    EXPECT_EQ(peer_.read(), accepted(GetParam().payload));

    EXPECT_TRUE(cache_->invalidate_all().published());
    EXPECT_EQ(peer_.read(), accepted(R"({"type":"all"})"));
}

TEST_P(EachChannel, WeApplyWhatAnExistingServicePublishes) {
    const int ours = *cache_->get(GetParam().id).value();
    const int other = *cache_->get("other").value();

    peer_publishes(channel(), GetParam().payload);

    EXPECT_TRUE(reloads(*cache_, GetParam().id, ours));
    EXPECT_EQ(*cache_->get("other").value(), other) << "it was left alone";
    peer_publishes(channel(), R"({"type":"all"})");
    EXPECT_TRUE(reloads(*cache_, "other", other));
}

TEST_P(EachChannel, EventsOfAWrongShapeAreDroppedAndCounted) {
    const std::string key(GetParam().events->key);
    const std::string head = R"({"type":")" + std::string(GetParam().events->type) + R"(",")" + key;
    const std::vector<std::string> wrong{
        "garbage",
        "null",
        "123",
        "true",
        "\"string\"",
        "[]",
        R"({"type":")" + std::string(GetParam().events->type) + "\"}",
        R"({"type":"unknown"})",
        R"({"type":"unknown",")" + key + R"(":"1"})",
        head + R"(":7})",
        head + R"(":null})",
        head + R"(":"1","extra":true})",
        R"({"type":"all","extra":true})"};
    const int ours = *cache_->get(GetParam().id).value();

    for (const std::string& payload : wrong) peer_publishes(channel(), payload);
    peer_publishes(channel(), head + R"(":"somebody else"})");
    while (counted(GetParam().events->name, &tutti::CacheCounters::invalidations) < 1) {
        std::this_thread::sleep_for(2ms);
    }

    EXPECT_EQ(*cache_->get(GetParam().id).value(), ours);
    EXPECT_TRUE(node_->metrics().contains("tutti_channel_dropped_events_total{channel=\"" +
                                          std::string(channel()) + "\"} " +
                                          std::to_string(wrong.size()) + '\n'));
    EXPECT_EQ(warnings_, 1) << "the log is not for foreign programs to fill";
}

TEST_P(EachChannel, AStoppedNodeHearsNothingMore) {
    node_->stop();
    node_->stop();

    peer_.write("publish " + std::string(channel()) + " " + GetParam().payload);

    std::string line = peer_.read();
    while (!line.starts_with("published")) line = peer_.read();
    EXPECT_EQ(line, "published 1") << "itself";
}

using tutti::services::caches::api_key_events;
using tutti::services::caches::channel_activation_events;
using tutti::services::caches::llm_config_events;
using tutti::services::caches::llm_config_row_events;
using tutti::services::caches::persona_events;
using tutti::services::caches::personality_events;

constexpr const char* snowflake = "123456789";
constexpr const char* uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

INSTANTIATE_TEST_SUITE_P(
    Interoperability, EachChannel,
    ::testing::Values(
        Case{"Personality", &personality_events, uuid,
             R"({"type":"personality","personalityId":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"})"},
        Case{"ChannelActivation", &channel_activation_events, snowflake,
             R"({"type":"channel","channelId":"123456789"})"},
        Case{"ApiKey", &api_key_events, snowflake, R"({"type":"user","discordId":"123456789"})"},
        Case{"LlmConfigOfAUser", &llm_config_events, snowflake,
             R"({"type":"user","discordId":"123456789"})"},
        Case{"LlmConfigItself", &llm_config_row_events, uuid,
             R"({"type":"config","configId":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"})"},
        Case{"Persona", &persona_events, snowflake, R"({"type":"user","discordId":"123456789"})"}),
    ::testing::PrintToStringParamName());

using Interoperability = InteropTest;

TEST_F(Interoperability, EachServiceListensToItsOwnChannel) {
    const auto personalities = declare(personality_events);
    const auto activations = declare(channel_activation_events);
    start();
    const int personality = *personalities.get("p").value();
    const int channel = *activations.get("p").value();

    peer_publishes(personality_events.channel, R"({"type":"personality","personalityId":"p"})");

    EXPECT_TRUE(reloads(personalities, "p", personality));
    EXPECT_EQ(*activations.get("p").value(), channel);
}

// What is kept by user depends on configurations too: such a cache forgets all of it.
TEST_F(Interoperability, ChangedConfigurationReachesEveryUser) {
    const auto users = declare(llm_config_events, tutti::Reach::every_key);
    const auto rows = declare(llm_config_row_events);
    start();
    const int user = *users.get(snowflake).value();
    const int row = *rows.get("another").value();

    peer_publishes(llm_config_events.channel,
                   R"({"type":"config","configId":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"})");

    EXPECT_TRUE(reloads(users, snowflake, user));
    EXPECT_EQ(*rows.get("another").value(), row);
}

TEST_F(Interoperability, OurOwnEchoIsNotAForeignEvent) {
    const auto activations = declare(channel_activation_events);
    start();
    EXPECT_TRUE(activations.invalidate("1").published());
    peer_publishes(channel_activation_events.channel, R"({"type":"channel","channelId":"2"})");
    const auto count = [&] {
        return counted(channel_activation_events.name, &tutti::CacheCounters::invalidations);
    };
    EXPECT_TRUE(eventually([&] { return count() >= 2; }));
    std::this_thread::sleep_for(50ms);

    // Once from the log, once from the peer; the echo would be a third.
    EXPECT_EQ(count(), 2U);
}

}  // namespace
}  // namespace tests
