// The caches of two bot-clients as processes, over one real Redis and one gateway: what each asks
// the gateway for, and what it hears from others, also from programs that know nothing of Tutti.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <thread>

#include "common/http/client.hpp"
#include "fleet/counting_front.hpp"
#include "support/eventually.hpp"
#include "support/played_discord.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::services;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* caches_secret = "t3st-secret-of-the-caches";
constexpr const char* user = "200";
constexpr const char* owner_of_solo = "100000000000000001";
constexpr const char* bot_owner = "999";
constexpr const char* solo_id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f02";

class BotCaches : public ::testing::Test {
protected:
    void SetUp() override {
        gateway = start(API_GATEWAY_PROGRAM, gateway_port, {});
        for (std::size_t i = 0; i < bots.size(); ++i) {
            for (const char* id : {user, owner_of_solo, bot_owner}) discords.at(i).add_user(id);
            discords.at(i).open("500");
            bots.at(i) = start(BOT_CLIENT_PROGRAM, ports.at(i), discords.at(i).variables());
        }
        for (const std::uint16_t port : ports) {
            ASSERT_TRUE(eventually([&] { return send(port, "GET", "/health").status == 200; }));
        }
    }
    static std::string url(std::uint16_t port) {
        return "http://127.0.0.1:" + std::to_string(port);
    }
    std::unique_ptr<Program> start(const std::string& path, std::uint16_t port, Variables added) {
        added.insert({{"INTERNAL_SERVICE_SECRET", caches_secret},
                      {"API_GATEWAY_PORT", std::to_string(gateway_port)},
                      {"BOT_CLIENT_PORT", std::to_string(port)},
                      {"BOT_OWNER_ID", bot_owner},
                      {"GATEWAY_URL", front.url()},
                      {"DATABASE_URL", "sqlite:" + (redis.folder() / "tutti.db").string()},
                      {"REDIS_URL", redis.url()}});
        auto program = std::make_unique<Program>(path, std::vector<std::string>{}, added);
        program->await_err(url(port), 20s);
        return program;
    }

    http::Response send(std::uint16_t port, std::string method, std::string path,
                        std::string body = "") {
        auto response =
            http.send(url(port),
                      {.method = std::move(method),
                       .path = std::move(path),
                       .headers = {{"X-Service-Auth", caches_secret}, {"X-User-Id", user}},
                       .body = std::move(body)},
                      Boottime::now() + 20s);
        if (!response) return {.status = 0, .headers = {}, .body = response.error().message()};
        return *std::move(response);
    }
    // The values of the choices.
    std::vector<std::string> type(std::size_t bot, const std::string& option,
                                  const std::string& who = user,
                                  const std::string& command = "channel activate") {
        return discords.at(bot).type(command, option, "", "500", who).choices;
    }
    // Whether a personality is to answer.
    bool is_handled(std::size_t bot, const std::string& who) {
        const auto heard = [&] {
            const std::string text = send(ports.at(bot), "GET", "/metrics").body;
            return number_behind(text, R"(tutti_discord_events_handled_total{event="message"} )");
        };
        const int before = heard();
        const std::size_t asked = front.count("POST /ai/generate");
        discords.at(bot).say("500", "hello", who);
        EXPECT_TRUE(eventually([&] { return heard() > before; }));
        return front.count("POST /ai/generate") > asked;
    }
    static int number_behind(const std::string& text, const std::string& name) {
        const auto at = text.find(name);
        int count = -1;
        if (at == std::string::npos) return count;
        std::from_chars(text.data() + at + name.size(), text.data() + text.size(), count);
        return count;
    }
    // How often a bot has asked the gateway over that pool.
    int asked(std::size_t bot, const std::string& pool) {
        const std::string text = send(ports.at(bot), "GET", "/metrics").body;
        return number_behind(text, "tutti_http_requests_total{upstream=\"gateway-" + pool + "\"} ");
    }

    RedisServer redis;
    std::uint16_t gateway_port = free_port();
    CountingFront front{url(gateway_port)};
    std::array<std::uint16_t, 2> ports{free_port(), free_port()};
    std::unique_ptr<Program> gateway;
    std::array<PlayedDiscord, 2> discords;
    std::array<std::unique_ptr<Program>, 2> bots;
    http::Client http{{.name = "test"}};
};

TEST_F(BotCaches, KeystrokesAskTheGatewayOnceForEachUserAndList) {
    for (int keystroke = 0; keystroke < 5; ++keystroke) {
        (void)type(0, "personality");
        (void)type(0, "persona");
    }
    EXPECT_EQ(asked(0, "interactive"), 2);

    (void)type(0, "personality", owner_of_solo);

    EXPECT_EQ(asked(0, "interactive"), 3);
    EXPECT_THAT(type(0, "personality"), Not(IsEmpty()));
    EXPECT_EQ(asked(0, "interactive"), 3) << "from memory";
    EXPECT_EQ(asked(1, "interactive"), 0);
}

TEST_F(BotCaches, NewPersonaIsInTheListsOfAllInstances) {
    EXPECT_THAT(type(0, "persona"), IsEmpty());
    EXPECT_THAT(type(1, "persona"), IsEmpty());

    EXPECT_EQ(
        send(gateway_port, "POST", "/user/persona", R"({"name":"Captain","content":"c"})").status,
        201);

    for (const std::size_t bot : {0U, 1U}) {
        EXPECT_TRUE(eventually([&] { return type(bot, "persona").size() == 1; })) << bot;
    }
}

TEST_F(BotCaches, NewPersonalityIsInTheListsOfAllUsersOfAllInstances) {
    const auto has_echo = [&](std::size_t bot, const char* who) {
        return std::ranges::count(type(bot, "personality", who), "echo") > 0;
    };
    for (const std::size_t bot : {0U, 1U}) {
        EXPECT_FALSE(has_echo(bot, user));
        EXPECT_FALSE(has_echo(bot, owner_of_solo));
    }

    EXPECT_EQ(
        send(gateway_port, "POST", "/user/personality", R"({"name":"Echo","slug":"echo"})").status,
        201);

    for (const std::size_t bot : {0U, 1U}) {
        for (const char* who : {user, owner_of_solo}) {
            EXPECT_TRUE(eventually([&] { return has_echo(bot, who); })) << bot << ' ' << who;
        }
    }
}

TEST_F(BotCaches, WithoutTheGatewayThereIsTheListInMemoryOrAChoiceThatSaysSo) {
    (void)type(0, "personality");

    gateway->signal(SIGKILL);
    (void)gateway->wait(10s);

    EXPECT_THAT(type(0, "personality"), Contains("maestro")) << "its 60 s have not passed";
    EXPECT_THAT(type(0, "personality", owner_of_solo), ElementsAre("__autocomplete_error__"));
    const auto chosen = discords[0].command(
        "channel activate", R"({"name":"personality","type":3,"value":"__autocomplete_error__"})",
        "500", user);
    EXPECT_THAT(chosen.content, HasSubstr("could not be loaded"));
}

TEST_F(BotCaches, PersonalityIsLoadedOnceForAllUsersAndAgainWhenAForeignProgramSaysSo) {
    const auto activated =
        discords[0].command("channel activate", R"({"name":"personality","type":3,"value":"solo"})",
                            "500", owner_of_solo);
    EXPECT_THAT(activated.content, HasSubstr("Activated **Solo**"));
    const int before = asked(0, "background");

    EXPECT_TRUE(is_handled(0, owner_of_solo));
    EXPECT_TRUE(is_handled(0, owner_of_solo));
    EXPECT_FALSE(is_handled(0, user)) << "private, and access is checked after the hit";
    EXPECT_TRUE(is_handled(0, bot_owner));
    int handed_on = 3;  // messages, each one request
    EXPECT_EQ(asked(0, "background"), before + 2 + handed_on) << "the slug and the personality";

    redis.command({"PUBLISH", "cache:invalidation",
                   R"({"type":"personality","personalityId":")" + std::string(solo_id) + "\"}"});

    EXPECT_TRUE(eventually([&] {
        if (is_handled(0, owner_of_solo)) ++handed_on;
        return asked(0, "background") == before + 4 + handed_on;
    }));
}

TEST_F(BotCaches, EachProcessHasOneSubscriptionConnection) {
    const std::string clients = redis.command({"CLIENT", "LIST", "TYPE", "pubsub"});

    EXPECT_EQ(std::ranges::count(clients, '\n'), 3) << "two bots and the gateway\n" << clients;
    for (const char* channel :
         {"cache:persona-invalidation", "cache:channel-activation-invalidation"}) {
        EXPECT_EQ(redis.command({"PUBSUB", "NUMSUB", channel}), std::string(channel) + "\n2")
            << "each bot hears other programs";
    }
}

}  // namespace
}  // namespace tests
