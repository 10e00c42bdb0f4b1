// The writing side of a channel: what is published, and what is known afterwards.
#include "writer_fixture.hpp"

namespace tutti {
namespace {

using Publishing = WriterTest;
using WaitOut = WriterTest;

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
        make({{.type = "user", .key = "discordId"}, {.type = "config", .key = "configId"}});
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

TEST_F(Publishing, CountsAndReportsAnEventThatIsTooLargeAndPublishesItsKey) {
    const auto answer = invalidate(key(std::string(33'000, '"')));

    ASSERT_EQ(bus_.held.size(), 1U);
    EXPECT_EQ(bus_.held.front().request.changed.keys.size(), 1U);
    EXPECT_TRUE(bus_.held.front().request.plain_events.empty());
    take();
    EXPECT_EQ((*answer)->outcome, Outcome::published);
    EXPECT_EQ(writer_->status().unsent_events, 1U);
    EXPECT_THAT(written_, ElementsAre(HasSubstr("more than 65536 bytes")));
}

TEST_F(Publishing, CountsAndReportsWhatTheServerRefusedToPush) {
    const auto one = invalidate(key("a"));
    const auto other = invalidate(key("b"));

    reply({.position = {.epoch = epoch_, .sequence = 1}, .refused_pushes = 2});
    reply({.position = {.epoch = epoch_, .sequence = 2}, .refused_pushes = 1});

    EXPECT_EQ((*one)->outcome, Outcome::published) << "it is in the log";
    EXPECT_EQ((*other)->outcome, Outcome::published);
    EXPECT_EQ(writer_->status().unsent_events, 3U);
    EXPECT_THAT(written_, ElementsAre(HasSubstr("the server refused to push"))) << "once a minute";
    EXPECT_EQ(writer_->pending(), 0U);
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

TEST_F(WaitOut, BecomesShorterWhenTheLongestLeaseIsGone) {
    EXPECT_EQ(wait_out_at(60s), 72'050ms);
    EXPECT_EQ(wait_out_at(3s), 3650ms);
}

TEST_F(WaitOut, KnowsALeaseThatOnlyARenewalHasTold) {
    writer_->heard(Renewed{.position = {.epoch = epoch_}, .lease = 10s});
    EXPECT_EQ(writer_->status().longest_lease, 10s);
    epoch_ = Epoch{2};  // the server has lost everything

    EXPECT_EQ(wait_out_at(0s), 12'050ms);
}

TEST_F(WaitOut, OfAServerThatLostItsLeasesCoversThemUntilTheyHaveEnded) {
    EXPECT_EQ(wait_out_at(10s), 12'050ms);

    epoch_ = Epoch{2};
    EXPECT_EQ(wait_out_at(0s), 12'050ms);
    epoch_ = Epoch{3};
    EXPECT_EQ(wait_out_at(1s), 12'050ms)
        << "as long as it may be in force, however often it is lost";
    executor_.advance(20s);

    EXPECT_EQ(wait_out_at(3s), 3650ms);
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

}  // namespace
}  // namespace tutti
