// The writing side of a channel: what is published, what is known afterwards, what is tried again.
#include "coherence/writer.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>

#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/quiet_bus.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

// Keeps publications until the test answers them.
class HeldBus final : public testing::QuietBus {
public:
    struct Held {
        PublishRequest request;
        Completion<Published> done;
    };

    void publish(PublishRequest request, TimePoint, Completion<Published> done) override {
        held.push_back({std::move(request), std::move(done)});
    }
    Held next() {
        Held first = std::move(held.front());
        held.pop_front();
        return first;
    }

    std::deque<Held> held;
};

class WriterTest : public ::testing::Test {
protected:
    using Outcome = Invalidation::Outcome;
    using Answer = std::shared_ptr<std::optional<Invalidation>>;

    Answer invalidate(KeySet changed, InvalidateOptions options = {}, Writer::Shape shape = {}) {
        auto answer = std::make_shared<std::optional<Invalidation>>();
        writer_->publish(std::move(changed), shape, options,
                         [answer](Invalidation given) { answer->emplace(std::move(given)); });
        executor_.run_ready();
        return answer;
    }
    static KeySet key(std::string text) { return {.keys = {std::move(text)}, .all = false}; }

    void take(Duration lease = 3s, std::uint64_t replicas = 0) {
        bus_.next().done(
            Published{.position = {.epoch = Epoch{1}, .sequence = ++taken_, .chain = {}},
                      .lease = lease,
                      .replicas = replicas});
        executor_.run_ready();
    }
    void refuse() {
        bus_.next().done(fail(Errc::unavailable, "redis PUB", "down"));
        executor_.run_ready();
    }

    Sequence taken_ = 0;
    testing::ManualClock clock_;
    testing::ManualExecutor executor_{clock_};
    HeldBus bus_;
    std::shared_ptr<Writer> writer_ = std::make_shared<Writer>(
        Writer::Options{.channel = "c",
                        .shapes = {{.type = "channel", .key = "channelId"}},
                        .lease = 2s,
                        .clock_drift_max = 0.2,
                        .margin = 50ms,
                        .command_deadline = 1s},
        bus_, executor_, clock_, Log{});
};

using Publishing = WriterTest;
using WaitOut = WriterTest;
using Unpublished = WriterTest;

TEST_F(Publishing, SaysPublishedWhenTheBusHasTakenIt) {
    const auto answer = invalidate(key("a"));
    EXPECT_FALSE(answer->has_value());

    take();

    EXPECT_EQ((*answer)->outcome, Outcome::published);
    EXPECT_EQ((*answer)->position.sequence, 1U);
}

TEST_F(Publishing, TellsForeignProgramsInTheirShape) {
    invalidate(key("42"));
    invalidate(KeySet::everything());

    EXPECT_EQ(bus_.next().request.plain_events,
              std::vector<std::string>{R"({"type":"channel","channelId":"42"})"});
    EXPECT_EQ(bus_.next().request.plain_events, std::vector<std::string>{R"({"type":"all"})"});
}

class Shapes : public WriterTest {
protected:
    Shapes() {
        writer_ = std::make_shared<Writer>(
            Writer::Options{.channel = "c",
                            .shapes = {{.type = "user", .key = "discordId"},
                                       {.type = "config", .key = "configId"}},
                            .lease = 2s,
                            .clock_drift_max = 0.2,
                            .margin = 50ms,
                            .command_deadline = 1s},
            bus_, executor_, clock_, Log{});
    }
    std::vector<std::string> next_events() {
        auto events = bus_.held.front().request.plain_events;
        take();
        return events;
    }

    const std::string user_a_ = R"({"type":"user","discordId":"a"})";
    const std::string config_a_ = R"({"type":"config","configId":"a"})";
    const std::string config_b_ = R"({"type":"config","configId":"b"})";
};

TEST_F(Shapes, EachCachePublishesInItsOwn) {
    invalidate(key("a"), {}, 0);
    EXPECT_EQ(next_events(), std::vector{user_a_});

    invalidate(key("a"), {}, 1);
    EXPECT_EQ(next_events(), std::vector{config_a_});
}

TEST_F(Shapes, CacheWithoutAShapeTellsInAll) {
    invalidate(key("a"));

    EXPECT_EQ(next_events(), (std::vector{user_a_, config_a_}));
}

TEST_F(Shapes, AllIsToldOnce) {
    invalidate(KeySet::everything(), {}, 1);

    EXPECT_EQ(next_events(), std::vector<std::string>{R"({"type":"all"})"});
}

TEST_F(Shapes, WhatIsPublishedAgainKeepsItsOwn) {
    invalidate(key("b"), {}, 1);
    refuse();
    invalidate(key("a"), {}, 0);
    refuse();
    invalidate(key("a"), {}, 1);
    refuse();
    EXPECT_EQ(writer_->pending(), 3U);

    executor_.advance(100ms);

    ASSERT_EQ(bus_.held.size(), 2U);
    EXPECT_EQ(next_events(), std::vector{user_a_});
    EXPECT_EQ(next_events(), (std::vector{config_a_, config_b_}));
    EXPECT_EQ(writer_->pending(), 0U);
}

TEST_F(Publishing, SplitsWhatIsTooMuchForOnePublication) {
    KeySet many;
    for (int number = 0; number < 2500; ++number) many.keys.push_back(std::to_string(number));

    const auto answer = invalidate(many);
    ASSERT_EQ(bus_.held.size(), 3U);
    take();
    take();
    EXPECT_FALSE(answer->has_value());
    take();

    EXPECT_EQ((*answer)->outcome, Outcome::published);
}

TEST(Split, KeepsEveryPartWithinTheLimits) {
    KeySet long_keys;
    for (int number = 0; number < 100; ++number) long_keys.keys.emplace_back(4000, 'x');

    std::size_t keys = 0;
    for (const KeySet& part : split(long_keys)) {
        std::size_t bytes = 0;
        for (const std::string& each : part.keys) bytes += each.size();
        EXPECT_LE(bytes, Bus::key_bytes_max);
        keys += part.keys.size();
    }

    EXPECT_EQ(keys, 100U);
}

TEST(Split, AKeyThatNoPublicationCanHoldMeansAll) {
    const auto parts = split({.keys = {"a", std::string(70'000, 'x')}, .all = false});

    ASSERT_EQ(parts.size(), 1U);
    EXPECT_TRUE(parts[0].all);
}

TEST_F(WaitOut, IsDoneOneStretchedLeaseAfterTheReply) {
    const auto answer = invalidate(key("a"), {.ack = Ack::every_instance, .deadline = 5s});
    executor_.advance(500ms);
    take(3s);

    executor_.advance(3650ms - 1ns);
    EXPECT_FALSE(answer->has_value());
    executor_.advance(1ns);

    EXPECT_EQ((*answer)->outcome, Outcome::done);
}

TEST_F(WaitOut, WaitsForTheLongestLeaseThatTheServerKnows) {
    const auto answer = invalidate(key("a"), {.ack = Ack::every_instance, .deadline = 60s});
    take(10s);

    executor_.advance(12s);
    EXPECT_FALSE(answer->has_value());
    executor_.advance(50ms);

    EXPECT_TRUE((*answer)->done());
}

TEST_F(WaitOut, IsNeverShorterThanTheNodesOwnLease) {
    const auto answer = invalidate(key("a"), {.ack = Ack::every_instance, .deadline = 60s});
    take(0s);

    executor_.advance(2400ms);
    EXPECT_FALSE(answer->has_value());
    executor_.advance(50ms);

    EXPECT_TRUE((*answer)->done());
}

TEST_F(WaitOut, SaysAtOnceThatTheDeadlineIsTooShort) {
    const auto answer = invalidate(key("a"), {.ack = Ack::every_instance, .deadline = 2s});
    take();

    EXPECT_EQ((*answer)->outcome, Outcome::unconfirmed);
    EXPECT_EQ((*answer)->reason,
              "published, but the deadline of 2000 ms ends before the wait-out of 3650 ms: raise "
              "InvalidateOptions::deadline");
    EXPECT_EQ(writer_->pending(), 0U) << "it is in the log";
}

TEST_F(WaitOut, IsNoProofForAServerThatAFailoverMayReplace) {
    const auto waits = invalidate(key("a"), {.ack = Ack::every_instance});
    const auto asks_for_nothing = invalidate(key("b"));

    take(3s, 2);
    take(3s, 2);

    ASSERT_TRUE(*waits);
    EXPECT_EQ((*waits)->outcome, Outcome::unconfirmed);
    EXPECT_TRUE((*waits)->reason.contains("replicas (2)")) << (*waits)->reason;
    EXPECT_EQ((*asks_for_nothing)->outcome, Outcome::published);
}

TEST_F(WaitOut, EndsWithTheNode) {
    const auto answer = invalidate(key("a"), {.ack = Ack::every_instance});
    take();

    writer_->close();

    EXPECT_EQ((*answer)->outcome, Outcome::unconfirmed);
    EXPECT_EQ(executor_.timer_count(), 0U);
}

TEST_F(WaitOut, DoesNotBeginWhenTheAnswerComesAfterTheEndOfTheNode) {
    const auto answer = invalidate(key("a"), {.ack = Ack::every_instance});
    writer_->close();

    take();

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->outcome, Outcome::unconfirmed);
    EXPECT_EQ(executor_.timer_count(), 0U);
}

TEST_F(Unpublished, IsUnconfirmedAndPublishedAgainUntilTheBusTakesIt) {
    const auto answer = invalidate(key("a"));
    refuse();
    EXPECT_EQ((*answer)->outcome, Outcome::unconfirmed);
    EXPECT_EQ((*answer)->reason, "redis PUB: unavailable: down");
    EXPECT_EQ(writer_->pending(), 1U);

    executor_.advance(100ms);
    refuse();
    executor_.advance(200ms);
    ASSERT_EQ(bus_.held.size(), 1U);
    EXPECT_EQ(bus_.held.front().request.changed, key("a"));
    take();

    EXPECT_EQ(writer_->pending(), 0U);
    EXPECT_EQ(executor_.timer_count(), 0U);
}

TEST_F(Unpublished, GoesFirstThingWhenTheBusIsBack) {
    invalidate(key("a"));
    refuse();

    writer_->retry_now();

    EXPECT_EQ(bus_.held.size(), 1U);
}

TEST_F(Unpublished, CollectsKeysIntoOnePublication) {
    invalidate(key("a"));
    invalidate(key("b"));
    invalidate(key("a"));
    refuse();
    refuse();
    refuse();

    executor_.advance(100ms);

    ASSERT_EQ(bus_.held.size(), 1U);
    EXPECT_EQ(bus_.held.front().request.changed.keys, (std::vector<std::string>{"a", "b"}));
}

TEST_F(Unpublished, BecomesAllWhenItIsTooMuchToRemember) {
    KeySet many;
    for (int number = 0; number < 10'001; ++number) many.keys.push_back(std::to_string(number));
    invalidate(many);
    while (!bus_.held.empty()) refuse();

    executor_.advance(100ms);

    ASSERT_EQ(bus_.held.size(), 1U);
    EXPECT_TRUE(bus_.held.front().request.changed.all);
}

TEST_F(Unpublished, IsReportedAtTheEnd) {
    invalidate(key("a"));
    refuse();

    EXPECT_EQ(writer_->close(), 1U);
    const auto late = invalidate(key("b"));

    EXPECT_EQ((*late)->outcome, Outcome::unconfirmed);
    EXPECT_TRUE(bus_.held.empty());
}

TEST_F(Unpublished, IsReportedAtTheEndAlsoWhileARetryIsUnderWay) {
    invalidate(key("a"));
    refuse();
    executor_.advance(100ms);
    ASSERT_EQ(bus_.held.size(), 1U);

    EXPECT_EQ(writer_->pending(), 1U);
    EXPECT_EQ(writer_->close(), 1U);
}

}  // namespace
}  // namespace tutti
