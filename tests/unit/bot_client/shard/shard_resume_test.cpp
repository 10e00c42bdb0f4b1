// What the next connection takes up from the last one, and when it begins anew.
#include "bot-client/shard/shard_session.hpp"
#include "unit/bot_client/shard/played_gateway.hpp"

namespace tutti::services::bot::shard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using Resume = PlayedGateway;

TEST_F(Resume, ResumesWhereDiscordSaysWithTheLastNumber) {
    to_live();
    event(2);
    drop(std::nullopt);
    come_back();

    EXPECT_EQ(urls.back(), "wss://resume.example/?v=10&encoding=json");
    EXPECT_EQ(last_sent(),
              R"({"op":6,"d":{"token":"the-token-of-the-bot","session_id":"abc","seq":2}})");
    EXPECT_EQ(asked, 1);
}

TEST_F(Resume, PassesTheReplayOnAndIsLiveWithResumed) {
    to_resuming();
    event(2);
    event(3);
    EXPECT_EQ(session.state(), State::resuming);

    event(4, "RESUMED");

    EXPECT_EQ(session.state(), State::live);
    EXPECT_THAT(events, ElementsAre("READY", "MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"));
    EXPECT_EQ(session.figures().identifies, 1U);
}

TEST_F(Resume, WhatComesAgainIsPassedOnOnce) {
    to_resuming();
    event(2);
    event(2);
    event(1);

    EXPECT_THAT(events, ElementsAre("READY", "MESSAGE_CREATE"));
    EXPECT_EQ(session.figures().repeated, 2U);
}

TEST_F(Resume, MissingNumbersAreCounted) {
    to_live();

    event(5);

    EXPECT_EQ(session.figures().missing, 3U);
    EXPECT_EQ(session.last_sequence(), 5);
}

TEST_F(Resume, ReconnectIsAResume) {
    to_live();

    say(R"({"op":7,"d":null})");

    EXPECT_THAT(closes, ElementsAre(keep_session));
    come_back();
    EXPECT_EQ(session.state(), State::resuming);
}

TEST_F(Resume, ReconnectMayComeBeforeTheHello) {
    to_greeting();

    say(R"({"op":7,"d":null})");

    EXPECT_EQ(session.state(), State::waiting);
    pass(1s);
    EXPECT_EQ(asked, 2);
}

TEST_F(Resume, AnInvalidSessionThatMayBeResumedIsResumedAfterOneToFiveSeconds) {
    to_resuming();
    const std::size_t connects = urls.size();

    say(R"({"op":9,"d":true})");
    pass(2999ms);
    EXPECT_THAT(urls, SizeIs(connects));
    pass(1ms);

    EXPECT_EQ(urls.back(), "wss://resume.example/?v=10&encoding=json");
    session.connected(connection, now);
    hello();
    EXPECT_EQ(session.state(), State::resuming);
}

TEST_F(Resume, AnInvalidSessionBeginsANewOneAtTheEntrance) {
    to_resuming();
    pass(3s);

    say(R"({"op":9,"d":false})");
    pass(3s);

    EXPECT_EQ(asked, 2);
    session.entrance_answered(entrance(), now);
    session.connected(connection, now);
    hello();
    EXPECT_EQ(session.state(), State::identifying);
    ready(1, "def");
    EXPECT_EQ(session.last_sequence(), 1);
    EXPECT_THAT(events, ElementsAre("READY", "READY"));
}

TEST_F(Resume, AResumeUrlThatDoesNotConnectIsGivenUpOnlyWhenDiscordIsThere) {
    to_live();
    drop(std::nullopt);
    const auto fail_to_connect = [this] {
        pass(6s);
        ASSERT_EQ(session.state(), State::connecting);
        drop(std::nullopt);
    };
    for (int i = 0; i < 3; ++i) fail_to_connect();
    pass(6s);

    // Discord cannot be reached at all: the session is kept.
    ASSERT_EQ(session.state(), State::asking);
    session.entrance_answered(fail(Errc::unavailable, "", "no network"), now);
    for (int i = 0; i < 3; ++i) fail_to_connect();
    EXPECT_EQ(urls.back(), "wss://resume.example/?v=10&encoding=json");
    EXPECT_EQ(session.figures().given_up, 0U);

    // It is there: once more to resume, and then a new session.
    pass(6s);
    ASSERT_EQ(session.state(), State::asking);
    session.entrance_answered(entrance(), now);
    EXPECT_EQ(urls.back(), "wss://resume.example/?v=10&encoding=json");
    drop(std::nullopt);
    pass(6s);
    ASSERT_EQ(session.state(), State::asking);
    session.entrance_answered(entrance(), now);
    EXPECT_EQ(urls.back(), "wss://gateway.example/?v=10&encoding=json");
    EXPECT_EQ(session.figures().given_up, 1U);
}

TEST_F(Resume, AReplayThatIsCutOffAgainAndAgainIsGivenUpWhenItBringsNothing) {
    to_resuming();
    for (int i = 0; i < 4; ++i) {
        drop(std::nullopt);
        come_back();
    }
    EXPECT_EQ(session.state(), State::resuming);

    drop(std::nullopt);
    pass(5s);

    EXPECT_EQ(session.state(), State::asking);
    EXPECT_EQ(session.figures().given_up, 1U);
}

TEST_F(Resume, AReplayThatBringsSomethingIsContinued) {
    to_resuming();
    for (int i = 0; i < 20; ++i) {
        event(2 + i);
        drop(std::nullopt);
        come_back();
    }

    EXPECT_EQ(session.state(), State::resuming);
    EXPECT_EQ(session.figures().identifies, 1U);
    EXPECT_THAT(last_sent(), HasSubstr(R"("seq":21)"));
}

TEST_F(Resume, AResumeUrlThatWouldShowTheTokenIsNotUsed) {
    to_identifying();
    say(R"({"op":0,"t":"READY","s":1,"d":{"session_id":"a","resume_gateway_url":"ws://evil.example"}})");
    drop(std::nullopt);

    pass(10s);

    EXPECT_THAT(urls, SizeIs(1));
    EXPECT_EQ(session.state(), State::asking);
}

TEST_F(Resume, ASessionOfAnotherProcessIsTakenUpWithoutAnIdentify) {
    auto with = options();
    with.resumed =
        Resumption{.place = {.session_id = "theirs", .resume_gateway_url = "wss://resume.example"},
                   .last = 17};
    ShardSession other(with, budget, effects());

    other.start(now);
    EXPECT_EQ(urls.back(), "wss://resume.example/?v=10&encoding=json");
    other.connected(connection, now);
    other.received(connection, R"({"op":10,"d":{"heartbeat_interval":41250}})", now);
    EXPECT_THAT(last_sent(), HasSubstr(R"("session_id":"theirs","seq":17)"));
    other.received(connection, R"({"op":0,"t":"MESSAGE_CREATE","s":17,"d":{}})", now);
    other.received(connection, R"({"op":0,"t":"RESUMED","s":18,"d":{}})", now);

    EXPECT_EQ(other.state(), State::live);
    EXPECT_EQ(other.figures().repeated, 1U);  // their last one was passed on there
    EXPECT_EQ(other.resumption()->last, 18);
}

TEST_F(Resume, ASessionOfAnotherProcessThatDiscordHasForgottenCostsOneIdentify) {
    auto with = options();
    with.resumed =
        Resumption{.place = {.session_id = "theirs", .resume_gateway_url = "wss://resume.example"},
                   .last = 17};
    ShardSession other(with, budget, effects());
    other.start(now);
    other.connected(connection, now);
    other.received(connection, R"({"op":10,"d":{"heartbeat_interval":41250}})", now);

    other.received(connection, R"({"op":9,"d":false})", now);
    other.tick(now + 5s);

    EXPECT_EQ(other.state(), State::asking);
    EXPECT_EQ(other.resumption(), std::nullopt);
}

TEST_F(Resume, ToLeaveKeepsTheSessionAtDiscord) {
    to_live();
    event(2);

    session.leave(now);

    EXPECT_EQ(closes.back(), 4900);
    EXPECT_EQ(session.state(), State::ended);
    EXPECT_EQ(session.resumption()->place.session_id, "abc");
    EXPECT_EQ(session.resumption()->last, 2);
}

}  // namespace
}  // namespace tutti::services::bot::shard
