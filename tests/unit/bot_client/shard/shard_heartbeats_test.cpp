// How a connection shows that it lives, and how one that does not is noticed.
#include "bot-client/shard/shard_session.hpp"
#include "unit/bot_client/shard/played_gateway.hpp"

namespace tutti::services::bot::shard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Heartbeats = PlayedGateway;

TEST_F(Heartbeats, BeatsFirstAfterARandomPartOfTheInterval) {
    to_live();

    pass_alive(41250ms / 2 - 1ms);
    EXPECT_EQ(heartbeats(), 0U);
    pass_alive(1ms);
    EXPECT_EQ(heartbeats(), 1U);
}

TEST_F(Heartbeats, BeatsWithTheLastNumberThatItHasSeen) {
    to_live();
    event(2);
    event(3);

    pass_alive(41250ms);

    EXPECT_EQ(last_sent(), R"({"op":1,"d":3})");
}

TEST_F(Heartbeats, BeatsWithNullBeforeTheFirstNumber) {
    to_identifying();

    say(R"({"op":1,"d":null})");

    EXPECT_EQ(last_sent(), R"({"op":1,"d":null})");
}

TEST_F(Heartbeats, BeatsEveryIntervalWhileItIsAcknowledged) {
    to_live();

    pass_alive(5 * 41250ms);

    EXPECT_EQ(heartbeats(), 5U);
    EXPECT_EQ(session.state(), State::live);
}

TEST_F(Heartbeats, AMissingAcknowledgementIsAZombieAndIsResumed) {
    to_live();
    hello("5000");  // not expected here: the interval stays
    pass(20625ms - 10s);
    ack();
    pass(10s);
    ASSERT_EQ(heartbeats(), 1U);

    // It says something, but acknowledges nothing.
    for (int s = 2; s < 12; ++s) {
        pass(4100ms);
        event(s);
    }
    EXPECT_EQ(session.state(), State::live);
    pass(300ms);

    EXPECT_THAT(closes, ElementsAre(keep_session));
    EXPECT_EQ(session.figures().zombies, 1U);
    come_back();
    EXPECT_THAT(last_sent(), HasSubstr(R"("op":6)"));
    EXPECT_THAT(last_sent(), HasSubstr(R"("seq":11)"));
}

TEST_F(Heartbeats, AnAskedHeartbeatIsNotJudged) {
    to_live();
    pass_alive(21s);
    ASSERT_EQ(heartbeats(), 1U);

    say(R"({"op":1,"d":null})");
    ASSERT_EQ(heartbeats(), 2U);
    pass_alive(41s);

    EXPECT_EQ(session.state(), State::live);
    EXPECT_EQ(session.figures().zombies, 0U);
}

TEST_F(Heartbeats, ANewHelloForgetsWhatTheLastConnectionOwed) {
    to_live();
    pass(15s);
    ack();
    pass(6s);
    ASSERT_EQ(heartbeats(), 1U);
    drop(std::nullopt);
    come_back();
    event(2, "RESUMED");

    pass_alive(2 * 41250ms);

    EXPECT_EQ(session.state(), State::live);
    EXPECT_EQ(session.figures().zombies, 0U);
}

TEST_F(Heartbeats, SilenceIsAskedAndThenGivenUp) {
    to_live();

    pass(10s);
    EXPECT_EQ(pings, 1);
    pass(9s);
    EXPECT_EQ(session.state(), State::live);
    pass(1s);

    EXPECT_THAT(closes, ElementsAre(keep_session));
    EXPECT_EQ(session.figures().zombies, 1U);
}

TEST_F(Heartbeats, ASignOfLifeEndsTheSilence) {
    to_live();
    pass(19s);

    session.heard(connection, now);
    pass(19s);

    EXPECT_EQ(session.state(), State::live);
    EXPECT_EQ(pings, 2);
}

}  // namespace
}  // namespace tutti::services::bot::shard
