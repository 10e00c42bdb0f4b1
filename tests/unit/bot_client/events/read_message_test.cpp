#include "bot-client/events/read_message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tutti::services::bot::events {
namespace {

const OwnIds own{.user_id = "1", .application_id = "2"};

Result<std::optional<Message>> read(const std::string& more, const std::string& id = "7") {
    return read_message(R"({"op":0,"d":{"id":")" + id + R"(","channel_id":"50","content":"hi",)" +
                            R"("author":{"id":"200","username":"ann","global_name":"Ann"})" + more +
                            "}}",
                        [] { return own; });
}

TEST(ReadMessage, HasWhatTheChainNeeds) {
    const auto message =
        read(R"(,"guild_id":"9","flags":8192,"attachments":[{"id":"3","url":"u","filename":"f",)"
             R"("content_type":"audio/ogg"}],"mentions":[{"id":"1","username":"bot"}])");

    ASSERT_TRUE(message.has_value()) << message.error().message();
    ASSERT_TRUE(message->has_value());
    const Message& read = **message;
    EXPECT_EQ(read.id, "7");
    EXPECT_EQ(read.author_name, "Ann");
    EXPECT_EQ(read.guild_id, "9");
    EXPECT_FALSE(read.author_is_bot);
    EXPECT_TRUE(read.mentions_bot);
    ASSERT_EQ(read.attachments.size(), 1U);
    EXPECT_TRUE(read.attachments[0].is_voice_message);
    EXPECT_EQ(read.attachments[0].name, "f");
}

TEST(ReadMessage, OfAWebhookOrABotIsOfABot) {
    EXPECT_TRUE((*read(R"(,"webhook_id":"60")"))->author_is_bot);
}

TEST(ReadMessage, AsksWhoTheBotIsOnlyWhereAUserMentionsOrAnswers) {
    int asked = 0;
    const auto read = [&](const std::string& author, const std::string& more) {
        (void)read_message(R"({"op":0,"d":{"id":"7","channel_id":"50","content":"hi",)"
                           R"("author":{"id":"200","username":"ann")" +
                               author + '}' + more + "}}",
                           [&] {
                               ++asked;
                               return own;
                           });
    };
    const std::string mentions = R"(,"mentions":[{"id":"1","username":"bot"}])";

    read("", R"(,"mentions":[])");
    read(R"(,"bot":true)", mentions);
    read("", mentions + R"(,"webhook_id":"60")");
    EXPECT_EQ(asked, 0);

    read("", mentions);
    EXPECT_EQ(asked, 1);
}

TEST(ReadMessage, KnowsAReplyToWhatThisBotHasSaidThroughAWebhook) {
    const auto reply = [](const char* application) {
        return read(
            R"(,"type":19,"referenced_message":{"id":"5","content":"said","webhook_id":"60",)"
            R"("author":{"id":"60","username":"Maestro"},"application_id":")" +
            std::string(application) + "\"}");
    };
    EXPECT_EQ((*reply("2"))->answered_webhook_message, "5");
    EXPECT_EQ((*reply("2"))->answered.at(0).author_name, "Maestro");
    EXPECT_EQ((*reply("3"))->answered_webhook_message, "");
    EXPECT_TRUE((*read(R"(,"referenced_message":null)"))->answered.empty());
}

TEST(ReadMessage, HasWhatIsForwarded) {
    const auto message =
        read(R"(,"message_snapshots":[{"message":{"content":"far","attachments":[]}}])");
    EXPECT_EQ((*message)->forwarded.at(0).content, "far");
}

TEST(ReadMessage, OfTheSystemIsNoneAndAnUnsoundOneIsRefused) {
    EXPECT_EQ(*read(R"(,"type":6)"), std::nullopt);
    EXPECT_FALSE(read("", "../7").has_value());
    EXPECT_FALSE(read_message("{}", [] { return own; }).has_value());
    EXPECT_FALSE(
        read(R"(,"pad":")" + std::string(message_frame_bytes_max, 'x') + "\"").has_value());
}

}  // namespace
}  // namespace tutti::services::bot::events
