// A connection that comes back: attempts, their deadlines, and the waits between them.
#include "redis/session.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "redis/command.hpp"
#include "scripted_network.hpp"

namespace tutti::redis {
namespace {

using ::testing::HasSubstr;

class RedisSession : public NetworkTest, protected Session::Owner {
protected:
    void start(SessionOptions with = options()) {
        session_ = std::make_shared<Session>(network(), std::move(with),
                                             static_cast<Session::Owner&>(*this));
        session_->start();
    }

    void on_up(const ServerFacts& facts) override { versions_.push_back(facts.version); }
    void on_reply(Reply reply) override { replies_.push_back(reply.text); }
    void on_down(const Error& error) override {
        downs_.push_back(error);
        if (then_) then_();
    }

    std::vector<std::string> versions_;
    std::vector<std::string> replies_;
    std::vector<Error> downs_;
    std::function<void()> then_;
    std::shared_ptr<Session> session_;
};

TEST_F(RedisSession, IsUpWhenTheServerHasSaidWhoItIs) {
    start();
    link().accept();
    EXPECT_EQ(heard(), encode({"INFO"}));
    EXPECT_FALSE(session_->is_up());

    say(good_server + "+the owner's\r\n");

    EXPECT_TRUE(session_->is_up());
    EXPECT_EQ(versions_, std::vector<std::string>{"7.2.4"});
    EXPECT_EQ(replies_, std::vector<std::string>{"the owner's"});
    EXPECT_EQ(executor_.timer_count(), 0U);
}

TEST_F(RedisSession, OneDeadlineRunsOverAllOfAnAttempt) {
    start();
    executor_.advance(1900ms);
    link().accept();
    executor_.advance(99ms);
    EXPECT_TRUE(downs_.empty());

    executor_.advance(1ms);

    ASSERT_EQ(downs_.size(), 1U);
    EXPECT_EQ(downs_[0].code, Errc::timeout);
    EXPECT_THAT(downs_[0].cause, HasSubstr("did not answer within 2000 ms"));
    EXPECT_TRUE(links_[0]->is_over());
}

TEST_F(RedisSession, TriesAgainOnANewLinkAfterAWaitThatGrows) {
    start();

    for (const Duration wait : {50ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3000ms, 3000ms}) {
        const std::size_t before = links_.size();
        link().break_off();
        EXPECT_EQ(executor_.next_timer(), clock_.now() + wait);
        executor_.advance(wait);
        ASSERT_EQ(links_.size(), before + 1);
        EXPECT_TRUE(link().asked_to_reach);
    }
}

TEST_F(RedisSession, WaitsBrieflyAgainWhenTheOwnerWasContentWithALink) {
    start();
    link().break_off();
    executor_.advance(50ms);
    let_in();

    session_->settled();
    link().break_off();

    EXPECT_EQ(executor_.next_timer(), clock_.now() + 50ms);
}

TEST_F(RedisSession, AServerThatCannotBeUsedIsNamedWithTheReason) {
    start();
    link().accept();

    say(text_reply("redis_version:6.2.14\r\nredis_mode:standalone\r\nrole:master\r\n"));

    ASSERT_EQ(downs_.size(), 1U);
    EXPECT_EQ(downs_[0].code, Errc::unsupported);
    EXPECT_THAT(downs_[0].cause, HasSubstr("server:6379: the server is Redis 6.2.14"));
    EXPECT_TRUE(versions_.empty());
}

TEST_F(RedisSession, ALinkThatBreaksIsReplacedAndTheHandshakeSaidAnew) {
    start();
    let_in();

    link().break_off();
    EXPECT_FALSE(session_->is_up());
    executor_.advance(50ms);
    link().accept();

    EXPECT_EQ(heard(), encode({"INFO"}));
    say(good_server);
    EXPECT_TRUE(session_->is_up());
    EXPECT_EQ(versions_.size(), 2U);
}

TEST_F(RedisSession, CallsNobodyAndTriesNothingAfterItsEnd) {
    start();
    let_in();

    session_->close();
    executor_.advance(1min);

    EXPECT_TRUE(link().is_over());
    EXPECT_EQ(links_.size(), 1U);
    EXPECT_TRUE(downs_.empty());
}

TEST_F(RedisSession, MayBeClosedByTheCallThatReportsTheFailure) {
    start();
    then_ = [this] { session_->close(); };

    link().break_off();
    executor_.advance(1min);

    EXPECT_EQ(downs_.size(), 1U);
    EXPECT_EQ(links_.size(), 1U);
    EXPECT_EQ(executor_.timer_count(), 0U);
}

}  // namespace
}  // namespace tutti::redis
