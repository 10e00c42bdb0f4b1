// What a reply becomes at Discord, and what is known when something goes wrong.
#include "bot-client/sending/discord_sender.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bot-client/sending/message_body.hpp"
#include "bot-client/sending/webhooks.hpp"
#include "unit/bot_client/scripted_discord.hpp"

namespace tutti::services::bot::sending {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Sending : public ::testing::Test {
protected:
    Sending() {
        identity.set({.user_id = "1", .application_id = "2"});
        discord.on("GET /channels/50", 200, R"({"id":"50","type":0,"guild_id":"9"})");
        discord.on("GET /channels/51", 200,
                   R"({"id":"51","type":11,"guild_id":"9","parent_id":"50"})");
        discord.on("GET /channels/52", 200, R"({"id":"52","type":1})");
        discord.on("POST /webhooks/", 200, R"({"id":"700"})");
        discord.on("POST /channels/", 200, R"({"id":"800"})");
    }

    Result<std::string> say(std::string channel = "50") {
        reply.channel_id = std::move(channel);
        return sender.say(reply, Boottime::now() + 5s);
    }
    [[nodiscard]] const std::string& body() const { return discord.calls.back().body; }

    stubs::ScriptedDiscord discord;
    Identity identity;
    events::KnownChannels known;
    events::ChannelPlaces places{known, discord.rest};
    Result<domain::Webhook> webhook = domain::Webhook{.id = "60", .token = process::Secret("wt")};
    std::vector<std::string> asked_for;
    std::vector<std::string> forgotten;
    std::vector<std::string> noted;
    DiscordSender sender{
        {.discord = discord.rest,
         .places = places,
         .identity = identity,
         .webhook =
             [this](const std::string& channel, TimePoint) {
                 asked_for.push_back(channel);
                 return webhook;
             },
         .forget_webhook = [this](const std::string& channel) { forgotten.push_back(channel); },
         .said = [this](const std::string& id,
                        const Speaker& speaker) { noted.push_back(id + ' ' + speaker.slug); }}};
    LaterReply reply{.channel_id = "50",
                     .message_id = "7",
                     .content = "hi <@5>",
                     .nonce = "llm-1",
                     .speaker = Speaker{.name = "Maestro", .avatar_url = "http://a", .slug = "m"},
                     .follows = "7"};
};

TEST_F(Sending, APersonalitySpeaksThroughTheWebhookOfTheChannelAndPingsNobody) {
    EXPECT_EQ(say(), "700");

    EXPECT_EQ(discord.calls.back().line, "POST /webhooks/60/wt?wait=true");
    EXPECT_FALSE(discord.calls.back().authorized) << "the token of the bot is not for there";
    EXPECT_THAT(body(),
                AllOf(HasSubstr(R"("username":"Maestro")"), HasSubstr(R"("avatar_url":"http://a")"),
                      HasSubstr(R"("allowed_mentions":{"parse":[],"replied_user":false})"),
                      Not(HasSubstr("nonce"))));
    EXPECT_THAT(noted, ElementsAre("700 m"));
}

TEST_F(Sending, InAThreadTheWebhookIsThatOfTheChannelAroundIt) {
    EXPECT_EQ(say("51"), "700");

    EXPECT_THAT(asked_for, ElementsAre("50"));
    EXPECT_EQ(discord.calls.back().line, "POST /webhooks/60/wt?wait=true&thread_id=51");
}

TEST_F(Sending, WhereThereIsNoWebhookTheBotSpeaksInThePersonalitysName) {
    webhook = fail(Errc::refused, "find a webhook", "Discord answered 403");
    EXPECT_EQ(say(), "800");
    EXPECT_THAT(body(), AllOf(HasSubstr(R"("content":"**Maestro:** hi <@5>")"),
                              HasSubstr(R"("nonce":"llm-1","enforce_nonce":true)"),
                              HasSubstr(R"("message_id":"7","fail_if_not_exists":false)"),
                              HasSubstr(R"("parse":[],"replied_user":true)")));

    EXPECT_EQ(say("52"), "800") << "a direct message";
    EXPECT_EQ(discord.calls.back().line, "POST /channels/52/messages");
}

TEST_F(Sending, WhatCannotBeKnownNowIsNotSaidAtAll) {
    webhook = fail(Errc::unavailable, "find a webhook", "later");

    EXPECT_EQ(say().error().code, Errc::unavailable);
    EXPECT_EQ(discord.lines().size(), 1U) << "where the channel is, and nothing more";
}

TEST_F(Sending, AWebhookThatIsGoneIsFoundAnewOnce) {
    discord.on("POST /webhooks/60/wt", [this](const auto&) -> Result<http::Response> {
        webhook = domain::Webhook{.id = "61", .token = process::Secret("wu")};
        return http::json_response(404, R"({"code":10015,"message":"Unknown Webhook"})");
    });

    EXPECT_EQ(say(), "700");

    EXPECT_THAT(forgotten, ElementsAre("50"));
    EXPECT_EQ(discord.calls.back().line, "POST /webhooks/61/wu?wait=true");
}

TEST_F(Sending, AnAnswerThatIsLostLeavesItUnknownAndIsNotRepeated) {
    discord.loses("POST /webhooks/60/wt");
    EXPECT_EQ(say().error().code, Errc::timeout);
    EXPECT_EQ(discord.calls.size(), 2U);

    discord.on("POST /webhooks/60/wt", 502, "{}");
    EXPECT_EQ(say().error().code, Errc::timeout) << "Discord may have done it";
    EXPECT_THAT(noted, IsEmpty());
}

TEST_F(Sending, AMessageOfTheBotsOwnIsRepeatedUnderItsNonce) {
    reply.speaker.reset();
    int answers = 0;
    discord.on("POST /channels/50/messages", [&](const auto&) -> Result<http::Response> {
        return ++answers < 3 ? http::json_response(500, "{}")
                             : http::json_response(200, R"({"id":"801"})");
    });

    EXPECT_EQ(say(), "801");
    EXPECT_EQ(answers, 3);
}

TEST_F(Sending, AChannelThatIsGoneRefuses) {
    discord.on("GET /channels/50", 404, R"({"code":10003,"message":"Unknown Channel"})");
    EXPECT_EQ(say().error().code, Errc::refused);
}

TEST_F(Sending, FindsWhatItHasSaidAndNothingThatOthersHave) {
    const auto look = [&] { return *sender.find(reply, Boottime::now() + 5s); };
    discord.on("GET /channels/50/messages", 200,
               R"([{"id":"9","author":{"id":"60","username":"Maestro"},"content":"hi <@5>",)"
               R"("webhook_id":"60","application_id":"3"},)"
               R"({"id":"10","author":{"id":"4","username":"x"},"content":"hi <@5>"}])");
    EXPECT_EQ(look(), std::nullopt);
    EXPECT_EQ(discord.calls.back().line, "GET /channels/50/messages?limit=100&after=7");

    discord.on("GET /channels/50/messages", 200,
               R"([{"id":"11","author":{"id":"60","username":"Maestro"},"content":"hi <@5>",)"
               R"("webhook_id":"60","application_id":"2"}])");
    EXPECT_EQ(look(), "11");
    discord.on(
        "GET /channels/50/messages", 200,
        R"([{"id":"12","author":{"id":"1","username":"bot"},"content":"**Maestro:** hi <@5>"}])");
    EXPECT_EQ(look(), "12");
}

TEST_F(Sending, WithoutKnowingWhoTheBotIsItIsNotKnownWhatItHasSaid) {
    identity.set({});
    EXPECT_EQ(sender.find(reply, Boottime::now() + 5s).error().code, Errc::unavailable);
}

TEST(WhoTheBotIs, IsAskedOnceWhereNoSessionHasBegun) {
    stubs::ScriptedDiscord discord;
    discord.on("GET /applications/@me", 200, R"({"id":"2","bot":{"id":"1","username":"b"}})");
    const Identity identity(
        [&](TimePoint deadline) { return ask_own_ids(discord.rest, deadline); });
    EXPECT_FALSE(identity.get().known());

    for (int i = 0; i < 2; ++i) {
        const auto found = identity.find();
        ASSERT_TRUE(found.has_value());
        EXPECT_EQ(found->user_id, "1");
        EXPECT_EQ(found->application_id, "2");
    }

    EXPECT_THAT(discord.lines(), ElementsAre("GET /applications/@me"));
    EXPECT_TRUE(identity.get().known());
}

TEST(WhoTheBotIs, IsAskedAgainAfterAFailureAndAWrongTokenIsRefused) {
    stubs::ScriptedDiscord discord;
    const Identity identity([&](TimePoint deadline) { return ask_own_ids(discord.rest, deadline); },
                            {.ask_again_after = Duration::zero()});
    for (const auto& [status, code] :
         {std::pair{503, Errc::unavailable}, {200, Errc::protocol}, {401, Errc::refused}}) {
        discord.on("GET /applications/@me", status, "{}");
        EXPECT_EQ(identity.find().error().code, code);
    }
}

TEST(WhoTheBotIs, IsNotAskedByEachMessageWhileDiscordFails) {
    int asked = 0;
    const Identity identity(
        [&](TimePoint) -> Result<OwnIds> {
            ++asked;
            return fail(Errc::unavailable, "ask", "away");
        },
        {.ask_again_after = 1h});

    for (int i = 0; i < 100; ++i) EXPECT_EQ(identity.find().error().code, Errc::unavailable);

    EXPECT_EQ(asked, 1);
}

TEST(WebhookName, HasNoneOfTheWordsThatDiscordRefuses) {
    EXPECT_EQ(webhook_name("Maestro"), "Maestro");
    EXPECT_EQ(webhook_name("Discord Clyde"), "D-iscord C-lyde");
    EXPECT_EQ(webhook_name(" "), "Tutti");
    EXPECT_EQ(webhook_name(std::string(100, 'x')).size(), 78U);
}

class FindingWebhooks : public Sending {
protected:
    Result<Loaded<domain::Webhook>> find() {
        return find_or_make_webhook(discord.rest, identity.get(), "50", Boottime::now() + 5s);
    }
};

TEST_F(FindingWebhooks, TheOldestOfItsOwnIsTakenByAllProcesses) {
    discord.on(
        "GET /channels/50/webhooks", 200,
        R"([{"id":"90","token":"a","application_id":"3"},{"id":"100","token":"b","application_id":"2"},)"
        R"({"id":"99","token":"c","application_id":"2"},{"id":"1","application_id":"2"}])");

    const auto found = find();

    ASSERT_TRUE(found.has_value());
    EXPECT_THAT(discord.lines(), ElementsAre("GET /channels/50/webhooks"));
}

TEST_F(FindingWebhooks, WithoutOneItIsMade) {
    discord.on("GET /channels/50/webhooks", 200, "[]");
    discord.on("POST /channels/50/webhooks", 200,
               R"({"id":"99","token":"c","application_id":"2"})");

    EXPECT_TRUE(find().has_value());
    EXPECT_THAT(body(), R"({"name":"Tutti"})");
}

TEST_F(FindingWebhooks, WhatTheBotMayNotHaveIsRefusedAndWhatFailsPasses) {
    discord.on("GET /channels/50/webhooks", 403, R"({"code":50013})");
    EXPECT_EQ(find().error().code, Errc::refused);
    discord.on("GET /channels/50/webhooks", 503, "{}");
    EXPECT_EQ(find().error().code, Errc::unavailable);
}

}  // namespace
}  // namespace tutti::services::bot::sending
