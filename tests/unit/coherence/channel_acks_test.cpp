// What a channel acknowledges, and which marks it believes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coherence/channel.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/coherence/no_cache.hpp"
#include "unit/quiet_bus.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Epoch epoch{1};
constexpr Sequence beyond = std::numeric_limits<Sequence>::max();

// One member; what it says is kept, and the test answers.
class OneMemberBus final : public testing::QuietBus {
public:
    void renew(RenewRequest, TimePoint, Completion<Renewed> done) override {
        renewal = std::move(done);
    }
    void publish(PublishRequest, TimePoint, Completion<Published> done) override {
        publication = std::move(done);
    }
    void acknowledge(AckRequest request, TimePoint, Completion<void> done) override {
        acknowledged.push_back(request.applied.sequence);
        done({});
    }

    Completion<Renewed> renewal;
    Completion<Published> publication;
    std::vector<Sequence> acknowledged;
};

class ChannelAcks : public ::testing::Test {
protected:
    void SetUp() override {
        channel_->join({.cache = std::make_shared<testing::NoCache>(), .plain = {}});
        channel_->connect();
        channel_->subscribed();
        bus_.renewal(Renewed{.position = {.epoch = epoch}, .lease = 2s});
        executor_.advance(grace);
    }
    void TearDown() override {
        if (channel_) channel_->leave(clock_.now(), [](const Result<void>&) {});
    }
    void entry(Sequence sequence) {
        channel_->entry(
            {.position = {.epoch = epoch, .sequence = sequence, .chain = Chain{sequence}},
             .previous = Chain{sequence - 1},
             .changed = {.keys = {"a"}}});
        executor_.run_ready();
    }
    std::shared_ptr<std::optional<Invalidation>> change() {
        auto answer = std::make_shared<std::optional<Invalidation>>();
        channel_->publish(std::make_shared<testing::NoCache>(), {.keys = {"a"}},
                          {.ack = Ack::every_instance},
                          [answer](Invalidation given) { answer->emplace(std::move(given)); });
        return answer;
    }
    void publish_answered(Sequence sequence) {
        bus_.publication(Published{
            .position = {.epoch = epoch, .sequence = sequence}, .lease = 2s, .members = 1});
        executor_.run_ready();
    }

    static constexpr Duration grace = 3s;
    testing::ManualClock clock_;
    testing::ManualExecutor executor_{clock_};
    OneMemberBus bus_;
    std::shared_ptr<Channel> channel_ = std::make_shared<Channel>(
        Channel::Options{.name = "c",
                         .member = "m",
                         .timing = {.lease = 2s, .wait_out_margin = 50ms, .command_deadline = 1s},
                         .changed = [] {}},
        bus_, executor_, clock_, Log({}, clock_));
};

TEST_F(ChannelAcks, WhatIsAppliedIsAcknowledgedWhenItIsWanted) {
    entry(1);
    EXPECT_THAT(bus_.acknowledged, IsEmpty());

    channel_->ack_wanted(epoch, 1);

    EXPECT_THAT(bus_.acknowledged, ElementsAre(1U));
}

TEST_F(ChannelAcks, AQuestionBeyondTheLogDoesNotSilenceAMember) {
    channel_->ack_wanted(epoch, beyond);
    entry(1);

    channel_->ack_wanted(epoch, 1);

    EXPECT_THAT(bus_.acknowledged, ElementsAre(1U));
}

TEST_F(ChannelAcks, AMarkEndsTheWait) {
    const auto answer = change();
    entry(1);
    channel_->all_acked(epoch, 1);

    publish_answered(1);

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->by, Invalidation::By::acknowledgements);
}

TEST_F(ChannelAcks, AMarkBeyondTheLogIsNotBelieved) {
    channel_->all_acked(epoch, beyond);
    const auto answer = change();
    entry(1);

    publish_answered(1);

    EXPECT_FALSE(answer->has_value());
}

TEST(ChannelLife, ALeaveThatWaitsForARenewalDoesNotKeepItsChannel) {
    testing::ManualClock clock;
    testing::ManualExecutor executor(clock);
    OneMemberBus bus;
    auto channel = std::make_shared<Channel>(
        Channel::Options{.name = "c", .member = "m", .timing = {.lease = 2s}, .changed = [] {}},
        bus, executor, clock, Log({}, clock));
    channel->join({.cache = std::make_shared<testing::NoCache>(), .plain = {}});
    channel->connect();
    channel->subscribed();
    ASSERT_TRUE(bus.renewal);
    channel->leave(clock.now(), [](const Result<void>&) {});
    const std::weak_ptr<Channel> left = channel;

    channel.reset();
    bus.renewal = nullptr;  // its connection is gone

    EXPECT_TRUE(left.expired());
}

}  // namespace
}  // namespace tutti
