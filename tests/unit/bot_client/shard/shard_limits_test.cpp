// How much may be sent, and how often a session may begin.
#include "bot-client/shard/shard_session.hpp"
#include "unit/bot_client/shard/played_gateway.hpp"

namespace tutti::services::bot::shard {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

using Limits = PlayedGateway;

TEST_F(Limits, OwnPayloadsWaitUntilItIsLive) {
    to_identifying();
    EXPECT_TRUE(session.submit(R"({"op":3})", now).has_value());
    EXPECT_THAT(sent, SizeIs(1));

    ready();

    EXPECT_EQ(last_sent(), R"({"op":3})");
}

TEST_F(Limits, OwnPayloadsThatDiscordWouldRefuseAreRefused) {
    EXPECT_EQ(session.submit(std::string(4097, ' '), now).error().code, Errc::too_large);
    for (int i = 0; i < 32; ++i) ASSERT_TRUE(session.submit("{}", now).has_value());
    EXPECT_EQ(session.submit("{}", now).error().code, Errc::overloaded);
}

TEST_F(Limits, HeartbeatsFindRoomHoweverMuchIsSent) {
    to_live();
    for (int i = 0; i < 300; ++i) (void)session.submit(R"({"op":3})", now);
    const std::size_t at_once = sent.size();
    EXPECT_LT(at_once, 120U);

    for (int i = 0; i < 300; ++i) say(R"({"op":1,"d":null})");
    EXPECT_LT(sent.size(), 120U);
    EXPECT_GT(session.figures().refused_sends, 200U);
    const std::size_t before = heartbeats();
    pass_alive(59s);

    EXPECT_GT(heartbeats(), before);
    EXPECT_LE(sent.size(), 120U);
    pass_alive(4s);
    EXPECT_GT(sent.size(), 120U);  // the queue goes on
}

TEST_F(Limits, WaitsForDiscordsLimitInsteadOfSpendingTheLastSessions) {
    start();

    session.entrance_answered(entrance(50), now);

    EXPECT_THAT(urls, IsEmpty());
    pass(59min);
    EXPECT_EQ(asked, 1);
    pass(1min);
    EXPECT_EQ(asked, 2);
}

TEST_F(Limits, AConnectionThatBreaksBeforeTheIdentifyGivesItBack) {
    InProcessIdentifyBudget one({.kept_back = 0, .at_once = 1, .every = 1h});
    ShardSession careful(options(), one, effects());
    careful.start(now);
    careful.entrance_answered(entrance(), now);
    careful.connected(connection, now);
    careful.closed(connection, std::nullopt, now);

    EXPECT_EQ(one.take(entrance().starts, 1, now), Duration::zero());
}

TEST_F(Limits, AnIdentifyThatFailsIsNotRepeatedWithinFiveSeconds) {
    to_identifying();
    say(R"({"op":9,"d":false})");
    pass(3s);
    session.entrance_answered(entrance(), now);
    EXPECT_EQ(session.state(), State::waiting);

    pass(2s);
    session.entrance_answered(entrance(), now);

    EXPECT_EQ(session.state(), State::connecting);
}

// As one of a fleet that another process has outpaced.
class LapsedBudget final : public IdentifyBudget {
public:
    [[nodiscard]] Duration take(const SessionStarts&, std::uint32_t, TimePoint) override {
        return Duration::zero();
    }
    [[nodiscard]] bool spend(std::uint32_t, TimePoint) override { return false; }
    void give_back(std::uint32_t) override { ++given_back; }
    int given_back = 0;
};

TEST_F(Limits, AGrantThatHasLapsedIsNoIdentify) {
    LapsedBudget lapsed;
    ShardSession late(options(), lapsed, effects());
    late.start(now);
    late.entrance_answered(entrance(), now);
    late.connected(connection, now);

    late.received(connection, R"({"op":10,"d":{"heartbeat_interval":41250}})", now);

    EXPECT_THAT(sent, IsEmpty());
    EXPECT_EQ(late.state(), State::waiting);
    EXPECT_EQ(late.figures().identifies, 0U);
    EXPECT_EQ(lapsed.given_back, 0);
}

}  // namespace
}  // namespace tutti::services::bot::shard
