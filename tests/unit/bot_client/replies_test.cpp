// A message on its way to the gateway, and its reply on the way to the channel: without a network,
// on a queue in this process.
#include <functional>
#include <map>
#include <stop_token>

#include "bot-client/asked_replies.hpp"
#include "bot-client/awaited_replies.hpp"
#include "bot-client/reply_delivery.hpp"
#include "common/jobs/deliveries.hpp"
#include "common/jobs/paid_calls.hpp"
#include "unit/bot_client/stubs.hpp"

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

// What is said, or why not.
class Channel final : public Sender {
public:
    Result<std::string> say(const LaterReply& reply, TimePoint) override {
        if (failure && said.size() + 1 >= fails_from) return fail(*failure, "say", "scripted");
        said.push_back(reply);
        return "message-" + std::to_string(said.size());
    }

    Result<std::optional<std::string>> find(const LaterReply& reply, TimePoint) override {
        looked_for.push_back(reply);
        return there;
    }

    std::vector<LaterReply> said;
    std::optional<Errc> failure;
    std::size_t fails_from = 1;
    std::vector<LaterReply> looked_for;
    std::optional<std::string> there;  // what `find` finds
};

class Gateway final : public ReplyApi {
public:
    GatewayResult<QueuedReply> generate(const GenerateBody&, const std::string& key,
                                        TimePoint) override {
        keys.push_back(key);
        if (!failures.empty()) {
            const GatewayFailure failure = failures.front();
            failures.erase(failures.begin());
            return std::unexpected(failure);
        }
        return queued;
    }
    GatewayResult<std::optional<ReplyJob>> read_job(const std::string& job_id, TimePoint) override {
        ++reads;
        if (before_reading) before_reading();
        if (away) return std::unexpected(GatewayFailure{.text = "away"});
        const auto found = known.find(job_id);
        return found == known.end() ? std::nullopt : std::optional(found->second);
    }
    GatewayResult<std::string> transcribe(const TranscribeBody&, TimePoint) override {
        return "the words";
    }
    GatewayResult<bool> confirm_delivery(const std::string& job_id, TimePoint) override {
        if (away) return std::unexpected(GatewayFailure{.text = "away"});
        confirmed.push_back(job_id);
        return true;
    }

    QueuedReply queued{.job_id = "llm-1"};
    std::vector<GatewayFailure> failures;
    std::vector<std::string> keys;
    std::map<std::string, ReplyJob> known;
    int reads = 0;
    std::function<void()> before_reading;
    std::vector<std::string> confirmed;
    bool away = false;
};

struct Asking : ::testing::Test {
    Result<std::string> handle() {
        return AskedReplies(gateway, awaited, {.retry = {.first = 1ms, .last = 2ms}})
            .handle({.message = message, .personality = personality, .text = "hello"});
    }

    Gateway gateway;
    Channel channel;
    AwaitedReplies awaited{gateway, channel, {}};
    Message message{.author_id = "200",
                    .channel_id = "500",
                    .content = "hello",
                    .attachments = {},
                    .voice_transcript = {},
                    .forwarded = {},
                    .id = "7"};
    domain::Personality personality = maestro();
};

TEST_F(Asking, TheMessagesIdIsTheKeyOfTheRequest) {
    EXPECT_EQ(handle(), "llm-1");

    EXPECT_THAT(gateway.keys, ElementsAre("message-7"));
    EXPECT_EQ(awaited.figures().waiting, 1U);
}

TEST_F(Asking, WhatMaySucceedSoonIsTriedAgainUnderTheSameKey) {
    gateway.failures = {{.kind = GatewayFailure::Kind::network, .text = "x"},
                        {.kind = GatewayFailure::Kind::http, .status = 503, .text = "x"}};

    EXPECT_EQ(handle(), "llm-1");

    EXPECT_THAT(gateway.keys, ElementsAre("message-7", "message-7", "message-7"));
}

TEST_F(Asking, NothingIsTriedAgainAfterAStop) {
    gateway.failures = {{.kind = GatewayFailure::Kind::network, .text = "away"}};
    AskedReplies asked(gateway, awaited, {});
    asked.stop();

    EXPECT_FALSE(asked.handle({.message = message, .personality = personality, .text = "hello"}));
    EXPECT_THAT(gateway.keys, SizeIs(1));
}

TEST_F(Asking, ARefusalIsNotTriedAgain) {
    gateway.failures = {{.kind = GatewayFailure::Kind::http, .status = 400, .text = "BAD"}};

    EXPECT_THAT(handle().error().cause, HasSubstr("BAD"));
    EXPECT_THAT(gateway.keys, SizeIs(1));
    EXPECT_EQ(awaited.figures().waiting, 0U);
}

// A 503 may be about another bot's request for the same message, which is on its way.
TEST_F(Asking, AnErrorSaysWhetherTheMessageMayBeAnsweredAllTheSame) {
    const GatewayFailure refused{.kind = GatewayFailure::Kind::http, .status = 400, .text = "BAD"};
    for (const auto& before :
         {GatewayFailure{.kind = GatewayFailure::Kind::timeout, .text = "x"},
          GatewayFailure{.kind = GatewayFailure::Kind::http, .status = 503, .text = "x"}}) {
        gateway.failures = {before, refused};
        EXPECT_EQ(handle().error().code, Errc::suspect);
    }

    gateway.failures = {{.kind = GatewayFailure::Kind::overloaded, .text = "x"}, refused};
    EXPECT_EQ(handle().error().code, Errc::refused);
}

TEST_F(Asking, AReplyThatAnotherBotAskedForIsAwaitedByThatBot) {
    gateway.queued.success = true;

    EXPECT_EQ(handle(), "llm-1");

    EXPECT_EQ(awaited.figures().waiting, 0U);
}

// The other bot's job was not in the queue yet; both would apologise for it when it is lost.
TEST_F(Asking, AReplyThatAnotherBotAskedForIsAwaitedByThatBotAlsoAfterA503) {
    gateway.failures = {{.kind = GatewayFailure::Kind::http, .status = 503, .text = "x"}};
    gateway.queued.success = true;

    EXPECT_EQ(handle(), "llm-1");

    EXPECT_EQ(awaited.figures().waiting, 0U);
}

TEST_F(Asking, AReplyThatAnUnansweredTryMayHaveAskedForIsAwaited) {
    gateway.failures = {{.kind = GatewayFailure::Kind::timeout, .text = "x"}};
    gateway.queued.success = true;

    EXPECT_EQ(handle(), "llm-1");

    EXPECT_EQ(awaited.figures().waiting, 1U);
}

TEST_F(Asking, TheGatewayIsToldWhatTheWorkerNeeds) {
    message.author_name = "Ada";
    message.guild_id = "900";
    message.attachments = {{.url = "https://cdn.discordapp.com/1.ogg",
                            .content_type = "audio/ogg",
                            .id = "11",
                            .is_voice_message = true}};
    message.answered = {{.content = "before", .author_name = "Bob"}};
    message.forwarded = {
        {.content = "elsewhere", .attachments = {{.url = "https://cdn.discordapp.com/2.png"}}}};
    message.conversation = {{.role = "user", .content = "hi"}};

    const std::string body = json::write(generate_body(
        {.message = message, .personality = personality, .text = "", .auto_response = true}));

    EXPECT_THAT(body,
                AllOf(HasSubstr(R"("message":{"content":""})"), HasSubstr(R"("userId":"200")"),
                      HasSubstr(R"("userName":"Ada")"), HasSubstr(R"("channelId":"500")"),
                      HasSubstr(R"("serverId":"900")"), HasSubstr(R"("messageId":"7")"),
                      HasSubstr(R"("isAutoResponse":true)"),
                      HasSubstr(R"("contentType":"audio/ogg","id":"11","isVoiceMessage":true)"),
                      HasSubstr(R"("referenceNumber":1,"authorUsername":"Bob","content":"before")"),
                      HasSubstr(R"("referenceNumber":2,"content":"elsewhere")"),
                      HasSubstr(R"("contentType":"application/octet-stream")"),
                      HasSubstr(R"("conversationHistory":[{"role":"user","content":"hi"}])"),
                      HasSubstr(R"("systemPrompt":"You conduct.")")));
}

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

    Gateway gateway;
    Channel channel;
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

struct Awaiting : ::testing::Test {
    void add(const std::string& id) { awaited.add(id, {.channel = "500", .reference = "7"}, now); }
    void later(Duration time) {
        now += time;
        (void)awaited.step(now);
    }

    Gateway gateway;
    Channel channel;
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
