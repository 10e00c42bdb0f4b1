// Our caches and an existing deployment's services on the same channels: what we publish they accept, and
// what they publish we apply.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/line_process.hpp"
#include "support/redis_server.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;

const std::string channels = "cache:channel-activation-invalidation";
const std::string personalities = "cache:invalidation";

class InteropTest : public ::testing::Test {
protected:
    InteropTest() {
        EXPECT_EQ(peer_.read(), "ready");
        activations_.emplace(declare("channel-activation", channels, {"channel", "channelId"}));
        personalities_.emplace(
            declare("personality", personalities, {"personality", "personalityId"}));
        const auto started = node_->start();
        EXPECT_TRUE(started) << started.error().message();
    }

    tutti::Coherent<std::string, int> declare(const std::string& name, const std::string& channel,
                                              tutti::PlainEvent shape) {
        return node_->coherent<std::string, int>({
            .name = name,
            .caches = name,
            .stale = tutti::Stale::wrong,
            .ttl = 1h,
            .bound = tutti::entries(100),
            .load = [this](const std::string&, tutti::LoadContext&) { return ++source_; },
            .channel = channel,
            .plain = std::move(shape),
            .foreign_publishers = true,
        });
    }

    void peer_publishes(const std::string& channel, const std::string& payload) {
        peer_.write("publish " + channel + " " + payload);
        // It hears itself and we do: two receivers; its own copy comes before or after the count.
        std::string line = peer_.read();
        while (!line.starts_with("published")) line = peer_.read();
        EXPECT_EQ(line, "published 2");
    }

    bool reloads(const tutti::Coherent<std::string, int>& cache, const std::string& key,
                 int before) {
        for (int attempt = 0; attempt < 1000; ++attempt) {
            if (cache.get(key)->value() != before) return true;
            std::this_thread::sleep_for(2ms);
        }
        return false;
    }

    std::uint64_t counted(const std::string& cache, std::uint64_t tutti::CacheCounters::* what) {
        for (const auto& row : node_->inventory()) {
            if (row.declaration.name == cache) return row.counters.*what;
        }
        return 0;
    }

    RedisServer redis_;
    LineProcess peer_{{"node", TUTTI_PEER, redis_.url(), channels, personalities}};
    std::atomic<int> source_ = 0;
    std::unique_ptr<tutti::Node> node_ =
        tutti::Node::create({.name = "bot", .redis = redis_.url(), .app = "tzurot"}).value();
    std::optional<tutti::Coherent<std::string, int>> activations_;
    std::optional<tutti::Coherent<std::string, int>> personalities_;
};

using Interoperability = InteropTest;

TEST_F(Interoperability, AnExistingSubscriberAcceptsWhatWePublish) {
    EXPECT_TRUE(activations_->invalidate("123456789").published());
    EXPECT_EQ(peer_.read(),
              "accepted " + channels + R"( {"type":"channel","channelId":"123456789"})");

    EXPECT_TRUE(activations_->invalidate_all().published());
    EXPECT_EQ(peer_.read(), "accepted " + channels + R"( {"type":"all"})");

    const std::string id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    EXPECT_TRUE(personalities_->invalidate(id).published());
    EXPECT_EQ(peer_.read(), "accepted " + personalities +
                                R"( {"type":"personality","personalityId":")" + id + "\"}");
}

TEST_F(Interoperability, WeApplyWhatAnExistingServicePublishes) {
    const int seven = *activations_->get("7").value();
    const int eight = *activations_->get("8").value();

    peer_publishes(channels, R"({"type":"channel","channelId":"7"})");

    EXPECT_TRUE(reloads(*activations_, "7", seven));
    EXPECT_EQ(*activations_->get("8").value(), eight) << "another channel was left alone";
    peer_publishes(channels, R"({"type":"all"})");
    EXPECT_TRUE(reloads(*activations_, "8", eight));
}

TEST_F(Interoperability, EachServiceListensToItsOwnChannel) {
    const int personality = *personalities_->get("p").value();
    const int channel = *activations_->get("p").value();

    peer_publishes(personalities, R"({"type":"personality","personalityId":"p"})");

    EXPECT_TRUE(reloads(*personalities_, "p", personality));
    EXPECT_EQ(*activations_->get("p").value(), channel);
}

TEST_F(Interoperability, EventsOfAWrongShapeAreDroppedAndCounted) {
    const int seven = *activations_->get("7").value();

    for (const char* wrong :
         {"garbage", "null", "123", "[]", R"({"type":"unknown"})",
          R"({"type":"channel","channelId":7})",
          R"({"type":"channel","channelId":"7","extra":true})", R"({"type":"all","extra":true})"}) {
        peer_publishes(channels, wrong);
    }
    peer_publishes(channels, R"({"type":"channel","channelId":"other"})");
    while (counted("channel-activation", &tutti::CacheCounters::invalidations) < 1) {
        std::this_thread::sleep_for(2ms);
    }

    EXPECT_EQ(*activations_->get("7").value(), seven);
    EXPECT_NE(node_->metrics().find("tutti_channel_dropped_events_total{channel=\"" + channels +
                                    "\"} 8\n"),
              std::string::npos);
}

TEST_F(Interoperability, OurOwnEchoIsNotAForeignEvent) {
    EXPECT_TRUE(activations_->invalidate("1").published());
    peer_publishes(channels, R"({"type":"channel","channelId":"2"})");
    while (counted("channel-activation", &tutti::CacheCounters::invalidations) < 3) {
        std::this_thread::sleep_for(2ms);
    }
    std::this_thread::sleep_for(50ms);

    // Once here when we called, once from the log, once from the peer; the echo would be a fourth.
    EXPECT_EQ(counted("channel-activation", &tutti::CacheCounters::invalidations), 3U);
}

}  // namespace
}  // namespace tests
