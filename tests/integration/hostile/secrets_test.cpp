// No secret of a bot is in its log or in what it tells about itself, however much it logs and
// whatever goes wrong. The levels above `info` write a part of what that does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <ostream>
#include <string>
#include <utility>

#include "common/process/timestamps.hpp"
#include "integration/hostile/victim.hpp"
#include "support/redis_server.hpp"
#include "unit/bot_client/interactions/signer.hpp"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;
using tutti::services::bot::interactions::Signer;

constexpr const char* redis_password = "the-p4ssword-of-redis";
constexpr const char* interaction_token = "aW50ZXJhY3Rpb24tdG9rZW4";

struct Verbosity {
    std::string level;
    std::string format;
};
void PrintTo(const Verbosity& one, std::ostream* out) { *out << one.level << '_' << one.format; }

class Secrets : public testing::TestWithParam<Verbosity> {
protected:
    [[nodiscard]] Variables variables() const {
        return {{"LOG_LEVEL", GetParam().level},
                {"LOG_FORMAT", GetParam().format},
                {"REDIS_URL", redis.url()},
                {"DISCORD_PUBLIC_KEY", signer.public_key()}};
    }
    // It came over HTTP, and nothing at Discord knows its token: its answer is refused there.
    void post_a_command(Victim& victim) const {
        const auto now = std::chrono::duration_cast<std::chrono::seconds>(
            tutti::services::process::unix_now().time_since_epoch());
        const std::string time = std::to_string(now.count());
        // An id of now: 22 bits for what is below the millisecond, since 2015.
        const std::string id = std::to_string(((now.count() - 1'420'070'400) * 1'000) << 22U);
        const std::string body =
            R"({"id":")" + id + R"(","application_id":"2","type":2,"version":1,"token":")" +
            interaction_token +
            R"(","channel":{"id":"500","type":0},"channel_id":"500","guild_id":"900",)"
            R"("member":{"permissions":"8192","user":{"id":"100000000000000001","username":"a"}},)"
            R"("data":{"id":"3","type":1,"name":"channel",)"
            R"("options":[{"type":1,"name":"deactivate"}]}})";
        const auto answer =
            victim.send({.method = "POST",
                         .path = "/interactions",
                         .headers = {{"X-Signature-Ed25519", signer.sign(time, body)},
                                     {"X-Signature-Timestamp", time}},
                         .body = body});
        EXPECT_EQ(answer.status, 200) << answer.body;
    }
    // A reply that some worker has left, for a channel's webhook.
    void leave_a_reply(const std::string& job, const std::string& channel) {
        redis.command({"XADD", "job-results", "*", "jobId", job, "requestId", job, "result",
                       R"({"success":true,"content":"hi","personality":{"name":"A","slug":"a"}})",
                       "completedAt", "2026-01-01T00:00:00.000Z", "channel", channel, "reference",
                       "1", "upTo", "0"});
    }

    RedisServer redis{
        {.config = {std::string("requirepass ") + redis_password}, .password = redis_password}};
    Signer signer;
};

TEST_P(Secrets, AreNowhereInTheLogNorInWhatABotSaysOfItself) {
    Victim victim(ServiceKind::bot, variables());
    PlayedDiscord& discord = *victim.discord();
    victim.await_discord();
    discord.open("500");

    // The gateway is away, so all of it goes wrong somewhere; and Discord breaks things off.
    discord.say("500", "hello");
    EXPECT_FALSE(discord.command("channel deactivate", "", "500").content.empty());
    (void)discord.type("channel activate", "personality", "a", "500");
    post_a_command(victim);
    leave_a_reply("llm-1", "500");
    EXPECT_TRUE(eventually([&] { return !discord.said("500").empty(); }));
    leave_a_reply("llm-2", "404");
    discord.control("POST", "/faults",
                    R"({"does":"status","status":401,"route":"POST /webhooks/:webhook/:token"})");
    leave_a_reply("llm-3", "500");
    discord.control("POST", "/gateway", R"({"does":"invalidSession"})");
    victim.await_discord();
    redis.restart();
    victim.await_discord();

    std::string all;
    for (const char* path : {"/health", "/metrics", "/audit"}) all += victim.get(path).body;
    victim.program().signal(SIGTERM);
    EXPECT_EQ(victim.program().wait(), 0);
    all += victim.program().out() + victim.program().err();
    EXPECT_THAT(all, HasSubstr("tutti_"));
    for (const std::string& secret :
         {discord.token(), std::string(Victim::secret), std::string(redis_password),
          std::string(interaction_token), std::string("Bot " + discord.token().substr(0, 8))}) {
        EXPECT_THAT(all, Not(HasSubstr(secret)));
    }
    // Of a webhook or an interaction: the token is part of the path.
    EXPECT_THAT(all, Not(testing::ContainsRegex("/(webhooks|interactions)/[0-9]+/")));
}

TEST_P(Secrets, OfABotThatIsNotLetInAreNotToldEither) {
    const TemporaryFolder folder;
    const PlayedDiscord discord;
    const std::string wrong = "d3adbeef-token-that-is-wrong";
    auto all = variables();
    all["DISCORD_TOKEN"] = wrong;
    all.merge(discord.variables());
    Program program(
        Victim::path_of(ServiceKind::bot), {},
        Victim::variables(ServiceKind::bot, folder.file(""), free_port(), std::move(all)));

    EXPECT_EQ(program.wait(), 78);
    EXPECT_THAT(program.out() + program.err(), Not(HasSubstr(wrong)));
}

INSTANTIATE_TEST_SUITE_P(, Secrets,
                         testing::Values(Verbosity{"trace", "text"}, Verbosity{"trace", "json"},
                                         Verbosity{"debug", "text"}, Verbosity{"info", "json"}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace tests
