// Commands on one connection: each is answered once, whatever becomes of the connection.
#include "redis/command_connection.hpp"

#include <gmock/gmock.h>

#include "redis/command.hpp"
#include "redis/key_count.hpp"
#include "scripted_network.hpp"

namespace tutti::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Caller = CommandConnection::Caller;

class RedisCommands : public NetworkTest {
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
    void submit(const std::string& word, Duration within = 10s, Caller caller = Caller::store,
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

TEST_F(RedisCommands, WaitForTheFirstConnectAndLeaveAsOne) {
    make();
    submit("a");
    submit("b");
    EXPECT_THAT(answers(), ElementsAre());

    let_in();
    EXPECT_EQ(first_, "7.2.4");
    say("+1\r\n+2\r\n");

    EXPECT_THAT(answers(), ElementsAre("a: 1", "b: 2"));
}

TEST_F(RedisCommands, ALateReplyMeetsOnlyItsOwnCommand) {
    make_and_let_in();
    submit("late", 200ms);
    submit("patient");

    executor_.advance(200ms);
    EXPECT_THAT(answers(), ElementsAre("late: timeout"));
    links_[0]->say("+1\r\n+2\r\n");

    EXPECT_THAT(answers(), ElementsAre("patient: 2"));
}

TEST_F(RedisCommands, WhatEndedBeforeItWasSentIsNeverSent) {
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

TEST_F(RedisCommands, FailWithALinkThatBreaksAndAreNotSentAgain) {
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

TEST_F(RedisCommands, ASilentServerIsGivenUp) {
    make_and_let_in();
    submit("a");

    executor_.advance(999ms);
    EXPECT_THAT(answers(), ElementsAre());
    executor_.advance(1ms);

    EXPECT_THAT(answers(), ElementsAre("a: unavailable"));
    EXPECT_TRUE(links_[0]->is_over());
}

TEST_F(RedisCommands, AnAnswerThatIsLateBringsAnotherLink) {
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

TEST_F(RedisCommands, TheAnswerToALargeCommandIsLateLater) {
    make_and_let_in();
    submit(std::string(5'000'000, 'x'));

    executor_.advance(600ms);
    EXPECT_EQ(links_.size(), 1U);
    executor_.advance(100ms);
    EXPECT_EQ(links_.size(), 2U);
}

TEST_F(RedisCommands, WhenAnotherConnectionWasLostAnAnswerIsLateSooner) {
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

TEST_F(RedisCommands, OneThatSaysSoWaitsForALink) {
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

TEST_F(RedisCommands, OneThatWaitsDoesSoUntilItsDeadlineOrTheEnd) {
    make_and_let_in();
    link().break_off();
    submit("short", 100ms, Caller::bus, true);
    submit("long", 10s, Caller::bus, true);

    executor_.advance(100ms);
    EXPECT_THAT(answers(), ElementsAre("short: timeout, unsent"));
    connection_->close(Caller::bus);

    EXPECT_THAT(answers(), ElementsAre("long: stopped, unsent"));
}

TEST_F(RedisCommands, AServerThatStillSendsIsNotSilent) {
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

TEST_F(RedisCommands, AServerThatOwesNothingMayBeSilent) {
    make_and_let_in();
    submit("a");
    say("+1\r\n");

    executor_.advance(1h);

    EXPECT_EQ(links_.size(), 1U);
    EXPECT_EQ(executor_.timer_count(), 0U);
}

TEST_F(RedisCommands, TooManyAreRefusedAtOnce) {
    make(2);
    submit("a");
    submit("b");
    submit("c");

    EXPECT_THAT(answers(), ElementsAre("c: overloaded, unsent"));
}

TEST_F(RedisCommands, TheEndOfOneCallerLeavesTheOtherAlone) {
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

TEST_F(RedisCommands, EndWithTheLastCaller) {
    make_and_let_in();
    submit("a", 10s, Caller::bus);

    connection_->close(Caller::store);
    connection_->close(Caller::bus);
    submit("b", 10s, Caller::bus);

    EXPECT_THAT(answers(), ElementsAre("a: stopped", "b: stopped, unsent"));
    EXPECT_TRUE(link().is_over());
    EXPECT_EQ(executor_.timer_count(), 0U);
}

TEST_F(RedisCommands, APrimaryThatBecameAReplicaIsLeft) {
    make_and_let_in();
    submit("a");
    submit("b");

    say("-READONLY You can't write against a read only replica.\r\n");

    EXPECT_THAT(answers(), ElementsAre(HasSubstr("a: READONLY"), "b: unavailable"));
    EXPECT_TRUE(links_[0]->is_over());
}

TEST_F(RedisCommands, ACountWhoseNextPageIsNotSentWasAskedFor) {
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

TEST_F(RedisCommands, AnAnswerToNothingBreaksTheLink) {
    make_and_let_in();

    say("+1\r\n");

    EXPECT_TRUE(links_[0]->is_over());
    executor_.advance(50ms);
    EXPECT_EQ(links_.size(), 2U);
}

TEST_F(RedisCommands, TheRunIdIsThatOfTheServerThatIsThere) {
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
