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

#include "bot-client/driver_wire.hpp"
#include "common/http/client.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "tutti/json.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::services;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* secret = "t3st-secret-of-the-fleet";
constexpr const char* user = "200";
constexpr const char* owner_of_solo = "100000000000000001";
constexpr const char* bot_owner = "999";
constexpr const char* solo_id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f02";

class BotCaches : public testing::Test {
protected:
    void SetUp() override {
        gateway = start(API_GATEWAY_PROGRAM, gateway_port, {});
        for (std::size_t i = 0; i < bots.size(); ++i) {
            bots.at(i) = start(BOT_CLIENT_PROGRAM, ports.at(i), {});
        }
    }
    static std::string url(std::uint16_t port) {
        return "http://127.0.0.1:" + std::to_string(port);
    }
    std::unique_ptr<Program> start(const std::string& path, std::uint16_t port, Variables added) {
        added.insert({{"INTERNAL_SERVICE_SECRET", secret},
                      {"API_GATEWAY_PORT", std::to_string(gateway_port)},
                      {"BOT_CLIENT_PORT", std::to_string(port)},
                      {"BOT_OWNER_ID", bot_owner},
                      {"GATEWAY_URL", url(gateway_port)},
                      {"DATABASE_URL", "sqlite:" + (redis.folder() / "tutti.db").string()},
                      {"REDIS_URL", redis.url()}});
        auto program = std::make_unique<Program>(path, std::vector<std::string>{}, added);
        program->await_err(url(port), 20s);
        return program;
    }

    http::Response send(std::uint16_t port, std::string method, std::string path,
                        std::string body = "") {
        auto response = http.send(url(port),
                                  {.method = std::move(method),
                                   .path = std::move(path),
                                   .headers = {{"X-Service-Auth", secret}, {"X-User-Id", user}},
                                   .body = std::move(body)},
                                  Boottime::now() + 20s);
        if (!response) return {.status = 0, .headers = {}, .body = response.error().message()};
        return *std::move(response);
    }
    bot::DriverChoices type(std::size_t bot, const std::string& option,
                            const std::string& who = user,
                            const std::string& command = "channel activate") {
        return json::read<bot::DriverChoices>(send(ports.at(bot), "POST", "/driver/autocomplete",
                                                   R"({"command":")" + command + R"(","option":")" +
                                                       option + R"(","value":"","userId":")" + who +
                                                       "\"}")
                                                  .body)
            .value();
    }
    bot::DriverMessageAnswer say(std::size_t bot, const std::string& who) {
        return json::read<bot::DriverMessageAnswer>(
                   send(ports.at(bot), "POST", "/driver/message",
                        R"({"channelId":"500","content":"hello","authorId":")" + who + "\"}")
                       .body)
            .value();
    }
    // How often a bot has asked the gateway over that pool.
    int asked(std::size_t bot, const std::string& pool) {
        const std::string text = send(ports.at(bot), "GET", "/metrics").body;
        const std::string name = "tutti_http_requests_total{upstream=\"gateway-" + pool + "\"} ";
        const auto at = text.find(name);
        int count = -1;
        if (at == std::string::npos) return count;
        std::from_chars(text.data() + at + name.size(), text.data() + text.size(), count);
        return count;
    }
    template <class Condition>
    static bool eventually(const Condition& holds) {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!holds()) {
            if (std::chrono::steady_clock::now() > end) return false;
            std::this_thread::sleep_for(20ms);
        }
        return true;
    }

    RedisServer redis;
    std::uint16_t gateway_port = free_port();
    std::array<std::uint16_t, 2> ports{free_port(), free_port()};
    std::unique_ptr<Program> gateway;
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
    EXPECT_EQ(type(0, "personality").tier, "memory");
    EXPECT_EQ(asked(1, "interactive"), 0);
}

TEST_F(BotCaches, NewPersonaIsInTheListsOfAllInstances) {
    EXPECT_THAT(type(0, "persona").choices, IsEmpty());
    EXPECT_THAT(type(1, "persona").choices, IsEmpty());

    EXPECT_EQ(
        send(gateway_port, "POST", "/user/persona", R"({"name":"Captain","content":"c"})").status,
        201);

    for (const std::size_t bot : {0U, 1U}) {
        EXPECT_TRUE(eventually([&] { return type(bot, "persona").choices.size() == 1; })) << bot;
    }
}

TEST_F(BotCaches, NewPersonalityIsInTheListsOfAllUsersOfAllInstances) {
    const auto has_echo = [&](std::size_t bot, const char* who) {
        const auto choices = type(bot, "personality", who).choices;
        return std::ranges::any_of(choices, [](const auto& c) { return c.value == "echo"; });
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

    EXPECT_EQ(type(0, "personality").freshness, "fresh") << "its 60 s have not passed";
    const auto unknown = type(0, "personality", owner_of_solo);
    ASSERT_THAT(unknown.choices, SizeIs(1));
    EXPECT_EQ(unknown.choices.front().value, "__autocomplete_error__");
    const auto chosen = send(ports[0], "POST", "/driver/command",
                             R"({"command":"channel activate","options":{"personality":)"
                             R"("__autocomplete_error__"},"userId":"200","channelId":"500",)"
                             R"("guildId":"900","permissions":["MANAGE_MESSAGES"]})");
    EXPECT_THAT(chosen.body, HasSubstr("could not be loaded"));
}

TEST_F(BotCaches, OwnerChoosesGlobalConfigurations) {
    EXPECT_THAT(type(0, "config", user, "preset global set-default").choices, IsEmpty());
    const auto chosen = type(0, "config", bot_owner, "preset global set-default");

    EXPECT_EQ(chosen.freshness, "fresh");
    EXPECT_THAT(chosen.choices,
                testing::Each(Field(&bot::DriverChoice::value, Not("__autocomplete_error__"))));
    EXPECT_EQ(type(0, "config", bot_owner, "preset global set-free-default").tier, "memory");
    EXPECT_EQ(asked(0, "interactive"), 1);
}

TEST_F(BotCaches, PersonalityIsLoadedOnceForAllUsersAndAgainWhenAForeignProgramSaysSo) {
    const auto activate = [&] {
        return send(
            ports[0], "POST", "/driver/command",
            R"({"command":"channel activate","options":{"personality":"solo"},"userId":")" +
                std::string(owner_of_solo) +
                R"(","channelId":"500","guildId":"900","permissions":["MANAGE_MESSAGES"]})");
    };
    EXPECT_THAT(activate().body, HasSubstr("Activated **Solo**"));
    const int before = asked(0, "background");

    EXPECT_TRUE(say(0, owner_of_solo).handled);
    EXPECT_TRUE(say(0, owner_of_solo).handled);
    EXPECT_FALSE(say(0, user).handled) << "private, and access is checked after the hit";
    EXPECT_TRUE(say(0, bot_owner).handled);
    EXPECT_EQ(asked(0, "background"), before + 2) << "the slug and the personality";

    redis.command({"PUBLISH", "cache:invalidation",
                   R"({"type":"personality","personalityId":")" + std::string(solo_id) + "\"}"});

    EXPECT_TRUE(eventually([&] {
        (void)say(0, owner_of_solo);
        return asked(0, "background") == before + 4;
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
