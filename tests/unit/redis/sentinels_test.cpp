// Where the primary is: the Sentinels are the test.
#include "redis/sentinels.hpp"

#include <gmock/gmock.h>

#include "redis/command.hpp"
#include "scripted_network.hpp"

namespace tutti::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string names_a = "*2\r\n" + text_reply("10.0.0.1") + text_reply("6379");
const std::string names_b = "*2\r\n" + text_reply("10.0.0.2") + text_reply("6380");
const std::string listens =
    "*3\r\n" + text_reply("subscribe") + text_reply("+switch-master") + ":1\r\n";

std::string switches(std::string_view message) {
    return "*3\r\n" + text_reply("message") + text_reply("+switch-master") + text_reply(message);
}

class RedisSentinels : public NetworkTest, protected Sentinels::Listener {
protected:
    void make(const char* url = "redis+sentinel://u:p@one,two:7000/main/3?replicas=2") {
        sentinels_ = std::make_shared<Sentinels>(
            network(), Sentinels::Options{.url = *Url::parse(url), .random = options().random});
        sentinels_->attach(*this);
    }
    void find() {
        sentinels_->find([this](const Result<Url>& found) {
            found_.push_back(found ? found->redacted() : found.error().message());
        });
        executor_.run_ready();
    }
    // The newest link is to a Sentinel, which says this.
    void answer(std::string_view bytes) {
        link().accept();
        say(bytes);
    }
    void on_primary(const Url& url) override { primaries_.push_back(url.endpoint()); }

    std::shared_ptr<Sentinels> sentinels_;
    std::vector<std::string> found_;
    std::vector<std::string> primaries_;
};

TEST_F(RedisSentinels, TheFirstThatAnswersNamesThePrimaryWithTheLoginOfTheServers) {
    make();
    find();
    EXPECT_EQ(links_.size(), 1U);
    link().accept();
    EXPECT_EQ(heard(), encode({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"}) +
                           encode({"SUBSCRIBE", "+switch-master"}));
    say(names_a + listens);

    EXPECT_THAT(found_, ElementsAre("redis://u:***@10.0.0.1:6379/3?replicas=2"));
    EXPECT_THAT(primaries_, ElementsAre("10.0.0.1:6379"));
}

TEST_F(RedisSentinels, OneThatIsAwayOrSilentOrKnowsNothingIsPassedOver) {
    make("redis+sentinel://a,b,c,d/main");
    find();
    link().break_off();
    ASSERT_EQ(links_.size(), 2U);
    executor_.advance(500ms);
    ASSERT_EQ(links_.size(), 3U);
    answer("*-1\r\n");
    ASSERT_EQ(links_.size(), 4U);
    EXPECT_THAT(found_, ElementsAre());

    answer(names_a);

    EXPECT_THAT(found_, ElementsAre("redis://10.0.0.1:6379"));
}

TEST_F(RedisSentinels, WhenNoneAnswersTheErrorSaysWhatEachSaid) {
    make();
    find();
    link().break_off();
    answer("*-1\r\n");

    ASSERT_EQ(found_.size(), 1U);
    EXPECT_THAT(found_[0], StartsWith("redis sentinel: unavailable: no Sentinel says"));
    EXPECT_THAT(found_[0], HasSubstr("closed the connection"));
    EXPECT_THAT(found_[0], HasSubstr("watches no 'main'"));
}

TEST_F(RedisSentinels, EveryQuestionBeginsWithTheNextOne) {
    make();
    find();
    answer(names_a);
    find();
    answer(names_a);

    ASSERT_EQ(links_.size(), 2U);
    EXPECT_NE(links_[0]->where(), links_[1]->where());
    EXPECT_TRUE(links_[0]->is_over());
}

TEST_F(RedisSentinels, QuestionsAtTheSameTimeAreOne) {
    make();
    find();
    find();
    EXPECT_EQ(links_.size(), 1U);

    answer(names_a);

    EXPECT_EQ(found_.size(), 2U);
}

TEST_F(RedisSentinels, ASwitchIsToldAtOnceAndOnlyOfTheGroup) {
    make();
    find();
    answer(names_a + listens);
    primaries_.clear();

    say(switches("other 10.0.0.1 6379 10.0.0.9 6379"));
    say(switches("main 10.0.0.1 6379 10.0.0.2"));
    say(switches("main 10.0.0.1 6379 10.0.0.2 70000"));
    say(switches("main"));
    EXPECT_THAT(primaries_, ElementsAre());
    say(switches("main 10.0.0.1 6379 10.0.0.2 6380"));

    EXPECT_THAT(primaries_, ElementsAre("10.0.0.2:6380"));
}

TEST_F(RedisSentinels, WhenTheOneThatIsListenedToIsLostTheNextIsAskedAfterAWait) {
    make();
    find();
    answer(names_a);
    primaries_.clear();
    link().break_off();
    EXPECT_EQ(links_.size(), 1U);

    executor_.advance(50ms);
    ASSERT_EQ(links_.size(), 2U);
    answer(names_b);

    EXPECT_THAT(primaries_, ElementsAre("10.0.0.2:6380"));
}

TEST_F(RedisSentinels, OneThatNoLongerAnswersAPingIsLost) {
    make();
    find();
    answer(names_a + listens);
    EXPECT_THAT(heard(), EndsWith(encode({"PING"})));
    say("*2\r\n" + text_reply("pong") + text_reply(""));
    executor_.advance(2s);
    EXPECT_EQ(heard(), encode({"PING"}));

    executor_.advance(2s + 50ms);

    EXPECT_EQ(links_.size(), 2U);
}

TEST_F(RedisSentinels, ADoubtAsksForWhoIsAttached) {
    make();
    find();
    answer(names_a);
    primaries_.clear();
    sentinels_->doubt();
    answer(names_b);

    EXPECT_THAT(primaries_, ElementsAre("10.0.0.2:6380"));
}

TEST_F(RedisSentinels, WithTheLastThatIsDetachedEverythingEnds) {
    make();
    find();
    sentinels_->detach(*this);
    executor_.advance(1min);
    sentinels_->doubt();

    EXPECT_EQ(links_.size(), 1U);
    EXPECT_TRUE(link().is_over());
    EXPECT_EQ(executor_.timer_count(), 0U);
}

TEST_F(RedisSentinels, TheirOwnLoginIsSaidFirst) {
    make("redis+sentinel://u:p@one/main?sentinel_password=q");
    find();
    link().accept();
    EXPECT_THAT(heard(), StartsWith(encode({"AUTH", "q"})));
    say("-WRONGPASS invalid username-password pair or user is disabled.\r\n*-1\r\n");

    ASSERT_EQ(found_.size(), 1U);
    EXPECT_THAT(found_[0], HasSubstr("one:26379: the server says: WRONGPASS"));
}

class RedisSessionBySentinels : public RedisSentinels, protected Session::Owner {
protected:
    void start() {
        make();
        SessionOptions with = options();
        with.url = *Url::parse("redis+sentinel://one,two/main");
        with.sentinels = sentinels_;
        session_ = std::make_shared<Session>(network(), with, static_cast<Session::Owner&>(*this));
        session_->start();
        executor_.run_ready();
    }
    void on_up(const ServerFacts& facts) override { versions_.push_back(facts.version); }
    void on_reply(Reply) override {}
    void on_down(const Error& error) override { downs_.push_back(error); }

    std::shared_ptr<Session> session_;
    std::vector<std::string> versions_;
    std::vector<Error> downs_;
};

TEST_F(RedisSessionBySentinels, ConnectsToWhatTheyName) {
    start();
    answer(names_a);
    ASSERT_EQ(links_.size(), 2U);
    EXPECT_EQ(link().where(), "10.0.0.1:6379");
    let_in();

    EXPECT_TRUE(session_->is_up());
    EXPECT_EQ(session_->url().endpoint(), "10.0.0.1:6379");
}

TEST_F(RedisSessionBySentinels, AReplicaIsNoPrimaryWhateverTheySay) {
    start();
    answer(names_a);
    link().accept();
    say(text_reply("redis_version:7.2.4\r\nredis_mode:standalone\r\nrole:slave\r\n"));

    EXPECT_FALSE(session_->is_up());
    ASSERT_EQ(downs_.size(), 1U);
    EXPECT_EQ(downs_[0].code, Errc::unavailable);
    EXPECT_THAT(downs_[0].cause, HasSubstr("a failover is under way"));
}

TEST_F(RedisSessionBySentinels, ASwitchGivesTheLinkUpAndTheNextAttemptGoesWhereItLed) {
    start();
    answer(names_a);
    let_in();
    links_[0]->say(switches("main 10.0.0.1 6379 10.0.0.2 6380"));

    EXPECT_FALSE(session_->is_up());
    EXPECT_THAT(downs_[0].cause, HasSubstr("name another primary than 10.0.0.1:6379"));
    executor_.advance(50ms);
    EXPECT_EQ(link().where(), "10.0.0.2:6380");
    let_in();
    EXPECT_EQ(session_->url().endpoint(), "10.0.0.2:6380");
    EXPECT_TRUE(session_->is_up());
}

TEST_F(RedisSessionBySentinels, WhileThePrimaryIsAwayTheyAreAskedLessAndLessOften) {
    start();
    answer(names_a);
    let_in();
    session_->settled();
    const auto to = [this](std::string_view where) {
        return std::ranges::count_if(links_,
                                     [&](const auto& one) { return one->where() == where; });
    };
    const auto questions = [&] { return to("one:26379") + to("two:7000"); };
    const auto asked = questions();
    link().break_off();

    for (std::size_t seen = links_.size(), steps = 0; steps < 100; ++steps) {
        executor_.advance(50ms);
        for (; seen < links_.size(); ++seen) {
            const auto one = links_[seen];
            if (one->where() == "10.0.0.1:6379") {
                one->break_off();
            } else {
                one->accept();
                one->say(names_a);
            }
        }
    }

    EXPECT_GT(to("10.0.0.1:6379"), 90);
    EXPECT_GT(questions(), asked + 6);
    EXPECT_LT(questions(), asked + 12);
}

TEST_F(RedisSessionBySentinels, ALinkToThePrimaryStaysWhenItIsNamedAgain) {
    start();
    answer(names_a);
    let_in();

    links_[0]->say(switches("main 10.0.0.3 6379 10.0.0.1 6379"));

    EXPECT_TRUE(session_->is_up());
}

TEST_F(RedisSessionBySentinels, WhenNoneAnswersItTriesAgain) {
    start();
    link().break_off();
    link().break_off();
    ASSERT_EQ(downs_.size(), 1U);
    executor_.advance(50ms);

    EXPECT_EQ(links_.size(), 3U);
}

TEST_F(RedisSessionBySentinels, ClosedWhileTheyAreAskedItEnds) {
    start();
    session_->close();
    sentinels_->detach(*this);
    executor_.advance(1min);

    EXPECT_EQ(links_.size(), 1U);
    EXPECT_TRUE(downs_.empty());
    EXPECT_EQ(executor_.timer_count(), 0U);
}

}  // namespace
}  // namespace tutti::redis
