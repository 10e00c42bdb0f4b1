// One life of a session, event by event.
#include "bot-client/shard/shard_session.hpp"

#include "unit/bot_client/shard/played_gateway.hpp"

namespace tutti::services::bot::shard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Session = PlayedGateway;

TEST_F(Session, AsksForTheEntranceAndConnectsThere) {
    to_connecting();

    EXPECT_EQ(asked, 1);
    EXPECT_THAT(urls, ElementsAre("wss://gateway.example/?v=10&encoding=json"));
}

TEST_F(Session, IdentifiesAfterTheHello) {
    to_greeting();
    EXPECT_THAT(sent, IsEmpty());

    hello();

    EXPECT_THAT(sent,
                ElementsAre(R"({"op":2,"d":{"token":"the-token-of-the-bot","intents":37377,)"
                            R"("properties":{"os":"linux","browser":"tutti","device":"tutti"},)"
                            R"("shard":[1,4]}})"));
}

TEST_F(Session, IsLiveWhenReadyAndPassesThatOn) {
    to_live();

    EXPECT_EQ(session.state(), State::live);
    EXPECT_THAT(events, ElementsAre("READY"));
}

TEST_F(Session, WhatAnOldConnectionSaysIsDropped) {
    to_live();
    const auto old = connection;
    drop(std::nullopt);
    come_back();

    session.received(old, R"({"op":0,"t":"MESSAGE_CREATE","s":2,"d":{}})", now);
    session.closed(old, 4004, now);
    session.connected(old, now);

    EXPECT_EQ(session.state(), State::resuming);
    EXPECT_THAT(events, ElementsAre("READY"));
    EXPECT_FALSE(failure.has_value());
}

TEST_F(Session, ATokenThatDiscordRefusesEndsIt) {
    start();

    session.entrance_answered(fail(Errc::refused, "discord GET /gateway/bot", "set DISCORD_TOKEN"),
                              now);

    EXPECT_EQ(session.state(), State::ended);
    ASSERT_TRUE(failure.has_value());
    EXPECT_EQ(failure->cause, "set DISCORD_TOKEN");
}

TEST_F(Session, AsksAgainWhenDiscordIsNotThere) {
    start();
    session.entrance_answered(fail(Errc::unavailable, "", "no network"), now);

    pass(1s);

    EXPECT_EQ(asked, 2);
}

TEST_F(Session, StopEndsTheSessionAtDiscord) {
    to_live();

    session.stop(now);

    EXPECT_THAT(closes, ElementsAre(end_session));
    EXPECT_EQ(session.state(), State::ended);
    say(R"({"op":0,"t":"MESSAGE_CREATE","s":2,"d":{}})");
    EXPECT_THAT(events, ElementsAre("READY"));
    EXPECT_EQ(session.submit("{}", now).error().code, Errc::stopped);
}

TEST_F(Session, TheTokenIsInNothingThatMayBeLogged) {
    to_resuming();
    say("not json " + std::string(token));
    session.overflowed(connection, now);
    drop(4004);
    pass(1min);

    for (const std::string& why : whys) EXPECT_THAT(why, Not(HasSubstr(std::string(token))));
    for (const std::string& url : urls) EXPECT_THAT(url, Not(HasSubstr(std::string(token))));
}

// What Discord should not say.

TEST_F(Session, UnreadablePayloadsAreCountedAndLeftOut) {
    to_live();

    say("no json");
    say("[]");
    say(R"({"op":"0"})");
    say(R"({"op":99})");
    say(R"({"op":-1})");
    say(R"({"op":0,"t":"MESSAGE_CREATE","d":{}})");
    say(R"({"op":0,"s":7,"d":{}})");
    say(R"({"op":0,"t":"MESSAGE_CREATE","s":-5,"d":{}})");
    hello();

    EXPECT_EQ(session.figures().unreadable, 9U);
    EXPECT_EQ(session.state(), State::live);
    event(2);
    EXPECT_EQ(session.figures().missing, 0U);
}

TEST_F(Session, AHelloWithoutASoundIntervalIsNone) {
    to_greeting();

    hello("0");
    hello("999");
    hello("600001");
    hello("-41250");
    hello("9223372036854775807");
    EXPECT_EQ(session.state(), State::greeting);

    pass(5s);
    EXPECT_THAT(closes, ElementsAre(keep_session));
}

TEST_F(Session, APayloadThatIsTooLargeCostsTheConnectionAndThenTheSession) {
    to_live();
    say(std::string(10'001, ' '));
    EXPECT_THAT(closes, ElementsAre(keep_session));
    come_back();
    ASSERT_EQ(session.state(), State::resuming);

    session.overflowed(connection, now);
    pass(10s);

    EXPECT_EQ(session.state(), State::asking);
    EXPECT_EQ(session.figures().given_up, 1U);
}

}  // namespace
}  // namespace tutti::services::bot::shard
