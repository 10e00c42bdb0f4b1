#include "bot-client/model_replies.hpp"

#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Replies : public testing::Test {
protected:
    Result<void> handle(ModelReplies::Options options) {
        ModelReplies model(std::move(options), peer.send());
        return model.handle({.message = message, .personality = personality, .text = "hello"},
                            replies);
    }
    static std::string completion(const std::string& text) {
        return R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":")" +
               text + R"("},"finish_reason":"stop"}],"usage":{"total_tokens":3}})";
    }

    ScriptedPeer peer;
    RecordedReplies replies;
    Message message;
    domain::Personality personality = maestro();
};

TEST_F(Replies, WithoutAnEndpointTheReplyNamesThePersonalityAndSaysSo) {
    ASSERT_TRUE(handle({}).has_value());

    ASSERT_THAT(replies.replies, SizeIs(1));
    EXPECT_THAT(replies.replies.front().content,
                AllOf(HasSubstr("The Maestro"), HasSubstr("no model is configured")));
    EXPECT_THAT(peer.requests, IsEmpty());
}

TEST_F(Replies, TheNameOfThePersonalityMentionsNobody) {
    personality.display_name = "<@1>";

    ASSERT_TRUE(handle({}).has_value());

    EXPECT_THAT(replies.replies.front().content, HasSubstr(R"(**\<\@1\>** is here)"));
}

TEST_F(Replies, ModelIsAskedInTheOpenAiShape) {
    peer.answer(200, completion("A word of encouragement."));

    ASSERT_TRUE(
        handle({.base_url = "http://model/v1", .api_key = process::Secret("key")}).has_value());

    const SentRequest& sent = peer.requests.front();
    EXPECT_EQ(sent.url, "http://model/v1");
    EXPECT_EQ(sent.request.method, "POST");
    EXPECT_EQ(sent.request.path, "/chat/completions");
    EXPECT_EQ(sent.header("Authorization"), "Bearer key");
    EXPECT_EQ(sent.request.body,
              R"({"model":"some/model","messages":[{"role":"system","content":)"
              R"("You conduct.\n\nSince the baton was invented.\n\nwarm"},)"
              R"({"role":"user","content":"hello"}],"temperature":5E-1,"max_tokens":100})");
    EXPECT_EQ(replies.replies.front().content, "A word of encouragement.");
}

TEST_F(Replies, ConfiguredModelWinsOverThePersonalitys) {
    peer.answer(200, completion("ok"));

    (void)handle({.base_url = "http://model/v1", .model = "another"});

    EXPECT_THAT(peer.requests.front().request.body, HasSubstr(R"("model":"another")"));
    EXPECT_EQ(peer.requests.front().header("Authorization"), "(none)");
}

TEST_F(Replies, LongAnswerIsCutAtDiscordsLimitBetweenCharacters) {
    std::string text;
    for (int i = 0; i < 3000; ++i) text += "\xC3\xA9";
    peer.answer(200, completion(text));

    (void)handle({.base_url = "http://model/v1"});

    EXPECT_EQ(replies.replies.front().content, text.substr(0, 4000));
}

TEST_F(Replies, NothingIsSentWhenTheModelDoesNotAnswerWell) {
    const ModelReplies::Options options{.base_url = "http://model/v1"};
    peer.fail_with(Errc::timeout);
    peer.answer(429, "{}");
    peer.answer(200, "<html>");
    peer.answer(200, R"({"choices":[]})");
    peer.answer(200, completion(""));

    for (int i = 0; i < 5; ++i) EXPECT_FALSE(handle(options).has_value()) << i;
    EXPECT_THAT(replies.replies, IsEmpty());
}

}  // namespace
}  // namespace tutti::services::bot
