#include "api-gateway/jobs/generate_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include <boost/json/serialize.hpp>

namespace tutti::services::gateway::jobs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Result<GenerateRequest> parse(std::string_view context,
                              std::string_view rest = R"("message":"hello")") {
    return GenerateRequest::parse(R"({"personality":{"name":"maestro","extra":1},)" +
                                  std::string(rest) + R"(,"context":{"userId":"7")" +
                                  std::string(context) + "}}");
}

std::string problems_of(const Result<GenerateRequest>& request) {
    EXPECT_FALSE(request);
    if (request) return "";
    EXPECT_EQ(request.error().code, Errc::protocol);
    return request.error().cause;
}

std::string attachment(std::string_view url, std::string_view type = "image/png") {
    return R"({"url":")" + std::string(url) + R"(","contentType":")" + std::string(type) + "\"}";
}

TEST(GenerateRequest, ReadsWhatTheGatewayNeedsAndKeepsTheRest) {
    const auto request = parse(R"(,"channelId":"500","conversationHistory":[{"role":"user"}])");

    ASSERT_TRUE(request) << request.error().message();
    EXPECT_EQ(request->personality_name, "maestro");
    EXPECT_EQ(request->user_id, "7");
    EXPECT_EQ(request->channel_id, "500");
    EXPECT_EQ(request->message_identity, "hello");
    EXPECT_TRUE(request->all.at("personality").as_object().contains("extra"));
    EXPECT_TRUE(request->all.at("context").as_object().contains("conversationHistory"));
}

TEST(GenerateRequest, ChannelAndListsMayBeMissingOrNull) {
    const auto request = parse(R"(,"channelId":null,"attachments":null,"referencedMessages":null)");

    ASSERT_TRUE(request) << request.error().message();
    EXPECT_FALSE(request->channel_id);
    EXPECT_TRUE(request->attachments.empty());
    EXPECT_TRUE(request->references.empty());
}

TEST(GenerateRequest, MembersOfAnObjectMessageHaveNoOrder) {
    const auto one = parse("", R"("message":{"b":[{"y":1,"x":2}],"a":"t"})");
    const auto other = parse("", R"("message": { "a":"t", "b":[{"x":2,"y":1}] })");
    const auto different = parse("", R"("message":{"a":"t","b":[]})");

    ASSERT_TRUE(one);
    EXPECT_EQ(one->message_identity, R"({"a":"t","b":[{"x":2,"y":1}]})");
    EXPECT_EQ(other->message_identity, one->message_identity);
    EXPECT_NE(different->message_identity, one->message_identity);
}

TEST(GenerateRequest, MessageIsTheSameTextWhateverIsInIt) {
    const auto one =
        parse("", R"("message":{"b":[],"a":{},"\"\n":[null,true,{"z":1.5,"y":-1},[]]})");

    ASSERT_TRUE(one) << one.error().message();
    EXPECT_EQ(one->message_identity, R"({"\"\n":[null,true,{"y":-1,"z":1.5E0},[]],"a":{},"b":[]})");
}

TEST(GenerateRequest, MoreValuesThanAnybodySaysAreRefused) {
    std::string many = "[0]";
    while (many.size() < (1U << 20U)) many += ",[0]";

    const auto request = parse("", R"("message":{"a":[)" + many + "]}");

    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, Errc::too_large);
    EXPECT_THAT(request.error().cause, HasSubstr("more than 65536 values"));
}

TEST(GenerateRequest, AllProblemsAreNamedAndNoValueIsRepeated) {
    const std::string problems = problems_of(GenerateRequest::parse(R"({
        "personality":{"name":""},"message":5,"userApiKey":17,
        "context":{"channelId":"","attachments":[{"url":"http://hidden/"},3]}})"));

    for (const char* part :
         {"personality.name: must not be empty", "message: expected a string, found an integer",
          "userApiKey: expected a string", "context.userId: missing",
          "context.channelId: must not be empty", "context.attachments[0].contentType: missing",
          "context.attachments[1]: expected an object"}) {
        EXPECT_THAT(problems, HasSubstr(part));
    }
    EXPECT_FALSE(problems.contains("hidden"));
}

TEST(GenerateRequest, OtherBodiesAreRefused) {
    EXPECT_THAT(problems_of(GenerateRequest::parse("")), HasSubstr("not JSON"));
    EXPECT_THAT(problems_of(GenerateRequest::parse("[]")), HasSubstr("expected an object"));
    EXPECT_THAT(problems_of(GenerateRequest::parse("{}")), HasSubstr("message: missing"));
    EXPECT_THAT(problems_of(parse("", R"("message":"")")), HasSubstr("must not be empty"));
    EXPECT_THAT(problems_of(GenerateRequest::parse(std::string(100, '['))), HasSubstr("not JSON"));
    EXPECT_THAT(problems_of(parse("", R"("message":{"a":1e999})")), HasSubstr("out of range"));
}

TEST(GenerateRequest, AttachmentsRememberWhereTheyCameFrom) {
    const char* url = "https://cdn.discordapp.com/a/b.png?ex=1";
    const auto request =
        parse(",\"attachments\":[" + attachment(url) +
              R"(,{"url":"https://media.discordapp.net/c","contentType":"audio/ogg",
                                   "originalUrl":"https://cdn.discordapp.com/c","isVoiceMessage":true,"name":"n"}])");

    ASSERT_TRUE(request) << request.error().message();
    ASSERT_EQ(request->attachments.size(), 2U);
    EXPECT_EQ(request->attachments[0].all.at("originalUrl"), url);
    EXPECT_EQ(request->attachments[1].all.at("originalUrl"), "https://cdn.discordapp.com/c");
    EXPECT_EQ(request->attachments[1].all.at("name"), "n");
}

TEST(GenerateRequest, AttachmentsFromElsewhereAreRefused) {
    EXPECT_THAT(
        problems_of(parse(",\"attachments\":[" + attachment("https://evil.example/") + "]")),
        HasSubstr("context.attachments: only URLs of ATTACHMENT_HOSTS"));
}

// A worker would fetch it.
TEST(GenerateRequest, AnOriginalUrlFromElsewhereIsNotHandedOn) {
    for (const char* original : {R"("http://169.254.169.254/latest")", "7", "null"}) {
        const auto request = parse(
            R"(,"attachments":[{"url":"https://cdn.discordapp.com/c","contentType":"audio/ogg",
                     "originalUrl":)" +
            std::string(original) + "}]");

        ASSERT_TRUE(request) << request.error().message();
        EXPECT_EQ(request->attachments[0].all.at("originalUrl"), "https://cdn.discordapp.com/c");
    }
}

TEST(GenerateRequest, OfReferencedMessagesOnlyDiscordsAttachmentsAreHandedOn) {
    const auto request = parse(R"(,"referencedMessages":[{"referenceNumber":4,"attachments":[)" +
                               attachment("http://169.254.169.254/latest") + ',' +
                               attachment("https://cdn.discordapp.com/a") + "]},{}]");

    ASSERT_TRUE(request) << request.error().message();
    ASSERT_EQ(request->references.size(), 2U);
    EXPECT_EQ(request->references[0].number, 4);
    ASSERT_EQ(request->references[0].attachments.size(), 1U);
    EXPECT_EQ(request->references[0].attachments[0].url, "https://cdn.discordapp.com/a");
    EXPECT_EQ(request->references[1].number, 2);
    // Nor in what the reply's own worker gets.
    const std::string body = boost::json::serialize(request->all);
    EXPECT_THAT(body, Not(HasSubstr("169.254")));
    EXPECT_THAT(body, HasSubstr("cdn.discordapp.com"));
}

TEST(GenerateRequest, AUsersKeyIsBounded) {
    const auto with_key = [](std::size_t length) {
        return parse("", R"("message":"hello","userApiKey":")" + std::string(length, 'k') + '"');
    };

    EXPECT_TRUE(with_key(512));
    EXPECT_THAT(problems_of(with_key(513)), HasSubstr("userApiKey: is too long"));
}

TEST(GenerateRequest, ReferencesHaveNumbersOfTheirOwn) {
    EXPECT_THAT(problems_of(parse(R"(,"referencedMessages":[{"referenceNumber":2},{}])")),
                HasSubstr("the same referenceNumber"));
    EXPECT_THAT(problems_of(parse(R"(,"referencedMessages":[{"referenceNumber":"2"}])")),
                HasSubstr("referencedMessages[0].referenceNumber: expected an integer"));
}

TEST(GenerateRequest, ListsAreBounded) {
    std::string many = attachment("https://cdn.discordapp.com/a");
    for (int i = 0; i < 50; ++i) many += ',' + attachment("https://cdn.discordapp.com/a");

    EXPECT_THAT(problems_of(parse(",\"attachments\":[" + many + "]")),
                HasSubstr("more than 50 elements"));
}

TEST(GenerateRequest, AttachmentsMayBeOnTheHostsThatTheOperatorNamed) {
    const std::string body =
        R"({"personality":{"name":"maestro"},"message":"hi","context":{"userId":"100",)"
        R"("attachments":[)" +
        attachment("https://files.example/a") + "]}}";

    EXPECT_THAT(problems_of(GenerateRequest::parse(body)), HasSubstr("ATTACHMENT_HOSTS"));
    EXPECT_TRUE(GenerateRequest::parse(
        body, net::AttachmentHosts({.origins = {"https://files.example:443"}})));
}

TEST(Attachment, KindFollowsTypeAndVoiceFlag) {
    using Kind = Attachment::Kind;
    const auto kind = [](std::string type, bool voice) {
        return Attachment{
            .url = {}, .content_type = std::move(type), .is_voice_message = voice, .all = {}}
            .kind();
    };
    EXPECT_EQ(kind("audio/ogg", false), Kind::audio);
    EXPECT_EQ(kind("application/octet-stream", true), Kind::audio);
    EXPECT_EQ(kind("image/png", false), Kind::image);
    EXPECT_EQ(kind("video/mp4", false), Kind::other);
    EXPECT_EQ(kind("text/audio/", false), Kind::other);
}

}  // namespace
}  // namespace tutti::services::gateway::jobs
