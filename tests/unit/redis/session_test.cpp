// A connection that comes back: attempts, their deadlines, and the waits between them.
#include "redis/session.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <initializer_list>

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

    // The next attempt is made, and refused.
    void refuse_next() {
        for (const std::size_t before = links_.size(); links_.size() == before;) {
            executor_.advance(executor_.next_timer().value() - clock_.now());
        }
        link().break_off();
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

TEST_F(RedisSession, TriesAgainAfterTheTwoHundredthPartOfTheTimeThatTheServerIsAway) {
    start();
    link().break_off();
    const TimePoint lost = clock_.now();

    for (const Duration away : std::initializer_list<Duration>{0s, 5s, 10s, 20s, 100s, 200s}) {
        while (clock_.now() < lost + away) refuse_next();
        const TimePoint before = clock_.now();
        refuse_next();
        const Duration wait = std::clamp<Duration>((before - lost) / 200, 50ms, 1s);
        EXPECT_LE(clock_.now() - before, wait);
        EXPECT_GT(clock_.now() - before, wait / 2) << "as long as it may be";
    }
}

TEST_F(RedisSession, WaitsLongerEachTimeWhenTheServerItselfSaysNo) {
    start();

    for (const Duration wait : {50ms, 100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
        link().accept();
        say("-LOADING it reads its file\r\n");
        EXPECT_EQ(executor_.next_timer(), clock_.now() + wait);
        executor_.advance(wait);
    }
}

TEST_F(RedisSession, MakesABriefAttemptAgainAndAgainBesideTheLastingOneWhenPacketsAreLost) {
    start();
    let_in(10ms);
    session_->settled();
    link().break_off();
    executor_.advance(50ms);
    ASSERT_EQ(links_.size(), 2U);

    executor_.advance(50ms);
    ASSERT_EQ(links_.size(), 3U);
    executor_.advance(50ms);
    ASSERT_EQ(links_.size(), 4U);
    EXPECT_TRUE(links_[2]->is_over()) << "it had more than four round trips";
    EXPECT_FALSE(links_[1]->is_over()) << "it has all its time";

    let_in();
    EXPECT_TRUE(session_->is_up());
    EXPECT_TRUE(links_[1]->is_over());
    executor_.advance(1min);
    EXPECT_EQ(links_.size(), 4U);
}

TEST_F(RedisSession, TheLastingAttemptCountsWhenItIsTheFirst) {
    start();
    let_in();
    link().break_off();
    executor_.advance(100ms);
    ASSERT_EQ(links_.size(), 3U);

    links_[1]->accept();
    executor_.run_ready();
    links_[1]->say(good_server);

    EXPECT_TRUE(session_->is_up());
    EXPECT_TRUE(links_[2]->is_over());
}

TEST_F(RedisSession, HowLongABriefAttemptMayTakeIsNotKnownBeforeTheFirstConnection) {
    start();
    executor_.advance(1s);

    EXPECT_EQ(links_.size(), 1U);
}

TEST_F(RedisSession, AsksNoMoreOfAServerThatTookTheConnection) {
    start();
    let_in();
    link().break_off();
    executor_.advance(50ms);
    link().accept();

    executor_.advance(1s);

    EXPECT_EQ(links_.size(), 2U);
}

TEST_F(RedisSession, AnotherConnectionTakesThePlaceOfOneThatIsSuspected) {
    start();
    let_in();
    session_->settled();
    session_->suspect();
    executor_.advance(50ms);
    ASSERT_EQ(links_.size(), 2U);
    EXPECT_TRUE(session_->is_up());
    EXPECT_TRUE(downs_.empty());

    let_in();

    ASSERT_EQ(downs_.size(), 1U);
    EXPECT_THAT(downs_[0].cause, HasSubstr("on another, which takes its place"));
    EXPECT_TRUE(links_[0]->is_over());
    EXPECT_TRUE(session_->is_up());
    EXPECT_EQ(versions_.size(), 2U);
}

TEST_F(RedisSession, ASuspectedConnectionThatSpeaksIsKept) {
    start();
    let_in();
    session_->suspect();
    executor_.advance(50ms);
    ASSERT_EQ(links_.size(), 2U);
    links_[0]->say("+late\r\n");

    EXPECT_TRUE(links_[1]->is_over());
    executor_.advance(1min);
    EXPECT_EQ(links_.size(), 2U);
    EXPECT_TRUE(downs_.empty());
}

TEST_F(RedisSession, APartOfAReplyIsASignOfLifeToo) {
    start();
    let_in();
    session_->suspect();
    executor_.advance(50ms);
    links_[0]->say("$1000\r\nabc");

    let_in();

    EXPECT_TRUE(links_[1]->is_over());
    EXPECT_TRUE(downs_.empty());
}

TEST_F(RedisSession, EachReplacementMakesItMorePatientUntilAReply) {
    start();
    let_in();
    EXPECT_EQ(session_->patience(), 150ms);
    session_->suspect();
    executor_.advance(50ms);
    let_in();
    EXPECT_EQ(session_->patience(), 300ms);

    say("+a reply\r\n");

    EXPECT_EQ(session_->patience(), 150ms);
}

TEST_F(RedisSession, AServerThatIsFarAwayIsGivenFourRoundTrips) {
    start();
    let_in(100ms);

    EXPECT_EQ(session_->patience(), 400ms);
}

TEST_F(RedisSession, MayBeClosedWhileItsConnectionIsReplaced) {
    start();
    let_in();
    then_ = [this] { session_->close(); };
    session_->suspect();
    executor_.advance(50ms);
    let_in();

    EXPECT_TRUE(links_[0]->is_over());
    EXPECT_TRUE(links_[1]->is_over());
    EXPECT_EQ(executor_.timer_count(), 0U);
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
