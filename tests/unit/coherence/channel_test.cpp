// What a channel does with the events of foreign programs: those that it understands reach its
// caches, in their order; the others are counted, and the log stays short.
#include "coherence/channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/quiet_bus.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const PlainEvent channels{.type = "channel", .key = "channelId"};
const PlainEvent guilds{.type = "guild", .key = "guildId"};

// What is forgotten, in order.
class RecordedSink final : public CacheSink {
public:
    void remove(std::string_view key) override { forgotten.emplace_back(key); }
    void flush() override { forgotten.emplace_back("(all)"); }
    void remove_tagged(std::string_view tag) override {
        forgotten.push_back("#" + std::string(tag));
    }
    void publication_begins(const KeySet&) override {}
    void publication_ended(const KeySet&) override {}

    std::vector<std::string> forgotten;
};

class ForeignEvents : public ::testing::Test {
protected:
    // With a cache that has the first shape, and one that is not looked at for each of the others.
    std::shared_ptr<Channel> make(std::string name,
                                  const std::vector<PlainEvent>& shapes = {channels}) {
        auto channel = std::make_shared<Channel>(
            Channel::Options{.name = std::move(name),
                             .member = "m",
                             .timing = {.lease = 2s, .command_deadline = 1s},
                             .changed = [] {}},
            bus_, executor_, clock_,
            Log(
                [this](LogLevel level, std::string_view text) {
                    EXPECT_EQ(level, LogLevel::warning);
                    written_.emplace_back(text);
                },
                clock_));
        std::shared_ptr<RecordedSink> cache = sink_;
        for (const PlainEvent& shape : shapes) {
            channel->join({.cache = cache, .plain = shape, .foreign_publishers = true});
            cache = std::make_shared<RecordedSink>();
        }
        channel->connect();
        return channel;
    }
    static void publish(Channel& channel, int times) {
        for (int i = 0; i < times; ++i) channel.plain("secret");
    }

    testing::ManualClock clock_;
    testing::ManualExecutor executor_{clock_};
    testing::QuietBus bus_;
    std::shared_ptr<RecordedSink> sink_ = std::make_shared<RecordedSink>();
    std::vector<std::string> written_;
    std::shared_ptr<Channel> channel_ = make("c");
};

TEST_F(ForeignEvents, BurstForgetsEachIdOnceAndAllWhereItSaysAll) {
    for (const char* event :
         {R"({"type":"channel","channelId":"1"})", R"({"type":"channel","channelId":"2"})",
          R"({"type":"all"})", R"({"type":"channel","channelId":"3"})"}) {
        channel_->plain(event);
    }

    EXPECT_THAT(sink_->forgotten, ElementsAre("1", "2", "(all)", "3"));
    EXPECT_THAT(written_, IsEmpty());
    EXPECT_EQ(channel_->status().dropped_events, 0U);
}

TEST_F(ForeignEvents, EachDeclaredShapeIsUnderstood) {
    const auto both = make("d", {guilds, channels});

    both->plain(R"({"type":"channel","channelId":"1"})");
    both->plain(R"({"type":"guild","guildId":"2"})");

    EXPECT_THAT(sink_->forgotten, ElementsAre("1", "2"));
    EXPECT_THAT(written_, IsEmpty());
}

TEST_F(ForeignEvents, FirstWrongOneIsReportedAtOnceWithoutItsContent) {
    publish(*channel_, 1);

    EXPECT_THAT(sink_->forgotten, IsEmpty());
    ASSERT_THAT(written_, SizeIs(1));
    EXPECT_THAT(written_[0], AllOf(HasSubstr("channel c: a foreign event was dropped: its 6 bytes"),
                                   Not(HasSubstr("left out")), Not(HasSubstr("secret"))));
}

TEST_F(ForeignEvents, NoisyPublisherFillsTheCounterAndNotTheLog) {
    publish(*channel_, 1000);
    clock_.advance(LogLimiter::period - 1ms);
    publish(*channel_, 1000);
    EXPECT_THAT(written_, SizeIs(1));

    clock_.advance(1ms);
    publish(*channel_, 1000);

    ASSERT_THAT(written_, SizeIs(2));
    EXPECT_THAT(written_[1], HasSubstr("and 1999 such lines before it were left out"));
    EXPECT_EQ(channel_->status().dropped_events, 3000U);
}

TEST_F(ForeignEvents, OneThatIsTooLargeIsCountedWithThem) {
    channel_->oversized_plain(2'000'000);
    channel_->oversized_plain(70'000);
    publish(*channel_, 1);

    EXPECT_THAT(sink_->forgotten, IsEmpty());
    ASSERT_THAT(written_, SizeIs(1));
    EXPECT_THAT(written_[0], HasSubstr("its 2000000 bytes are more than 65536"));
    EXPECT_EQ(channel_->status().dropped_events, 3U);
}

TEST_F(ForeignEvents, EachReportCountsAnew) {
    publish(*channel_, 2);
    clock_.advance(LogLimiter::period);
    publish(*channel_, 1);
    clock_.advance(LogLimiter::period);
    publish(*channel_, 1);

    ASSERT_THAT(written_, SizeIs(3));
    EXPECT_THAT(written_[1], HasSubstr("and 1 such"));
    EXPECT_THAT(written_[2], Not(HasSubstr("left out")));
}

TEST_F(ForeignEvents, ChannelsHaveReportsOfTheirOwn) {
    const auto other = make("d");

    publish(*channel_, 5);
    publish(*other, 5);

    ASSERT_THAT(written_, SizeIs(2));
    EXPECT_THAT(written_[1], HasSubstr("channel d: "));
}

}  // namespace
}  // namespace tutti
