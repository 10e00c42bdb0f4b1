// Publications that the server does not take as they are: none of them holds up the others, nothing
// is lost, and what does not go out is seen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/eventually.hpp"
#include "support/redis_server.hpp"
#include "tutti/json.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using tutti::Boottime;
using tutti::Duration;
using Cache = tutti::Coherent<std::string, int>;

// One node publishes as a user whose rights change, the other one reads.
class Publications : public ::testing::Test {
protected:
    enum class Store : unsigned char { none, raw };

    void SetUp() override {
        allow({"reset", "on", ">pw", "~*", "&*", "+@all"});
        writer_ = node("writer", "bot:pw@");
        reader_ = node("reader", "");
    }
    void open(Store store = Store::none) {
        written_.emplace(declare(*writer_, store));
        read_.emplace(declare(*reader_, store));
        ASSERT_TRUE(writer_->start());
        ASSERT_TRUE(reader_->start());
        ASSERT_EQ(*read_->get("k").value(), 0);
    }
    void allow(std::vector<std::string> rules) {
        std::vector<std::string> words{"ACL", "SETUSER", "bot"};
        words.insert(words.end(), rules.begin(), rules.end());
        redis_.command(words);
    }
    std::unique_ptr<tutti::Node> node(const std::string& name, const std::string& login,
                                      Duration lease = 500ms) {
        auto created = tutti::Node::create(
            {.name = name,
             .redis = "redis://" + login + "127.0.0.1:" + std::to_string(redis_.port()),
             .app = "publications",
             .lease = lease,
             .command_deadline = 500ms});
        EXPECT_TRUE(created.has_value()) << created.error().message();
        return std::move(created).value();
    }
    Cache declare(tutti::Node& on, Store store = Store::none) {
        tutti::CacheOptions<std::string, int> options{
            .name = "versions",
            .caches = "versions",
            .stale = tutti::Stale::wrong,
            .ttl = 1h,
            .bound = tutti::entries(1000),
            .load = [this](const std::string&, tutti::LoadContext&) { return source_.load(); },
            .channel = "cache:versions",
            .plain = tutti::PlainEvent{.type = "version", .key = "versionId"},
            .foreign_publishers = true,
        };
        if (store == Store::raw) {
            options.store = tutti::StoreTier<int>{
                .ttl = 1h, .codec = tutti::json_codec<int>(), .raw_prefix = "v:"};
        }
        return on.coherent(std::move(options));
    }
    bool reader_sees_the_newest() {
        return eventually([&] { return *read_->get("k").value() == source_.load(); });
    }
    bool everything_is_published() {
        return eventually([&] {
            return writer_->metrics().contains(
                       "tutti_channel_unpublished{channel=\"cache:versions\"} 0") &&
                   writer_->health().ready;
        });
    }

    RedisServer redis_;
    std::atomic<int> source_ = 0;
    std::unique_ptr<tutti::Node> writer_;
    std::unique_ptr<tutti::Node> reader_;
    std::optional<Cache> written_;
    std::optional<Cache> read_;
};

TEST_F(Publications, AKeyWhoseEventIsTooLargeHoldsUpNoOther) {
    open();
    redis_.pause();
    EXPECT_FALSE(written_->invalidate(std::string(33'000, '"')).published());
    source_ = 1;
    EXPECT_FALSE(written_->invalidate("k").published());
    redis_.resume();

    EXPECT_TRUE(reader_sees_the_newest());
    EXPECT_TRUE(everything_is_published());
    EXPECT_THAT(writer_->metrics(),
                HasSubstr("tutti_channel_unsent_events_total{channel=\"cache:versions\"}"));
}

// Its value must not be touched, so PUB fails for it whenever it is tried.
TEST_F(Publications, AKeyThatTheServerRefusesHoldsUpNoOther) {
    open(Store::raw);
    source_ = 1;
    allow({"resetkeys", "~tutti:*", "~v:a*"});

    EXPECT_FALSE(written_->invalidate("k").published());

    EXPECT_TRUE(reader_sees_the_newest());
    EXPECT_TRUE(everything_is_published());
}

TEST_F(Publications, WhatTheServerRefusesGoesOutAsSoonAsItMay) {
    open();
    allow({"-xadd"});
    source_ = 1;

    EXPECT_FALSE(written_->invalidate("k").published());

    allow({"+xadd"});
    EXPECT_TRUE(everything_is_published());
    EXPECT_TRUE(reader_sees_the_newest());
}

TEST_F(Publications, PlainEventsThatAreRefusedSwallowNoForeignOne) {
    open();
    allow({"resetchannels", "&tutti:*"});
    EXPECT_TRUE(written_->invalidate("other").published());
    source_ = 1;

    redis_.command({"PUBLISH", "cache:versions", R"({"type":"version","versionId":"k"})"});

    EXPECT_TRUE(reader_sees_the_newest());
    EXPECT_THAT(writer_->metrics(),
                HasSubstr("tutti_channel_unsent_events_total{channel=\"cache:versions\"} 1"));
}

TEST_F(Publications, AnInstanceWithALongLeaseSlowsDoneOnlyWhereItIsSilent) {
    open();
    const tutti::InvalidateOptions patient{.ack = tutti::Ack::every_instance, .deadline = 5s};
    {
        const auto odd = node("odd", "", 60s);
        const auto cache = declare(*odd);
        ASSERT_TRUE(odd->start());
        const auto outcome = written_->invalidate("k", patient);
        EXPECT_TRUE(outcome.done()) << outcome.reason;
        EXPECT_EQ(outcome.by, tutti::Invalidation::By::acknowledgements);
    }

    EXPECT_TRUE(written_->invalidate("k", patient).done()) << "and none when it has left";
}

TEST(Leases, AreBoundedWhenTheNodeIsCreated) {
    for (const Duration lease : {Duration(1ms), Duration(99ms), Duration(11min), Duration(9600h)}) {
        const auto created = tutti::Node::create({.name = "node", .lease = lease});

        ASSERT_FALSE(created.has_value());
        EXPECT_EQ(created.error().code, tutti::Errc::invalid_option);
        EXPECT_THAT(created.error().cause, HasSubstr("lease: must be from 100 ms"));
    }
    EXPECT_TRUE(tutti::Node::create({.name = "node", .lease = 100ms}).has_value());
    EXPECT_TRUE(tutti::Node::create({.name = "node", .lease = 10min}).has_value());
}

}  // namespace
}  // namespace tests
