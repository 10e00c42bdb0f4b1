// Replies that may never come: how long they are awaited, and what is said then.
#include "bot-client/awaited_replies.hpp"

#include "unit/bot_client/reply_ends.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Awaiting : ::testing::Test {
    void add(const std::string& id) { awaited.add(id, {.channel = "500", .reference = "7"}, now); }
    void later(Duration time) {
        now += time;
        (void)awaited.step(now);
    }

    ReplyGateway gateway;
    ReplyChannel channel;
    AwaitedReplies awaited{
        gateway, channel, {.waiting_max = 2, .look_every = 10s, .give_up_after = 1h}};
    TimePoint now = Boottime::now();
};

TEST_F(Awaiting, AJobThatTheQueueKnowsNoMoreIsAnsweredWithAnApologyOnce) {
    add("llm-1");
    later(9s);
    EXPECT_THAT(channel.said, IsEmpty());

    later(1s);
    later(10s);

    ASSERT_THAT(channel.said, SizeIs(1));
    EXPECT_EQ(channel.said[0].message_id, "7");
    EXPECT_THAT(channel.said[0].content, HasSubstr("If you do not see it"))
        << "it may have been said, and not been noted";
    EXPECT_EQ(awaited.figures().lost, 1U);
    EXPECT_EQ(awaited.figures().waiting, 0U);
}

TEST_F(Awaiting, AnApologyThatCannotBeSaidNowIsSaidLater) {
    add("llm-1");
    channel.failure = Errc::unavailable;
    later(10s);
    EXPECT_EQ(awaited.figures().lost, 0U);
    channel.failure.reset();

    later(10s);

    EXPECT_THAT(channel.said, SizeIs(1));
}

TEST_F(Awaiting, AGatewayThatDoesNotAnswerSaysNothingOfTheJob) {
    add("llm-1");
    gateway.away = true;

    later(10s);

    EXPECT_THAT(channel.said, IsEmpty());
    EXPECT_EQ(awaited.figures().waiting, 1U);
}

TEST_F(Awaiting, AStopWaitsForOneCallOfAGatewayThatHangs) {
    std::stop_source stop;
    gateway.away = true;
    gateway.before_reading = [&] { stop.request_stop(); };
    add("llm-1");
    add("llm-2");

    (void)awaited.step(now + 10s, stop.get_token());

    EXPECT_EQ(gateway.reads, 1);
    EXPECT_EQ(awaited.figures().waiting, 2U);
}

TEST_F(Awaiting, AReplyThatAnyBotHasSaidIsAwaitedNoMore) {
    add("llm-1");
    gateway.known["llm-1"] = {.status = "completed", .delivery = "DELIVERED"};

    later(10s);

    EXPECT_EQ(awaited.figures().waiting, 0U);
    EXPECT_EQ(awaited.figures().lost + awaited.figures().unknown, 0U);
}

TEST_F(Awaiting, AReplyThatDoesNotComeIsGivenUpAndCounted) {
    add("llm-1");
    gateway.known["llm-1"] = {.status = "completed", .delivery = "PENDING_DELIVERY"};
    for (int i = 0; i < 10; ++i) later(5min);
    EXPECT_EQ(awaited.figures().waiting, 1U);

    later(11min);

    EXPECT_EQ(awaited.figures().waiting, 0U);
    EXPECT_EQ(awaited.figures().unknown, 1U);
    EXPECT_THAT(channel.said, IsEmpty());
}

TEST_F(Awaiting, IsBoundedAndGivesUpTheOldest) {
    for (const char* id : {"llm-1", "llm-2", "llm-3"}) {
        add(id);
        now += 1s;
    }

    EXPECT_EQ(awaited.figures().waiting, 2U);
    EXPECT_EQ(awaited.figures().unknown, 1U);
}

}  // namespace
}  // namespace tutti::services::bot
