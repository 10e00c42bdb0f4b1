// What counts only when replicas have it (W5): the server is the test.
#include "redis/replica_wait.hpp"

#include <gmock/gmock.h>

#include "redis/command.hpp"
#include "scripted_network.hpp"

namespace tutti::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string wait_for_one = encode({"WAIT", "1", "500"});

class RedisReplicaWait : public NetworkTest {
protected:
    explicit RedisReplicaWait(std::size_t commands_max = 100) {
        connection_ = std::make_shared<CommandConnection>(
            network(), CommandConnection::Options{.session = options(),
                                                  .stall_timeout = 1s,
                                                  .commands_max = commands_max,
                                                  .only = CommandConnection::Caller::bus});
        connection_->start(nullptr);
        let_in();
        wait_ = std::make_shared<ReplicaWait>(
            connection_,
            ReplicaWait::Options{
                .copies = Copies(2), .patience = 500ms, .in_doubt = [this] { ++doubts_; }},
            executor_, clock_);
    }
    // Its answer will be told as "name: answer".
    void run(const std::string& name) {
        wait_->run(
            {.script = {.name = "test", .sha1 = "sha", .text = "text"},
             .operation = "redis test",
             .keys = {name},
             .args = {}},
            clock_.now() + 10s, [this, name](const Result<Reply>& reply) {
                answers_.push_back(name + ": " + (reply ? reply->text : reply.error().message()));
            });
        executor_.run_ready();
    }
    [[nodiscard]] std::vector<std::string> answers() { return std::exchange(answers_, {}); }

    std::shared_ptr<CommandConnection> connection_;
    std::shared_ptr<ReplicaWait> wait_;
    std::vector<std::string> answers_;
    int doubts_ = 0;
};

TEST_F(RedisReplicaWait, AnAnswerCountsWhenTheReplicasHaveIt) {
    run("a");
    EXPECT_THAT(heard(), EndsWith(wait_for_one));

    say("$1\r\n1\r\n");
    EXPECT_THAT(answers(), ElementsAre());
    say(":1\r\n");

    EXPECT_THAT(answers(), ElementsAre("a: 1"));
    EXPECT_EQ(doubts_, 0);
}

TEST_F(RedisReplicaWait, WithTooFewOfThemItIsAnErrorThatPassesAndADoubt) {
    run("a");
    say("$1\r\n1\r\n:0\r\n");

    EXPECT_THAT(answers(),
                ElementsAre(HasSubstr("unavailable: the server has it, but 0 of the 1")));
    EXPECT_EQ(doubts_, 1);
}

TEST_F(RedisReplicaWait, OneWaitIsForAllThatWereSentBeforeItAndTheNextForTheRest) {
    run("a");
    run("b");
    run("c");
    EXPECT_THAT(heard(), Not(EndsWith(wait_for_one)));
    say("$1\r\n1\r\n:1\r\n");
    EXPECT_THAT(answers(), ElementsAre("a: 1"));
    EXPECT_EQ(heard(), wait_for_one);

    say("$1\r\n2\r\n$1\r\n3\r\n:2\r\n");

    EXPECT_THAT(answers(), ElementsAre("b: 2", "c: 3"));
    EXPECT_EQ(heard(), "");
}

TEST_F(RedisReplicaWait, AScriptThatHadToBeSentAgainNeedsTheNextWait) {
    run("a");
    say("-NOSCRIPT No matching script.\r\n");
    EXPECT_THAT(heard(), HasSubstr("text"));
    say(":1\r\n");
    EXPECT_THAT(answers(), ElementsAre());
    EXPECT_EQ(heard(), wait_for_one);

    say("$1\r\n1\r\n:0\r\n");

    EXPECT_THAT(answers(), ElementsAre(HasSubstr("0 of the 1")));
}

TEST_F(RedisReplicaWait, ALinkThatBreaksBeforeTheReplicasWereCountedLeavesItUnknown) {
    run("a");
    say("$1\r\n1\r\n");

    link().break_off();
    executor_.run_ready();

    EXPECT_THAT(answers(), ElementsAre(HasSubstr("unavailable")));
    EXPECT_EQ(doubts_, 0);
}

TEST_F(RedisReplicaWait, AServerThatWasDemotedMeanwhileConfirmsNothing) {
    run("a");
    say("$1\r\n1\r\n-UNBLOCKED force unblock from blocking operation\r\n");

    EXPECT_THAT(answers(), ElementsAre(HasSubstr("unavailable")));
}

// Its script is all that may be outstanding.
class RedisReplicaWaitWithoutRoom : public RedisReplicaWait {
protected:
    RedisReplicaWaitWithoutRoom() : RedisReplicaWait(1) {}
};

TEST_F(RedisReplicaWaitWithoutRoom, AWaitThatIsRefusedIsAskedAgainWhenTheScriptIsAnswered) {
    run("a");
    EXPECT_THAT(heard(), Not(EndsWith(wait_for_one)));

    say("$1\r\n1\r\n");
    EXPECT_EQ(heard(), wait_for_one);
    say(":1\r\n");

    EXPECT_THAT(answers(), ElementsAre("a: 1"));
}

TEST(Copies, AMajorityOfAllServersHasWhatCounts) {
    EXPECT_EQ(Copies().needed(), 0U);
    EXPECT_EQ(Copies(1).needed(), 1U);
    EXPECT_EQ(Copies(2).needed(), 1U);
    EXPECT_EQ(Copies(3).needed(), 2U);
    EXPECT_EQ(Copies(4).needed(), 2U);
    EXPECT_EQ(Copies(5).needed(), 3U);
}

}  // namespace
}  // namespace tutti::redis
