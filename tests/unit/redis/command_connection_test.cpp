// Commands on one connection: each is answered once, whatever becomes of the connection.
#include "redis/command_connection.hpp"

#include <gmock/gmock.h>

#include <cstddef>
#include <optional>
#include <ostream>
#include <string_view>

#include "commands_fixture.hpp"
#include "redis/key_count.hpp"
#include "support/word.hpp"

namespace tutti::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

INSTANTIATE_TEST_SUITE_P(, RedisCommands,
                         ::testing::Values(AtOnce{"nothing", 0}, AtOnce{"a part", 3},
                                           AtOnce{"everything", 1'000'000}),
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

}  // namespace
}  // namespace tutti::redis
