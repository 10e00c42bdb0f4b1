// A deadline in every state: the next attempt has begun by then.
#include "bot-client/shard/shard_session.hpp"
#include "unit/bot_client/shard/played_gateway.hpp"

namespace tutti::services::bot::shard {
namespace {

class Deadline : public PlayedGateway, public ::testing::WithParamInterface<State> {
protected:
    void reach(State state) {
        switch (state) {
        case State::asking: return start();
        case State::connecting: return to_connecting();
        case State::greeting: return to_greeting();
        case State::identifying: return to_identifying();
        case State::resuming: return to_resuming();
        case State::live: return to_live();
        default: FAIL();
        }
    }
};

TEST_P(Deadline, SilenceInAnyStateIsFollowedByAnotherAttemptWithinTwentyFiveSeconds) {
    reach(GetParam());
    ASSERT_EQ(session.state(), GetParam());
    const std::size_t attempts = urls.size() + static_cast<std::size_t>(asked);

    pass(25s);

    EXPECT_GT(urls.size() + static_cast<std::size_t>(asked), attempts);
}

TEST_P(Deadline, ABrokenConnectionInAnyStateIsReplacedWithinTwoSecondsAndOneIdentify) {
    if (GetParam() == State::asking) return;
    reach(GetParam());
    const std::uint64_t identifies = session.figures().identifies;
    drop(std::nullopt);

    const TimePoint broken = now;
    while (session.state() != State::live && now < broken + 30s) {
        pass(100ms);
        if (session.state() == State::asking) session.entrance_answered(entrance(), now);
        if (session.state() == State::connecting) session.connected(connection, now);
        if (session.state() == State::greeting) hello();
        if (session.state() == State::identifying) ready();
        if (session.state() == State::resuming) event(9, "RESUMED");
    }

    EXPECT_EQ(session.state(), State::live);
    // An identify that is lost is the one case in which five seconds must pass before the next.
    EXPECT_LE(now - broken, GetParam() == State::identifying ? 7s : 2s);
    EXPECT_LE(session.figures().identifies, identifies + 1);
}

std::string name_of(const ::testing::TestParamInfo<State>& parameter) {
    return std::string(to_string(parameter.param));
}
INSTANTIATE_TEST_SUITE_P(All, Deadline,
                         ::testing::Values(State::asking, State::connecting, State::greeting,
                                           State::identifying, State::resuming, State::live),
                         name_of);

}  // namespace
}  // namespace tutti::services::bot::shard
