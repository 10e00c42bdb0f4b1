// An unmodified discord.js takes the stand-in for Discord: it logs in, hears, speaks, goes on after
// accidents, and keeps the limits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "discord-stand-in/stand_in.hpp"
#include "in_process.hpp"
#include "support/line_process.hpp"

namespace tutti::services::discord {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DiscordJs : public ::testing::Test {
protected:
    DiscordJs() { await("ready tutti 1"); }

    // The next line that is not about what the test leaves open.
    std::string line() {
        while (true) {
            std::string next = bot.read();
            if (next != "said login" && next != "reconnecting") return next;
        }
    }
    void await(const std::string& expected) { ASSERT_EQ(line(), expected); }
    void await_among(const std::string& expected) {
        for (int i = 0; i < 100; ++i) {
            if (bot.read() == expected) return;
        }
        FAIL() << "no line " << expected;
    }

    InProcess discord;
    tests::LineProcess bot{
        {"node", DISCORD_JS_BOT, discord.bare_api_url(), discord->token().reveal()}};
};

TEST_F(DiscordJs, HearsAUserAndReplies) {
    const auto asked = discord.post("/messages", R"({"content":"reply"})");

    await("message reply");
    await("said reply");

    const auto said = discord.said(1);
    EXPECT_EQ(said.at(0).at("content"), "you wrote to me");
    EXPECT_EQ(said.at(0).at("replyTo"), asked.at("id"));
    EXPECT_EQ(said.at(0).at("author").at("name"), "tutti");
}

TEST_F(DiscordJs, SpeaksThroughAWebhookAndPingsNobody) {
    discord.post("/messages", R"({"content":"webhook"})");

    await("message webhook");
    await("said webhook");

    const auto said = discord.said(1);
    EXPECT_EQ(said.at(0).at("webhook").at("name"), "Ada");
    EXPECT_EQ(said.at(0).at("webhook").at("avatarUrl"), "https://example.org/ada.png");
    EXPECT_EQ(said.at(0).at("pings").at("everyone"), false);
    EXPECT_TRUE(said.at(0).at("pings").at("users").as_array().empty());
}

TEST_F(DiscordJs, DefersACommandAndEditsItsAnswer) {
    const auto begun = discord.post("/interactions",
                                    R"({"permissions":"8192",
            "data":{"name":"channel","options":[{"name":"personality","type":3,"value":"ada"}]}})");

    await("interaction channel");
    await("said deferred");
    await("said edited");

    const auto seen = discord.interaction(begun);
    EXPECT_EQ(seen.at("deferred"), true);
    EXPECT_EQ(seen.at("ephemeral"), true);
    EXPECT_EQ(seen.at("original").at("content"), "true ada");
    EXPECT_LT(seen.at("answerAgeMs").as_int64(), 3'000);
}

TEST_F(DiscordJs, CompletesWhatAUserTypes) {
    const auto begun = discord.post("/interactions",
                                    R"({"type":"autocomplete","data":{"name":"channel",
            "options":[{"name":"personality","type":3,"value":"a","focused":true}]}})");

    await("interaction channel");
    await("said choices");

    EXPECT_EQ(discord.interaction(begun).at("choices").at(0).at("name"), "ada");
}

TEST_F(DiscordJs, ResumesAfterAReconnectAndMissesNothing) {
    discord.post("/gateway", R"({"does":"reconnect"})");
    discord.post("/messages", R"({"content":"meanwhile"})");

    await_among("message meanwhile");

    ASSERT_TRUE(discord.eventually("resumes", 1));
    EXPECT_EQ(discord.gateway("identifies"), 1);
}

TEST_F(DiscordJs, ResumesAfterALostConnection) {
    discord.post("/gateway", R"({"does":"drop"})");
    discord.post("/messages", R"({"content":"meanwhile"})");

    await_among("message meanwhile");

    EXPECT_EQ(discord.gateway("resumes"), 1);
    EXPECT_EQ(discord.gateway("identifies"), 1);
}

TEST_F(DiscordJs, BeginsAnewAfterAnInvalidSession) {
    discord.post("/gateway", R"({"does":"invalidSession"})");
    ASSERT_TRUE(discord.eventually("identifies", 2, 30s));
    ASSERT_TRUE(discord.eventually("ready", 1, 30s));

    discord.post("/messages", R"({"content":"reply"})");

    await_among("said reply");
    EXPECT_EQ(discord.gateway("resumes"), 0);
}

TEST_F(DiscordJs, GivesUpWhenTheTokenIsWrong) {
    discord.post("/gateway", R"({"does":"close","code":4004})");

    await_among("closed 4004");
}

TEST_F(DiscordJs, KeepsTheLimitOfAChannel) {
    const auto begin = std::chrono::steady_clock::now();
    discord.post("/messages", R"({"content":"burst 7"})");

    await_among("said burst");

    EXPECT_GT(std::chrono::steady_clock::now() - begin, 4s) << "five in five seconds";
    EXPECT_EQ(discord.said(7).size(), 7U);
    EXPECT_EQ(discord.figures().at("invalid"), 0) << "it waits before it is told to";
}

TEST_F(DiscordJs, WaitsWhenItMeetsALimitThatNoHeaderShowed) {
    discord.post("/faults", R"({"does":"limited","route":"POST /channels/:channel/messages",
                                "delayMs":1000,"scope":"shared"})");
    discord.post("/messages", R"({"content":"reply"})");

    await_among("said reply");

    EXPECT_EQ(discord.said(1).size(), 1U);
    EXPECT_EQ(discord.figures().at("invalid"), 0) << "shared limits do not count";
}

TEST_F(DiscordJs, SaysAgainWhatWasAnsweredWithAnErrorOfTheServer) {
    discord.post("/faults",
                 R"({"does":"status","status":502,"route":"POST /channels/:channel/messages"})");
    discord.post("/messages", R"({"content":"reply"})");

    await_among("said reply");

    EXPECT_EQ(discord.said(1).size(), 1U);
}

}  // namespace
}  // namespace tutti::services::discord
