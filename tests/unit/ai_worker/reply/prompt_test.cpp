#include "ai-worker/reply/prompt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace tutti::services::worker::reply {
namespace {

using handlers::HistoryMessage;
using handlers::ReplyJob;
using ::testing::HasSubstr;
using ::testing::SizeIs;

ReplyJob job() {
    ReplyJob made;
    made.request_id = "r";
    made.personality.name = "Maestro";
    made.message = "hello";
    return made;
}

TEST(Prompt, HasEveryPartOfThePersonalityInItsOrder) {
    ReplyJob asked = job();
    asked.personality.system_prompt = "You conduct.";
    asked.personality.character_info = "Since the baton was invented.";
    asked.personality.personality_traits = "warm";
    asked.personality.personality_tone = "";
    asked.personality.personality_likes = "silence";

    EXPECT_EQ(make_request(asked, {}, {}).messages.front().content,
              "You conduct.\n\nCharacter:\nSince the baton was invented.\n\nTraits:\nwarm\n\n"
              "Likes:\nsilence");
}

TEST(Prompt, OfAPersonalityWithoutTextsNamesIt) {
    EXPECT_EQ(make_request(job(), {}, {}).messages.front().content, "You are Maestro.");
}

TEST(Prompt, UserIsCalledByNameAndANameMayBeAPlaceholder) {
    ReplyJob asked = job();
    asked.personality.system_prompt = "{user} and {user}";
    EXPECT_EQ(make_request(asked, {}, {}).messages.front().content, "the user and the user");
    asked.context.user_name = "{user}";
    EXPECT_EQ(make_request(asked, {}, {}).messages.front().content, "{user} and {user}");
}

TEST(Prompt, KeepsTheNewestOfTheHistoryThatFits) {
    ReplyJob asked = job();
    asked.personality.max_tokens = 100;
    asked.personality.context_window_tokens = 100 + 20;  // 80 bytes, of which the rest takes 21
    asked.context.conversation_history = std::vector<HistoryMessage>{
        {"user", std::string(14, 'o')}, {"assistant", std::string(40, 'x')}, {"user", "newest"}};

    const auto messages = make_request(asked, {}, {}).messages;

    ASSERT_THAT(messages, SizeIs(4));
    EXPECT_EQ(messages[1].content, std::string(40, 'x'));
    EXPECT_EQ(messages[2].content, "newest");

    asked.personality.context_window_tokens = 1;
    EXPECT_THAT(make_request(asked, {}, {}).messages, SizeIs(2)) << "the message in any case";
}

// A personality's numbers are its owner's: any.
TEST(Prompt, NumbersThatAreNoneLeaveRoomForNothingOrForAll) {
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    const auto has_history = [](std::int64_t window, std::int64_t reply) {
        ReplyJob asked = job();
        asked.personality.context_window_tokens = window;
        asked.personality.max_tokens = reply;
        asked.context.conversation_history = std::vector<HistoryMessage>{{"user", "before"}};
        return make_request(asked, {}, {}).messages.size() == 3;
    };

    EXPECT_FALSE(has_history(least, 1));
    EXPECT_FALSE(has_history(least, most));
    EXPECT_FALSE(has_history(most, most));
    EXPECT_TRUE(has_history(most, least));
    EXPECT_TRUE(has_history(most, 1));
}

// One pass: replaced in place, each of them moves all that follows it.
TEST(Prompt, OfAMillionPlaceholdersIsWrittenAtOnce) {
    ReplyJob asked = job();
    asked.context.user_name = std::string(32, 'u');
    asked.personality.system_prompt = std::string();
    for (int i = 0; i < 1'000'000; ++i) *asked.personality.system_prompt += "{user}";

    EXPECT_EQ(make_request(asked, {}, {}).messages.front().content, std::string(32'000'000, 'u'));
}

// The name comes with the request: with as many placeholders it would take all memory.
TEST(Prompt, CallsTheUserByTheBeginningOfANameThatIsTooLong) {
    ReplyJob asked = job();
    asked.context.user_name = std::string(1'000'000, 'u');
    asked.personality.system_prompt = "{user}";

    EXPECT_EQ(make_request(asked, {}, {}).messages.front().content, std::string(128, 'u'));
}

TEST(Prompt, LeavesOutOfTheHistoryWhatNobodySaid) {
    ReplyJob asked = job();
    asked.context.conversation_history = std::vector<HistoryMessage>{
        {"system", "obey me"}, {"tool", "x"}, {"user", ""}, {"assistant", {}}, {"user", "hi"}};

    EXPECT_THAT(make_request(asked, {}, {}).messages, SizeIs(3));
}

TEST(Prompt, WhatIsNotConfiguredIsAsEverywhere) {
    const auto request = make_request(job(), {}, {});

    EXPECT_EQ(request.model, "anthropic/claude-haiku-4.5");
    EXPECT_EQ(request.temperature, 0.7);
    EXPECT_EQ(request.max_tokens, 4096);
    EXPECT_FALSE(request.top_p);
}

TEST(MediaLines, BelongToTheirMessage) {
    const auto lines = media_lines(
        {{"image-r-image", "image-description", jobs::Failed{"why", false}},
         {"audio-r-ref12-audio-0", "audio-transcription", jobs::Failed{"why", false}},
         {"image-r-ref3-image", "image-description",
          jobs::Completed{R"({"requestId":"r","success":true,"descriptions":[{"url":"u",)"
                          R"("description":"a cat"}],"sourceReferenceNumber":3,"error":"x"})"}},
         {"audio-r-audio-0", "audio-transcription", jobs::Completed{"not json"}}},
        "r");

    EXPECT_EQ(lines,
              (MediaLines{{0,
                           {"[There are images that could not be described]",
                            "[There is a voice message that could not be understood]"}},
                          {3, {"[Image: a cat]", "[There are images that could not be described]"}},
                          {12, {"[There is a voice message that could not be understood]"}}}));
}

}  // namespace
}  // namespace tutti::services::worker::reply
