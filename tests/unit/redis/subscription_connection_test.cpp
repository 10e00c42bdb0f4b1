// What is pushed, what is told of it, and how a connection that has gone deaf is noticed.
#include "redis/subscription_connection.hpp"

#include <gmock/gmock.h>

#include "redis/command.hpp"
#include "scripted_network.hpp"

namespace tutti::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RedisSubscription : public NetworkTest, protected SubscriptionConnection::Owner {
protected:
    void start(const std::vector<Subscription>& subscriptions = {{.channel = "c", .plain = true}}) {
        connection_ = std::make_shared<SubscriptionConnection>(
            network(), SubscriptionConnection::Options{.session = options(), .names = names_},
            subscriptions, static_cast<SubscriptionConnection::Owner&>(*this));
        connection_->start();
    }
    void confirm(const std::string& wire_channel) {
        say("*3\r\n" + text_reply("subscribe") + text_reply(wire_channel) + ":1\r\n");
    }
    // Confirms all channels, and answers the PING behind the SUBSCRIBE.
    void confirm_all() {
        confirm("c");
        confirm(entries_);
        confirm(acks_);
        confirm(names_.wake());
        pong();
    }
    void start_and_subscribe() {
        start();
        let_in();
        confirm_all();
        (void)told();
    }
    void push(const std::string& wire_channel, const std::string& payload) {
        say("*3\r\n" + text_reply("message") + text_reply(wire_channel) + text_reply(payload));
    }
    void push_entry(int plain_events) {
        push(entries_, "1 00000000000000ff 7 0123456789abcdef fedcba9876543210 " +
                           std::to_string(plain_events) + "\n1:a,");
    }
    void pong() { say("*2\r\n" + text_reply("pong") + text_reply("")); }
    void probe(Duration within = 10s) {
        connection_->probe(clock_.now() + within, [this](const Result<void>& answer) {
            told_.push_back("probe " +
                            (answer ? "answered" : std::string(to_string(answer.error().code))));
        });
    }
    [[nodiscard]] std::vector<std::string> told() { return std::exchange(told_, {}); }

    void on_subscribed() override { told_.emplace_back("subscribed"); }
    void on_lost(const Error& error) override {
        told_.push_back("lost: " + std::string(to_string(error.code)));
    }
    void on_entry(std::string_view channel, BusEntry entry) override {
        told_.push_back("entry " + std::string(channel) + " " + entry.changed.keys.at(0));
    }
    void on_undecodable(std::string_view channel) override {
        told_.push_back("undecodable " + std::string(channel));
    }
    void on_plain(std::string_view channel, std::string_view payload) override {
        told_.push_back("plain " + std::string(channel) + " " + std::string(payload));
    }
    void on_oversized_plain(std::string_view channel, std::size_t bytes) override {
        told_.push_back("oversized " + std::string(channel) + " " + std::to_string(bytes));
    }
    void on_woken(std::string_view store_key) override {
        told_.push_back("woken " + std::string(store_key));
    }
    void on_ack_wanted(std::string_view channel, Epoch, Sequence sequence) override {
        told_.push_back("ack wanted " + std::string(channel) + " " + std::to_string(sequence));
    }
    void on_all_acked(std::string_view channel, Epoch, Sequence sequence) override {
        told_.push_back("all acked " + std::string(channel) + " " + std::to_string(sequence));
    }

    const Names names_{"shop", 0};
    const std::string entries_ = names_.channel("c");
    const std::string acks_ = names_.acks("c");
    std::shared_ptr<SubscriptionConnection> connection_;
    std::vector<std::string> told_;
};

TEST_F(RedisSubscription, StandsWhenTheServerHasConfirmedEveryChannel) {
    start();
    link().accept();
    (void)heard();
    link().say(good_server);
    EXPECT_EQ(heard(),
              encode({"SUBSCRIBE", "c", entries_, acks_, names_.wake()}) + encode({"PING"}));

    confirm("c");
    confirm(entries_);
    confirm(acks_);
    EXPECT_THAT(told(), IsEmpty());
    confirm(names_.wake());

    EXPECT_THAT(told(), ElementsAre("subscribed"));
}

TEST_F(RedisSubscription, TellsWhatIsPushedByWhereItIsPushed) {
    start_and_subscribe();

    push_entry(0);
    push(entries_, "garbage");
    push("c", "an event");
    push("c", std::string(Bus::plain_event_bytes_max + 1, 'x'));
    push(names_.wake(), "key");
    push(acks_, "1 wanted 00000000000000ff 7");
    push(acks_, "1 acked 00000000000000ff 6");
    push(acks_, "2 something that a later version says");

    EXPECT_THAT(told(),
                ElementsAre("entry c a", "undecodable c", "plain c an event", "oversized c 65537",
                            "woken key", "ack wanted c 7", "all acked c 6"));
}

TEST_F(RedisSubscription, DropsAsManyEventsBehindAnEntryAsItSaysAreOurs) {
    start_and_subscribe();

    push_entry(2);
    push("c", "ours");
    push("c", "ours, too");
    push("c", "foreign");

    EXPECT_THAT(told(), ElementsAre("entry c a", "plain c foreign"));
}

TEST_F(RedisSubscription, WhatComesInBetweenEndsTheCount) {
    start_and_subscribe();

    push_entry(2);
    push("c", "ours");
    push(names_.wake(), "key");
    push("c", "foreign");

    EXPECT_THAT(told(), ElementsAre("entry c a", "woken key", "plain c foreign"));
}

TEST_F(RedisSubscription, SubscribesAnewAfterEveryReconnect) {
    start_and_subscribe();
    link().break_off();
    EXPECT_THAT(told(), ElementsAre("lost: unavailable"));

    executor_.advance(50ms);
    let_in();
    confirm_all();

    EXPECT_THAT(told(), ElementsAre("subscribed"));
}

TEST_F(RedisSubscription, AConnectionThatIsSilentIsAskedAndGivenUp) {
    start_and_subscribe();

    executor_.advance(200ms);
    EXPECT_EQ(heard(), encode({"PING"}));
    executor_.advance(999ms);
    EXPECT_THAT(told(), IsEmpty());
    executor_.advance(1ms);

    EXPECT_THAT(told(), ElementsAre("lost: timeout"));
}

TEST_F(RedisSubscription, AnotherTakesItsPlaceAsSoonAsOneCanBeMade) {
    start_and_subscribe();
    executor_.advance(200ms + 150ms + 50ms);
    ASSERT_EQ(links_.size(), 2U);
    EXPECT_THAT(told(), IsEmpty());

    let_in();
    confirm_all();

    EXPECT_THAT(told(), ElementsAre("lost: timeout", "subscribed"));
}

TEST_F(RedisSubscription, OneThatAnswersIsKept) {
    start_and_subscribe();
    for (int turn = 0; turn < 10; ++turn) {
        executor_.advance(200ms);
        ASSERT_EQ(heard(), encode({"PING"}));
        pong();
    }

    EXPECT_THAT(told(), IsEmpty());
    EXPECT_EQ(links_.size(), 1U);
}

TEST_F(RedisSubscription, OnWhichSomethingIsPushedNothingIsAsked) {
    start_and_subscribe();
    for (int turn = 0; turn < 10; ++turn) {
        executor_.advance(150ms);
        push("c", "an event");
    }

    EXPECT_EQ(heard(), "");
}

TEST_F(RedisSubscription, AServerThatConfirmsNothingIsGivenUp) {
    start();
    let_in();

    executor_.advance(1s);

    EXPECT_THAT(told(), ElementsAre("lost: timeout"));
}

TEST_F(RedisSubscription, AProbeIsAnsweredByItsOwnPing) {
    start_and_subscribe();
    probe();
    probe();
    EXPECT_EQ(heard(), encode({"PING"}) + encode({"PING"}));

    pong();
    EXPECT_THAT(told(), ElementsAre("probe answered"));
    pong();
    EXPECT_THAT(told(), ElementsAre("probe answered"));
}

TEST_F(RedisSubscription, AProbeEndsWithItsDeadlineTheConnectionOrTheNode) {
    start();
    probe();
    EXPECT_THAT(told(), ElementsAre("probe unavailable"));
    let_in();
    confirm_all();
    (void)told();

    probe(100ms);
    executor_.advance(100ms);
    EXPECT_THAT(told(), ElementsAre("probe timeout"));
    probe();
    link().break_off();
    EXPECT_THAT(told(), ElementsAre("probe unavailable", "lost: unavailable"));

    executor_.advance(50ms);
    let_in();
    confirm_all();
    (void)told();
    probe();
    connection_->close();
    probe();
    EXPECT_THAT(told(), ElementsAre("probe stopped", "probe stopped"));
    EXPECT_EQ(executor_.timer_count(), 0U);
}

TEST_F(RedisSubscription, WhatWasNotAskedForBreaksTheConnection) {
    start_and_subscribe();
    push("another", "x");
    EXPECT_THAT(told(), ElementsAre("lost: protocol error"));

    executor_.advance(50ms);
    let_in();
    confirm("another");
    EXPECT_THAT(told(), ElementsAre("lost: protocol error"));

    executor_.advance(100ms);  // it was not subscribed, so the wait has grown
    let_in();
    confirm_all();
    (void)told();
    pong();
    EXPECT_THAT(told(), ElementsAre("lost: protocol error"));
}

}  // namespace
}  // namespace tutti::redis
