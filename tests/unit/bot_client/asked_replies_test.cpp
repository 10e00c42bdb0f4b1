// A message on its way to the gateway.
#include "bot-client/asked_replies.hpp"

#include "unit/bot_client/reply_ends.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Asking : ::testing::Test {
    Result<std::string> handle() {
        return AskedReplies(gateway, awaited, {.retry = {.first = 1ms, .last = 2ms}})
            .handle({.message = message, .personality = personality, .text = "hello"});
    }

    ReplyGateway gateway;
    ReplyChannel channel;
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

}  // namespace
}  // namespace tutti::services::bot
