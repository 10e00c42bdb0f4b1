// A reply on the way to its channel, on a queue in this process.
#include "bot-client/reply_delivery.hpp"

#include "common/jobs/deliveries.hpp"
#include "common/jobs/paid_calls.hpp"
#include "unit/bot_client/reply_ends.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

struct Delivering : ::testing::Test {
    // A result for the bots, on which an attempt begins.
    jobs::LeasedJob leave(const std::string& result = R"({"success":true,"content":"hi"})") {
        queue.take_in({.job_id = "llm-1",
                       .request_id = "1",
                       .name = jobs::delivery_job,
                       .data = result,
                       .reply = {.channel = "500", .reference = "7"}});
        return take();
    }
    jobs::LeasedJob take() { return **queue.claim("b", Boottime::now()); }
    jobs::JobOutcome deliver(const jobs::LeasedJob& leased) {
        jobs::PaidCalls paid(queue, leased.lease, {});
        const std::vector<jobs::ChildEnd> none;
        return delivery.deliver(leased.job, {.stop = {},
                                             .deadline = Boottime::now() + 1min,
                                             .attempt = leased.attempt,
                                             .children = none,
                                             .paid = paid});
    }
    static jobs::Failed failure_of(const jobs::JobOutcome& outcome) {
        const auto* failed = std::get_if<jobs::Failed>(&outcome);
        return failed == nullptr ? jobs::Failed{.cause = "(it succeeded)"} : *failed;
    }

    ReplyGateway gateway;
    ReplyChannel channel;
    AwaitedReplies awaited{gateway, channel, {}};
    ReplyDelivery delivery{channel, gateway, awaited, {}};
    jobs::InProcessJobQueue queue{jobs::deliveries_in_process()};
};

TEST_F(Delivering, AResultIsSaidInItsChannelAsAnAnswerAndConfirmed) {
    awaited.add("llm-1", {.channel = "500", .reference = "7"});

    const auto outcome = deliver(leave());

    ASSERT_TRUE(std::holds_alternative<jobs::Completed>(outcome));
    EXPECT_EQ(std::get<jobs::Completed>(outcome).result, R"({"messageId":"message-1"})");
    ASSERT_THAT(channel.said, SizeIs(1));
    EXPECT_EQ(channel.said[0].channel_id, "500");
    EXPECT_EQ(channel.said[0].message_id, "7");
    EXPECT_EQ(channel.said[0].content, "hi");
    EXPECT_EQ(channel.said[0].nonce, "llm-1");
    EXPECT_THAT(gateway.confirmed, ElementsAre("llm-1"));
    EXPECT_EQ(awaited.figures().waiting, 0U);
}

TEST_F(Delivering, WhatIsSaidButNotConfirmedIsOnlyConfirmedLater) {
    gateway.away = true;
    const auto first = leave();
    EXPECT_TRUE(failure_of(deliver(first)).retry);
    (void)queue.give_back(first.lease, {});
    gateway.away = false;

    EXPECT_TRUE(std::holds_alternative<jobs::Completed>(deliver(take())));

    EXPECT_THAT(channel.said, SizeIs(1));
    EXPECT_THAT(gateway.confirmed, SizeIs(1));
}

TEST_F(Delivering, WhatCannotBeSaidNowIsSaidLater) {
    channel.failure = Errc::unavailable;
    const auto first = leave();
    EXPECT_TRUE(failure_of(deliver(first)).retry);
    (void)queue.give_back(first.lease, {});
    channel.failure.reset();

    (void)deliver(take());

    EXPECT_THAT(channel.said, SizeIs(1));
}

TEST_F(Delivering, WhatAChannelRefusesIsNotTriedAgain) {
    channel.failure = Errc::refused;

    EXPECT_FALSE(failure_of(deliver(leave())).retry);
}

// A webhook whose 503s nobody can read: the bot itself may still speak.
TEST_F(Delivering, ADeadLetterIsToldToItsUserAndThatTheAnswerMayBeThere) {
    channel.failure = Errc::timeout;
    auto leased = leave(R"({"content":"hi","personality":{"name":"The Maestro"}})");
    (void)deliver(leased);
    channel.failure.reset();
    leased.attempt = 5;

    EXPECT_FALSE(failure_of(deliver(leased)).retry);

    ASSERT_THAT(channel.said, SizeIs(1));
    EXPECT_THAT(channel.said[0].content, HasSubstr("If you do not see all of it"));
    EXPECT_EQ(channel.said[0].message_id, "7");
    EXPECT_EQ(channel.said[0].speaker, std::nullopt);
    EXPECT_EQ(channel.said[0].nonce, "llm-1-given-up");
}

TEST_F(Delivering, ADeadLetterThatAnswersNoMessageIsToldToNobody) {
    channel.failure = Errc::timeout;
    queue.take_in({.job_id = "llm-1",
                   .request_id = "1",
                   .name = jobs::delivery_job,
                   .data = R"({"content":"hi"})",
                   .reply = {.channel = "dm", .reference = ""}});
    auto leased = take();
    (void)deliver(leased);
    channel.failure.reset();
    leased.attempt = 5;

    EXPECT_FALSE(failure_of(deliver(leased)).retry);

    EXPECT_THAT(channel.said, IsEmpty());
}

TEST_F(Delivering, WhatMayHaveBeenSaidIsNeverSaidAgain) {
    channel.failure = Errc::timeout;
    auto leased = leave();
    EXPECT_TRUE(failure_of(deliver(leased)).retry);
    channel.failure.reset();

    for (leased.attempt = 2; leased.attempt <= 4; ++leased.attempt) {
        EXPECT_TRUE(failure_of(deliver(leased)).retry) << "an answer may still come";
    }
    EXPECT_THAT(channel.said, IsEmpty());
    EXPECT_FALSE(failure_of(deliver(leased)).retry);

    for (const LaterReply& one : channel.said) EXPECT_NE(one.content, "hi");
    EXPECT_EQ(queue.metrics({})->unknown_paid, 1U);
}

std::string pages(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += std::string(1990, static_cast<char>('a' + i)) + ' ';
    return text;
}
std::string long_result(std::size_t count) {
    return R"({"success":true,"content":")" + pages(count) + "\"}";
}

TEST_F(Delivering, ALongReplyIsSaidInPiecesOfWhichTheFirstAnswers) {
    EXPECT_TRUE(std::holds_alternative<jobs::Completed>(deliver(leave(long_result(3)))));

    ASSERT_THAT(channel.said, SizeIs(3));
    EXPECT_EQ(channel.said[0].content, std::string(1990, 'a'));
    EXPECT_EQ(channel.said[2].content, std::string(1990, 'c'));
    EXPECT_EQ(channel.said[0].message_id, "7");
    EXPECT_EQ(channel.said[1].message_id, "");
    EXPECT_EQ(channel.said[1].nonce, "llm-1-1");
    EXPECT_EQ(channel.said[2].follows, "message-2");
}

TEST_F(Delivering, AReplyInPiecesThatBreaksOffIsContinuedAndNotBegunAgain) {
    const auto first = leave(long_result(3));
    channel.fails_from = 2;
    channel.failure = Errc::unavailable;
    EXPECT_TRUE(failure_of(deliver(first)).retry);
    (void)queue.give_back(first.lease, {});
    channel.failure.reset();

    EXPECT_TRUE(std::holds_alternative<jobs::Completed>(deliver(take())));

    ASSERT_THAT(channel.said, SizeIs(3));
    EXPECT_EQ(channel.said[2].content, std::string(1990, 'c'));
}

TEST_F(Delivering, APieceOfWhichNothingIsKnownIsLookedForAndTheNextOneFollows) {
    channel.fails_from = 1;
    channel.failure = Errc::timeout;
    auto leased = leave(long_result(2));
    EXPECT_TRUE(failure_of(deliver(leased)).retry);
    channel.failure.reset();
    channel.there = "message-1";
    leased.attempt = 2;

    EXPECT_TRUE(std::holds_alternative<jobs::Completed>(deliver(leased)));

    ASSERT_THAT(channel.looked_for, SizeIs(1));
    EXPECT_EQ(channel.looked_for[0].follows, "7");
    ASSERT_THAT(channel.said, SizeIs(1));
    EXPECT_EQ(channel.said[0].content, std::string(1990, 'b'));
    EXPECT_EQ(channel.said[0].follows, "message-1");
}

TEST_F(Delivering, APersonalitySaysItWhenTheResultNamesOne) {
    (void)deliver(leave(
        R"({"content":"hi","personality":{"name":"The Maestro","slug":"maestro","avatarUrl":"u"}})"));

    ASSERT_THAT(channel.said, SizeIs(1));
    EXPECT_EQ(channel.said[0].speaker,
              (Speaker{.name = "The Maestro", .avatar_url = "u", .slug = "maestro"}));
}

TEST_F(Delivering, AFailedOrUnreadableResultIsAnApologyOfTheBot) {
    for (const char* result : {R"({"success":false,"error":"key sk-1"})", "no JSON", "[]", "{}",
                               R"({"success":true,"content":" "})"}) {
        const ReplyText said = said_of(result);
        EXPECT_THAT(said.content, AllOf(HasSubstr("Sorry"), Not(HasSubstr("sk-1")))) << result;
        EXPECT_EQ(said.speaker, std::nullopt);
    }
}

}  // namespace
}  // namespace tutti::services::bot
