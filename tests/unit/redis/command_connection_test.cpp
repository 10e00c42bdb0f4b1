// Commands on one connection: each is answered once, whatever becomes of the connection.
#include "redis/command_connection.hpp"

#include <gmock/gmock.h>

#include <ostream>
#include <string_view>

#include "redis/command.hpp"
#include "redis/key_count.hpp"
#include "scripted_network.hpp"
#include "support/word.hpp"

namespace tutti::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Caller = CommandConnection::Caller;

class CommandsTest : public NetworkTest {
protected:
    void make(std::size_t commands_max = 100) {
        connection_ = std::make_shared<CommandConnection>(
            network(), CommandConnection::Options{.session = options(),
                                                  .stall_timeout = 1s,
                                                  .met = [this](const ServerFacts&) { ++met_; },
                                                  .commands_max = commands_max});
        connection_->start([this](const Result<ServerFacts>& first) {
            first_ = first ? first->version : first.error().message();
        });
    }
    void make_and_let_in() {
        make();
        let_in();
    }
    // Its answer will be told as "word: answer", or "word: error", or "word: error, unsent".
    void call(const std::string& word, Duration within = 10s, Caller caller = Caller::store,
              bool waits = false) {
        connection_->submit(
            {.operation = "redis test",
             .bytes = encode({word}),
             .deadline = clock_.now() + within,
             .caller = caller,
             .waits = waits},
            [this, word](const Result<Reply>& reply) {
                answers_.push_back(word + ": " + (reply ? reply->text : told(reply.error())));
            });
    }
    void submit(const std::string& word, Duration within = 10s, Caller caller = Caller::store,
                bool waits = false) {
        call(word, within, caller, waits);
        executor_.run_ready();
    }
    static std::string told(const Error& error) {
        return std::string(to_string(error.code)) + (error.unsent ? ", unsent" : "");
    }
    [[nodiscard]] std::vector<std::string> answers() { return std::exchange(answers_, {}); }

    std::shared_ptr<CommandConnection> connection_;
    std::string first_;
    int met_ = 0;
    std::vector<std::string> answers_;
};

// What the network takes at once of a command that its caller writes.
struct AtOnce {
    std::string_view what;
    std::size_t bytes;
};
void PrintTo(const AtOnce& at_once, std::ostream* out) { *out << at_once.what; }

class RedisCommands : public CommandsTest, public ::testing::WithParamInterface<AtOnce> {
protected:
    RedisCommands() { takes_at_once_ = GetParam().bytes; }
};

constexpr AtOnce everything{"everything", 1'000'000};

INSTANTIATE_TEST_SUITE_P(, RedisCommands,
                         ::testing::Values(AtOnce{"nothing", 0}, AtOnce{"a part", 3}, everything),
                         tests::Word());

TEST_P(RedisCommands, WaitForTheFirstConnectAndLeaveAsOne) {
    make();
    submit("a");
    submit("b");
    EXPECT_THAT(answers(), ElementsAre());

    let_in();
    EXPECT_EQ(first_, "7.2.4");
    say("+1\r\n+2\r\n");

    EXPECT_THAT(answers(), ElementsAre("a: 1", "b: 2"));
}

TEST_P(RedisCommands, ALateReplyMeetsOnlyItsOwnCommand) {
    make_and_let_in();
    submit("late", 200ms);
    submit("patient");

    executor_.advance(200ms);
    EXPECT_THAT(answers(), ElementsAre("late: timeout"));
    links_[0]->say("+1\r\n+2\r\n");

    EXPECT_THAT(answers(), ElementsAre("patient: 2"));
}

TEST_P(RedisCommands, WhatEndedBeforeItWasSentIsNeverSent) {
    make();
    submit("ended", 1s);
    submit("waits");
    executor_.advance(1s);
    EXPECT_THAT(answers(), ElementsAre("ended: timeout, unsent"));

    link().accept();
    (void)heard();
    link().say(good_server);

    EXPECT_EQ(heard(), encode({"waits"}));
}

TEST_P(RedisCommands, FailWithALinkThatBreaksAndAreNotSentAgain) {
    make_and_let_in();
    submit("a");
    link().break_off();
    EXPECT_THAT(answers(), ElementsAre("a: unavailable"));

    submit("b");
    EXPECT_THAT(answers(), ElementsAre("b: unavailable, unsent"));
    executor_.advance(50ms);
    link().accept();
    (void)heard();
    link().say(good_server);
    EXPECT_EQ(heard(), "");

    submit("c");
    EXPECT_EQ(heard(), encode({"c"}));
    EXPECT_EQ(met_, 1) << "only for the first time";
}

TEST_P(RedisCommands, ASilentServerIsGivenUp) {
    make_and_let_in();
    submit("a");

    executor_.advance(999ms);
    EXPECT_THAT(answers(), ElementsAre());
    executor_.advance(1ms);

    EXPECT_THAT(answers(), ElementsAre("a: unavailable"));
    EXPECT_TRUE(links_[0]->is_over());
}

TEST_P(RedisCommands, AnAnswerThatIsLateBringsAnotherLink) {
    make_and_let_in();
    submit("a");
    executor_.advance(149ms);
    EXPECT_EQ(links_.size(), 1U);
    executor_.advance(1ms + 50ms);
    ASSERT_EQ(links_.size(), 2U);
    EXPECT_THAT(answers(), ElementsAre());

    let_in();

    EXPECT_THAT(answers(), ElementsAre("a: unavailable"));
    submit("b");
    say("+2\r\n");
    EXPECT_THAT(answers(), ElementsAre("b: 2"));
}

TEST_P(RedisCommands, TheAnswerToALargeCommandIsLateLater) {
    make_and_let_in();
    submit(std::string(5'000'000, 'x'));

    executor_.advance(600ms);
    EXPECT_EQ(links_.size(), 1U);
    executor_.advance(100ms);
    EXPECT_EQ(links_.size(), 2U);
}

TEST_P(RedisCommands, WhenAnotherConnectionWasLostAnAnswerIsLateSooner) {
    make_and_let_in();
    connection_->doubt();
    submit("a");
    executor_.advance(49ms);
    connection_->doubt();
    EXPECT_EQ(links_.size(), 1U) << "nothing was late";

    executor_.advance(1ms);
    connection_->doubt();

    EXPECT_EQ(links_.size(), 2U);
}

TEST_P(RedisCommands, OneThatSaysSoWaitsForALink) {
    make_and_let_in();
    link().break_off();
    submit("waits", 10s, Caller::bus, true);
    submit("does not");
    EXPECT_THAT(answers(), ElementsAre("does not: unavailable, unsent"));
    executor_.advance(50ms);
    link().break_off();
    EXPECT_THAT(answers(), ElementsAre()) << "for as many attempts as it takes";

    executor_.advance(50ms);
    link().accept();
    (void)heard();
    link().say(good_server);

    EXPECT_EQ(heard(), encode({"waits"}));
}

TEST_P(RedisCommands, OneThatWaitsDoesSoUntilItsDeadlineOrTheEnd) {
    make_and_let_in();
    link().break_off();
    submit("short", 100ms, Caller::bus, true);
    submit("long", 10s, Caller::bus, true);

    executor_.advance(100ms);
    EXPECT_THAT(answers(), ElementsAre("short: timeout, unsent"));
    connection_->close(Caller::bus);

    EXPECT_THAT(answers(), ElementsAre("long: stopped, unsent"));
}

TEST_P(RedisCommands, AServerThatStillSendsIsNotSilent) {
    make_and_let_in();
    submit("a");
    for (int second = 0; second < 5; ++second) {
        executor_.advance(900ms);
        links_[0]->say(second == 0 ? "$5\r\n1" : "2");
    }
    EXPECT_THAT(answers(), ElementsAre());

    links_[0]->say("\r\n");

    EXPECT_THAT(answers(), ElementsAre("a: 12222"));
}

TEST_P(RedisCommands, AServerThatOwesNothingMayBeSilent) {
    make_and_let_in();
    submit("a");
    say("+1\r\n");

    executor_.advance(1h);

    EXPECT_EQ(links_.size(), 1U);
    EXPECT_EQ(executor_.timer_count(), 0U);
}

TEST_P(RedisCommands, TooManyAreRefusedAtOnce) {
    make(2);
    submit("a");
    submit("b");
    submit("c");

    EXPECT_THAT(answers(), ElementsAre("c: overloaded, unsent"));
}

TEST_P(RedisCommands, TheEndOfOneCallerLeavesTheOtherAlone) {
    make_and_let_in();
    submit("store", 10s, Caller::store);
    submit("bus", 10s, Caller::bus);

    connection_->close(Caller::store);
    EXPECT_THAT(answers(), ElementsAre("store: stopped"));
    submit("store again", 10s, Caller::store);
    EXPECT_THAT(answers(), ElementsAre("store again: stopped, unsent"));
    say("+1\r\n+2\r\n");

    EXPECT_THAT(answers(), ElementsAre("bus: 2"));
}

TEST_P(RedisCommands, EndWithTheLastCaller) {
    make_and_let_in();
    submit("a", 10s, Caller::bus);

    connection_->close(Caller::store);
    connection_->close(Caller::bus);
    submit("b", 10s, Caller::bus);

    EXPECT_THAT(answers(), ElementsAre("a: stopped", "b: stopped, unsent"));
    EXPECT_TRUE(link().is_over());
    EXPECT_EQ(executor_.timer_count(), 0U);
}

TEST_P(RedisCommands, APrimaryThatBecameAReplicaIsLeft) {
    make_and_let_in();
    submit("a");
    submit("b");

    say("-READONLY You can't write against a read only replica.\r\n");

    EXPECT_THAT(answers(), ElementsAre(HasSubstr("a: READONLY"), "b: unavailable"));
    EXPECT_TRUE(links_[0]->is_over());
}

TEST_P(RedisCommands, ACountWhoseNextPageIsNotSentWasAskedFor) {
    make_and_let_in();
    std::optional<Result<std::size_t>> count;
    const auto counted = [&](Result<std::size_t> given) { count = std::move(given); };
    std::make_shared<KeyCount>(connection_, "redis count", "k:", clock_.now() + 10s, counted)
        ->start();
    (void)heard();

    links_[0]->say("*2\r\n$1\r\n7\r\n*0\r\n");
    links_[0]->break_off();
    executor_.run_ready();

    EXPECT_EQ(told(count->error()), "unavailable");
    std::make_shared<KeyCount>(connection_, "redis count", "k:", clock_.now() + 10s, counted)
        ->start();
    executor_.run_ready();
    EXPECT_EQ(told(count->error()), "unavailable, unsent");
}

TEST_P(RedisCommands, AnAnswerToNothingBreaksTheLink) {
    make_and_let_in();

    say("+1\r\n");

    EXPECT_TRUE(links_[0]->is_over());
    executor_.advance(50ms);
    EXPECT_EQ(links_.size(), 2U);
}

TEST_P(RedisCommands, TheRunIdIsThatOfTheServerThatIsThere) {
    const std::string id(40, 'a');
    make();
    EXPECT_FALSE(connection_->server());
    link().accept();
    say(text_reply("redis_version:7.2.4\r\nredis_mode:standalone\r\nrole:master\r\nrun_id:" + id +
                   "\r\nconnected_slaves:2\r\n"));
    EXPECT_EQ(connection_->server()->run_id, id);
    EXPECT_EQ(connection_->server()->name(), "Redis 7.2.4");
    EXPECT_EQ(connection_->replicas(), 2U);

    link().break_off();

    EXPECT_FALSE(connection_->server());
}

// The event loop has not heard of what they wrote.
class RedisCommandsOfCallers : public CommandsTest {
protected:
    RedisCommandsOfCallers() { takes_at_once_ = everything.bytes; }

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
