// What callers write themselves is answered as all commands are, and the event loop is not woken
// for it.
#include "redis/command_inbox.hpp"

#include <gmock/gmock.h>

#include "commands_fixture.hpp"

namespace tutti::redis {
namespace {

using ::testing::ElementsAre;

// The event loop has not heard of what they wrote.
class RedisCommandsOfCallers : public CommandsTest {
protected:
    RedisCommandsOfCallers() { takes_at_once_ = 1'000'000; }

    // With an alarm that rings 150 ms later.
    void make_and_let_in() {
        CommandsTest::make_and_let_in();
        submit("first");
        say("+\r\n");
        (void)answers();
        (void)heard();
    }
    void call_unheard(const std::string& word, Duration within = 10s) {
        call(word, within);
        EXPECT_EQ(executor_.run_ready(), 0U);
    }
};

TEST_F(RedisCommandsOfCallers, AreWrittenAtOnceWhileNothingIsOutstanding) {
    make_and_let_in();

    call("a");
    EXPECT_EQ(link().take_heard(), encode({"a"}));
    call("b");
    EXPECT_EQ(link().take_heard(), "") << "it goes with what else comes";
    executor_.run_ready();
    EXPECT_EQ(link().take_heard(), encode({"b"}));
    say("+1\r\n+2\r\n");
    call("c");
    EXPECT_EQ(link().take_heard(), encode({"c"}));
    say("+3\r\n");

    EXPECT_THAT(answers(), ElementsAre("a: 1", "b: 2", "c: 3"));
}

TEST_F(RedisCommandsOfCallers, AreNotWrittenAtOnceWhereTheyHaveComeTogether) {
    make_and_let_in();
    call("a");
    call("b");
    submit("c");
    say("+1\r\n+2\r\n+3\r\n");
    (void)heard();

    call("d");
    EXPECT_EQ(link().take_heard(), "");
    EXPECT_EQ(heard(), encode({"d"}));
    say("+4\r\n");
    call("e");

    EXPECT_EQ(link().take_heard(), encode({"e"})) << "the last came alone";
}

TEST_F(RedisCommandsOfCallers, WakeTheEventLoopOnceInTheTimeAfterWhichAnAnswerIsLate) {
    make_and_let_in();
    executor_.advance(149ms);
    call_unheard("a");
    say("+1\r\n");
    executor_.advance(1ms);

    call("b");
    EXPECT_GT(executor_.run_ready(), 0U);
    say("+2\r\n");
    call_unheard("c");
}

TEST_F(RedisCommandsOfCallers, AreNotWrittenAtOnceWhenTheyAreLongOrLate) {
    make_and_let_in();

    call(std::string(16UL * 1024, 'x'));
    EXPECT_EQ(link().take_heard(), "");
    (void)heard();
    say("+1\r\n");
    call("late", 0s);
    EXPECT_EQ(heard(), "");
}

TEST_F(RedisCommandsOfCallers, WithoutAnAnswerEndLikeAnyOther) {
    make_and_let_in();
    call_unheard("a");

    executor_.advance(200ms);
    EXPECT_EQ(links_.size(), 2U) << "it is late";
    executor_.advance(800ms);

    EXPECT_THAT(answers(), ElementsAre("a: unavailable"));
}

TEST_F(RedisCommandsOfCallers, AreLateFromTheMomentThatTheyWereWritten) {
    make_and_let_in();
    executor_.advance(140ms);
    call_unheard("a");
    executor_.advance(149ms);
    EXPECT_EQ(links_.size(), 1U);
    executor_.advance(1ms + 50ms);

    EXPECT_EQ(links_.size(), 2U);
}

TEST_F(RedisCommandsOfCallers, AreSuspectedInTimeThoughTheAlarmIsFarAway) {
    make_and_let_in();
    submit("a");
    executor_.advance(200ms);
    ASSERT_EQ(links_.size(), 2U) << "it looks next when the server has stalled";
    links_[0]->say("+1\r\n");
    executor_.run_ready();
    executor_.advance(200ms);

    submit("b");
    executor_.advance(200ms);

    EXPECT_EQ(links_.size(), 3U);
}

TEST_F(RedisCommandsOfCallers, AShortDeadlineIsKept) {
    make_and_let_in();
    submit("a", 20ms);

    executor_.advance(20ms);

    EXPECT_THAT(answers(), ElementsAre("a: timeout"));
}

TEST_F(RedisCommandsOfCallers, FailWithALinkThatBreaks) {
    make_and_let_in();
    call_unheard("a");

    link().break_off();

    EXPECT_THAT(answers(), ElementsAre("a: unavailable"));
    executor_.advance(50ms);
    let_in();
    submit("b");
    say("+2\r\n");
    EXPECT_THAT(answers(), ElementsAre("b: 2"));
}

TEST_F(RedisCommandsOfCallers, EndWithTheirCaller) {
    make_and_let_in();
    call_unheard("a");

    connection_->close(Caller::store);
    EXPECT_THAT(answers(), ElementsAre("a: stopped"));
    say("+1\r\n");
    submit("b");

    EXPECT_EQ(heard(), encode({"a"}));
    EXPECT_THAT(answers(), ElementsAre("b: stopped, unsent"));
}

TEST_F(RedisCommandsOfCallers, AreLateSoonerWhenAnotherConnectionWasLost) {
    make_and_let_in();
    call_unheard("a");
    clock_.advance(50ms);

    connection_->doubt();

    EXPECT_EQ(links_.size(), 2U);
}

TEST_F(RedisCommandsOfCallers, AreNotWrittenToAServerThatBecameAReplica) {
    make_and_let_in();
    connection_->submit({.operation = "redis test",
                         .bytes = encode({"a"}),
                         .deadline = clock_.now() + 10s,
                         .caller = Caller::bus},
                        [this](const Result<Reply>&) { call("again"); });

    say("-READONLY You can't write against a read only replica.\r\n");

    EXPECT_EQ(links_[0]->take_heard(), encode({"a"}));
    EXPECT_THAT(answers(), ElementsAre("again: unavailable, unsent"));
}

}  // namespace
}  // namespace tutti::redis
