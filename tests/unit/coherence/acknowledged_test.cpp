// `done` before the wait-out: who is waited for, and for how long that does not count.
#include "unit/coherence/writer_fixture.hpp"

namespace tutti {
namespace {

using By = Invalidation::By;
using ::testing::IsEmpty;

class Acknowledged : public WriterTest {
protected:
    // The epoch has been known for a wait-out.
    void SetUp() override {
        writer_->heard(Renewed{.position = {.epoch = epoch_}, .lease = 3s});
        executor_.advance(grace);
    }
    // What waits keeps its writer alive.
    void TearDown() override { writer_->close(); }
    Answer change(Duration deadline = 5s) {
        const auto answer =
            invalidate(key("a"), {.ack = Ack::every_instance, .deadline = deadline});
        take();
        return answer;
    }
    void acked(Sequence sequence) {
        writer_->all_acked(epoch_, sequence);
        executor_.run_ready();
    }
    void answer_question(Laggards laggards) {
        bus_.next_question().done(std::move(laggards));
        executor_.run_ready();
    }

    static constexpr Duration grace = 3650ms;
};

TEST_F(Acknowledged, IsAskedForWhereItIsWaitedFor) {
    invalidate(key("a"), {.ack = Ack::every_instance});
    invalidate(key("b"));

    EXPECT_TRUE(bus_.next().request.acknowledge);
    EXPECT_FALSE(bus_.next().request.acknowledge);
}

TEST_F(Acknowledged, IsDoneWhenEveryMemberHasApplied) {
    const auto answer = change();
    executor_.advance(2ms);
    acked(taken_ - 1);
    EXPECT_FALSE(answer->has_value()) << "what was before it";

    acked(taken_);

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->outcome, Outcome::done);
    EXPECT_EQ((*answer)->by, By::acknowledgements);
    EXPECT_EQ((*answer)->took, 2ms);
    EXPECT_THAT((*answer)->silent, IsEmpty());
    EXPECT_EQ(executor_.timer_count(), 0U);
    EXPECT_THAT(bus_.reaped, IsEmpty());
}

TEST_F(Acknowledged, TheMarkMayComeBeforeTheAnswer) {
    const auto answer = invalidate(key("a"), {.ack = Ack::every_instance});
    acked(1);

    take();

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->by, By::acknowledgements);
}

TEST_F(Acknowledged, TheMarkOfAnotherEpochSaysNothing) {
    const auto answer = change();

    writer_->all_acked(Epoch{9}, taken_);

    EXPECT_FALSE(answer->has_value());
}

TEST_F(Acknowledged, WithoutMembersNoneIsWaitedFor) {
    const auto answer = invalidate(key("a"), {.ack = Ack::every_instance});
    reply({.position = {.epoch = epoch_, .sequence = 1}, .lease = 3s});

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->by, By::acknowledgements);
}

TEST_F(Acknowledged, AnEpochThatWasJustSeenHasAGrace) {
    epoch_ = Epoch{2};
    const auto answer = change();
    executor_.advance(1s);
    acked(taken_);
    const auto second = change();
    acked(taken_);

    executor_.advance(grace - 1s - 1ns);
    EXPECT_FALSE(answer->has_value());
    executor_.advance(1ns);

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->by, By::acknowledgements);
    ASSERT_TRUE(second->has_value()) << "the grace is the epoch's, not the publication's";
}

TEST_F(Acknowledged, ALongLeaseThatCameLaterMakesTheGraceNoLonger) {
    writer_->heard(Renewed{.position = {.epoch = epoch_}, .lease = 60s});
    const auto answer = change();

    acked(taken_);

    ASSERT_TRUE(answer->has_value());
}

// The long lease, which the grace is of, is gone when the publication is taken.
TEST_F(Acknowledged, AGraceThatOutlastsTheWaitOutDelaysNothing) {
    epoch_ = Epoch{2};
    writer_->heard(Renewed{.position = {.epoch = epoch_}, .lease = 60s});
    const auto answer = change();

    acked(taken_);
    EXPECT_FALSE(answer->has_value());
    executor_.advance(grace);

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->by, By::wait_out);
    EXPECT_EQ((*answer)->took, grace);
}

TEST_F(Acknowledged, OfAPublicationInPartsTheLastOneCounts) {
    KeySet many;
    for (std::size_t i = 0; i <= Bus::keys_max; ++i) many.keys.push_back(std::to_string(i));
    const auto answer = invalidate(std::move(many), {.ack = Ack::every_instance});
    auto first = bus_.next();
    auto last = bus_.next();
    EXPECT_FALSE(first.request.acknowledge);
    EXPECT_TRUE(last.request.acknowledge);
    const auto at = [&](Sequence sequence) {
        return Published{.position = {.epoch = epoch_, .sequence = sequence}, .members = 1};
    };
    last.done(at(2));  // in another order
    first.done(at(1));
    acked(1);
    EXPECT_FALSE(answer->has_value());

    acked(2);

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->position.sequence, 2U);
}

TEST_F(Acknowledged, PartsInTwoEpochsAreWaitedOut) {
    KeySet many;
    for (std::size_t i = 0; i <= Bus::keys_max; ++i) many.keys.push_back(std::to_string(i));
    const auto answer = invalidate(std::move(many), {.ack = Ack::every_instance});
    reply({.position = {.epoch = epoch_, .sequence = 8}, .lease = 3s, .members = 1});
    epoch_ = Epoch{2};
    reply({.position = {.epoch = epoch_, .sequence = 1}, .lease = 3s, .members = 1});
    acked(8);
    EXPECT_FALSE(answer->has_value());

    executor_.advance(grace);

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->by, By::wait_out);
}

TEST_F(Acknowledged, TheServerIsAskedWhenTheMarkIsLost) {
    const auto answer = change();
    executor_.advance(20ms);
    ASSERT_EQ(bus_.questions.size(), 1U);
    EXPECT_EQ(bus_.questions.front().sequence, taken_);
    executor_.advance(500ms);
    EXPECT_EQ(bus_.questions.size(), 1U) << "one question at a time";

    answer_question({.epoch = epoch_});

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->by, By::acknowledgements);
}

TEST_F(Acknowledged, AnEmptyAnswerOfAnotherEpochSaysNothingOfIt) {
    const auto before = change();
    executor_.advance(20ms);
    epoch_ = Epoch{2};
    answer_question({.epoch = epoch_});
    EXPECT_FALSE(before->has_value());
    writer_->heard(Renewed{.position = {.epoch = epoch_}, .lease = 3s});
    executor_.advance(grace);
    taken_ = 0;

    EXPECT_FALSE(change()->has_value()) << "there are members by now";
}

TEST_F(Acknowledged, WhoIsSilentIsNamedAndForgottenAfterTheWaitOut) {
    const auto answer = change();
    executor_.advance(20ms);
    answer_question({.epoch = epoch_, .members = {{.name = "bot-2", .applied = 0}}});

    executor_.advance(grace - 20ms);

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->by, By::wait_out);
    EXPECT_THAT((*answer)->silent, ElementsAre("bot-2"));
    EXPECT_THAT(bus_.reaped, ElementsAre(std::pair(epoch_, 7U)));
}

TEST_F(Acknowledged, ADeadlineBeforeTheWaitOutNamesWhoIsSilent) {
    const auto answer = change(200ms);
    executor_.advance(20ms);
    answer_question({.epoch = epoch_, .members = {{.name = "bot-2", .applied = 0}}});

    executor_.advance(180ms);

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->outcome, Outcome::unconfirmed);
    EXPECT_THAT((*answer)->reason, HasSubstr("not acknowledged by bot-2"));
    EXPECT_THAT((*answer)->silent, ElementsAre("bot-2"));
    EXPECT_THAT(bus_.reaped, IsEmpty()) << "it may still serve";
    EXPECT_EQ(writer_->pending(), 0U) << "it is in the log";
}

TEST_F(Acknowledged, ADeadlineBeforeTheWaitOutIsEnoughWhereAllAnswer) {
    const auto answer = change(200ms);

    acked(taken_);

    ASSERT_TRUE(answer->has_value());
    EXPECT_TRUE((*answer)->done());
}

TEST_F(Acknowledged, EndsWithTheNode) {
    const auto answer = change();

    writer_->close();

    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->outcome, Outcome::unconfirmed);
    EXPECT_EQ(executor_.timer_count(), 0U);
}

}  // namespace
}  // namespace tutti
