// api-gateway and bot-client as processes: what an operator does to them, well or badly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bot-client/driver_wire.hpp"
#include "common/caches/catalogue.hpp"
#include "common/http/client.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "tutti/inventory.hpp"
#include "tutti/json.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::services;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* secret = "t3st-secret-of-the-fleet";

class Processes : public testing::Test {
protected:
    static std::string url(std::uint16_t port) {
        return "http://127.0.0.1:" + std::to_string(port);
    }

    Variables variables(Variables added = {}) const {
        added.insert({{"INTERNAL_SERVICE_SECRET", secret},
                      {"API_GATEWAY_PORT", std::to_string(gateway_port)},
                      {"BOT_CLIENT_PORT", std::to_string(bot_port)},
                      {"GATEWAY_URL", url(gateway_port)},
                      {"DATABASE_URL", "sqlite:" + (redis.folder() / "tutti.db").string()},
                      {"OPENROUTER_BASE_URL", url(9)},  // nobody is there
                      {"REDIS_URL", redis.url()}});
        return added;
    }
    std::unique_ptr<Program> gateway() {
        return await_health(API_GATEWAY_PROGRAM, variables(), gateway_port);
    }
    std::unique_ptr<Program> bot(Variables added = {}) {
        return await_health(BOT_CLIENT_PROGRAM, variables(std::move(added)), bot_port);
    }
    std::unique_ptr<Program> await_health(const std::string& path, const Variables& environment,
                                          std::uint16_t port) {
        auto program = std::make_unique<Program>(path, std::vector<std::string>{}, environment);
        program->await_err("http://127.0.0.1:" + std::to_string(port), 20s);
        EXPECT_EQ(get(port, "/health").status, 200) << get(port, "/health").body;
        return program;
    }
    http::Response send(std::uint16_t port, const http::Request& request) {
        auto response = http.send(url(port), request, Boottime::now() + 20s);
        if (!response) return {.status = 0, .headers = {}, .body = response.error().message()};
        return *std::move(response);
    }
    http::Response get(std::uint16_t port, std::string path) {
        return send(port, {.path = std::move(path)});
    }
    http::Response post(std::string path, std::string body) {
        return send(bot_port, {.method = "POST",
                               .path = std::move(path),
                               .headers = {{"X-Service-Auth", secret}},
                               .body = std::move(body)});
    }
    bot::DriverMessageAnswer say_hello(const std::string& user) {
        return json::read<bot::DriverMessageAnswer>(
                   post("/driver/message",
                        R"({"channelId":"500","content":"hello","authorId":")" + user + "\"}")
                       .body)
            .value();
    }
    bot::DriverCommandAnswer command(const std::string& name, const std::string& user) {
        return json::read<bot::DriverCommandAnswer>(
                   post("/driver/command", R"({"command":")" + name +
                                               R"(","options":{"personality":"solo"},"userId":")" +
                                               user +
                                               R"(","channelId":"500","guildId":"900",)"
                                               R"("permissions":["MANAGE_MESSAGES"]})")
                       .body)
            .value();
    }

    RedisServer redis;
    std::uint16_t gateway_port = free_port();
    std::uint16_t bot_port = free_port();
    http::Client http{{.name = "test"}};
};

struct Refusal {
    Variables environment;
    std::string text;
};

TEST_F(Processes, BotClientRefusesToStartWithAReason) {
    const std::string taken = std::to_string(redis.port());
    RedisServer locked({.config = {"requirepass pa55word"}, .password = "pa55word"});
    const std::string wrong_password = "redis://:wr0ng@127.0.0.1:" + std::to_string(locked.port());
    const std::vector<Refusal> refusals{
        {{{"INTERNAL_SERVICE_SECRET", ""}}, "INTERNAL_SERVICE_SECRET"},
        {{{"BOT_CLIENT_PORT", taken}}, taken},
        {{{"BOT_CLIENT_PORT", "70000"}}, "BOT_CLIENT_PORT"},
        {{{"REDIS_URL", "mysql://somewhere"}}, "REDIS_URL"},
        {{{"REDIS_URL", "redis://127.0.0.1:" + std::to_string(free_port())}},
         "refused the connection"},
        {{{"REDIS_URL", wrong_password}}, "password"},
        {{{"INSTANCE_NAME", "bot client"}}, "INSTANCE_NAME"},
        {{{"TUTTI_DEMO_CHANNEL_ACTIVATION", "maybe"}}, "TUTTI_DEMO_CHANNEL_ACTIVATION"},
    };
    for (const Refusal& refusal : refusals) {
        Program program(BOT_CLIENT_PROGRAM, {}, variables(refusal.environment));

        EXPECT_EQ(program.wait(20s), 1) << refusal.text;
        EXPECT_THAT(program.err(), AllOf(HasSubstr(refusal.text), Not(HasSubstr("wr0ng")),
                                         Not(HasSubstr(secret))));
    }
}

TEST_F(Processes, OneStartShowsAllThatIsWrong) {
    Program program(BOT_CLIENT_PROGRAM, {},
                    variables({{"BOT_OWNER_ID", "x"},
                               {"HTTP_GATEWAY_INTERACTIVE_CONCURRENCY", "0"},
                               {"INSTANCE_NAME", "bot client"},
                               {"TUTTI_DEMO_CHANNEL_ACTIVATION", "maybe"}}));

    EXPECT_EQ(program.wait(20s), 1);
    EXPECT_THAT(program.err(),
                AllOf(HasSubstr("BOT_OWNER_ID"), HasSubstr("HTTP_GATEWAY_INTERACTIVE_CONCURRENCY"),
                      HasSubstr("INSTANCE_NAME"), HasSubstr("TUTTI_DEMO_CHANNEL_ACTIVATION")));
}

TEST_F(Processes, BotClientRefusesARedisThatIsSomethingElse) {
    const auto web_server = gateway();

    Program program(
        BOT_CLIENT_PROGRAM, {},
        variables({{"REDIS_URL", "redis://127.0.0.1:" + std::to_string(gateway_port)}}));

    EXPECT_EQ(program.wait(20s), 1);
    EXPECT_THAT(program.err(), HasSubstr("redis"));
}

TEST_F(Processes, GatewayRefusesToStartWithoutASecret) {
    Program program(API_GATEWAY_PROGRAM, {}, variables({{"INTERNAL_SERVICE_SECRET", ""}}));

    EXPECT_EQ(program.wait(20s), 1);
    EXPECT_THAT(program.err(), HasSubstr("INTERNAL_SERVICE_SECRET"));
}

TEST_F(Processes, AbsentGatewayIsOnlyAWarningAndMessagesPassOn) {
    const auto alone = bot();
    EXPECT_THAT(alone->err(), HasSubstr("gateway"));

    EXPECT_FALSE(say_hello("200").handled);
    EXPECT_THAT(command("channel activate", "200").replies.at(0).content,
                HasSubstr("unexpected error"));
}

TEST_F(Processes, SignalsEndThemCleanlyAndSoon) {
    for (const int signal : {SIGINT, SIGTERM}) {
        const auto api = gateway();
        const auto client = bot();
        (void)say_hello("200");

        client->signal(signal);
        api->signal(signal);

        EXPECT_EQ(client->wait(10s), 0) << client->err();
        EXPECT_EQ(api->wait(10s), 0) << api->err();
    }
}

TEST_F(Processes, EveryProcessIsWatchedTheSameWay) {
    const auto api = gateway();
    const auto client = bot({{"INSTANCE_NAME", "bot-client-7"}});
    (void)say_hello("200");
    (void)say_hello("200");

    const auto metrics = get(bot_port, "/metrics");
    EXPECT_THAT(
        metrics.body,
        AllOf(HasSubstr("tutti_cache_hits_total{"), HasSubstr("tutti_cache_misses_total{"),
              HasSubstr("tutti_cache_loads_total{"), HasSubstr("cache=\"channel-activation\"")));
    EXPECT_THAT(metrics.body,
                AllOf(HasSubstr("tutti_http_requests_total{upstream=\"gateway-interactive\"} 1\n"),
                      HasSubstr("tutti_http_requests_total{upstream=\"gateway-background\"} "),
                      HasSubstr("tutti_http_requests_total{upstream=\"model\"} 0\n")));
    const auto inventory = parse_inventory(get(bot_port, "/audit").body);
    ASSERT_TRUE(inventory.has_value());
    EXPECT_EQ(inventory->at(0).node, "bot-client-7");
    EXPECT_EQ(inventory->at(0).counters.hits, 1U);
    EXPECT_EQ(get(gateway_port, "/metrics").status, 200);
    EXPECT_THAT(client->err(), HasSubstr("[bot-client-7] listening on"));
    const auto of_gateway = parse_inventory(get(gateway_port, "/audit").body);
    ASSERT_TRUE(of_gateway.has_value());
    EXPECT_EQ(of_gateway->at(0).declaration.name, "personality");
}

std::map<std::string, Declaration> declarations(const Inventory& inventory,
                                                std::string_view service) {
    std::map<std::string, Declaration> found;
    for (const InventoryRow& row : inventory) {
        if (row.service == service) found.emplace(row.declaration.name, row.declaration);
    }
    return found;
}

// The catalogue is what the audit prints of a fleet that nobody runs.
TEST_F(Processes, DeclareWhatTheCatalogueSaysAndNothingElse) {
    const auto api = gateway();
    const auto client = bot();
    const Inventory catalogue = caches::catalogue_inventory();

    for (const auto& [port, service] :
         {std::pair{gateway_port, "api-gateway"}, std::pair{bot_port, "bot-client"}}) {
        const auto inventory = parse_inventory(get(port, "/audit").body);
        ASSERT_TRUE(inventory.has_value());
        const auto runs = declarations(*inventory, service);
        const auto written = declarations(catalogue, service);

        const auto names = [](const auto& declared) {
            const auto keys = std::views::keys(declared);
            return std::vector<std::string>(keys.begin(), keys.end());
        };
        ASSERT_EQ(names(runs), names(written));
        for (const auto& [name, declaration] : runs) {
            EXPECT_EQ(declaration, written.at(name)) << service << ": " << name;
        }
    }
}

TEST_F(Processes, PrivatePersonalityAnswersItsOwnerAndTellsOthersOnce) {
    const std::string owner = "100000000000000001";
    const auto api = gateway();
    const auto client = bot();
    EXPECT_THAT(command("channel activate", "200").replies.at(0).content,
                HasSubstr("do not have access"));

    EXPECT_THAT(command("channel activate", owner).replies.at(0).content,
                HasSubstr("Activated **Solo**"));

    EXPECT_THAT(say_hello(owner).replies.at(0).content, HasSubstr("Solo"));
    const auto first = say_hello("200");
    EXPECT_FALSE(first.handled);
    EXPECT_THAT(first.replies.at(0).content, HasSubstr("private personality"));
    EXPECT_TRUE(say_hello("200").replies.empty());
    EXPECT_THAT(command("channel deactivate", "200").replies.at(0).content,
                HasSubstr("Deactivated **Solo**"));
    EXPECT_FALSE(say_hello(owner).handled);
}

TEST_F(Processes, AuditChecksWhatRuns) {
    const auto api = gateway();
    const std::vector<std::string> check{"audit", url(gateway_port), url(bot_port), "--check"};
    {
        const auto client = bot();
        Program audit(TUTTI_PROGRAM, check, {});
        EXPECT_EQ(audit.wait(), 0) << audit.out() << audit.err();
        EXPECT_THAT(audit.out(), HasSubstr("channel-activation"));
    }
    {
        const auto client = bot({{"TUTTI_DEMO_CHANNEL_ACTIVATION", "local"}});
        Program audit(TUTTI_PROGRAM, check, {});
        EXPECT_EQ(audit.wait(), 1) << audit.out() << audit.err();
        EXPECT_THAT(audit.out() + audit.err(), HasSubstr("stale-is-wrong-without-bus"));
    }
    Program audit(TUTTI_PROGRAM, check, {});
    EXPECT_EQ(audit.wait(), 2) << "the bot-client does not answer any more";
}

TEST_F(Processes, HostileRequestsAreRefusedAndHarmNobody) {
    const auto client = bot();

    for (const char* body : {"{", "[1,2]", "{\"command\":{}}", "\xff\xfe"}) {
        EXPECT_EQ(post("/driver/command", body).status, 400) << body;
        EXPECT_EQ(post("/driver/message", body).status, 400) << body;
    }
    EXPECT_EQ(send(bot_port, {.method = "POST", .path = "/driver/command", .body = "{}"}).status,
              403);
    EXPECT_EQ(get(bot_port, "/nowhere").status, 404);
    // The answer may be lost when the connection is cut while the rest of the body is on its way.
    const int huge = post("/driver/message", std::string(100'000'000, '[')).status;
    EXPECT_TRUE(huge == 413 || huge == 0) << huge;
    EXPECT_EQ(get(bot_port, "/health").status, 200);
}

TEST_F(Processes, RedisThatIsAwayMakesTheBotUnreadyAndItRecovers) {
    const auto api = gateway();
    const auto client = bot();
    const auto await_status = [&](int status) {
        const auto end = std::chrono::steady_clock::now() + 20s;
        auto health = get(bot_port, "/health");
        while (health.status != status && std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(20ms);
            health = get(bot_port, "/health");
        }
        EXPECT_EQ(health.status, status);
        return health.body;
    };

    redis.kill();
    EXPECT_THAT(await_status(503), HasSubstr("cache:channel-activation-invalidation"));
    const auto answer = command("channel activate", "100000000000000001");
    EXPECT_THAT(answer.replies.at(0).content, HasSubstr("Activated **Solo**"));
    EXPECT_EQ(answer.invalidation, "unconfirmed");
    EXPECT_TRUE(say_hello("100000000000000001").handled) << "the gateway is asked instead";

    redis.start();
    (void)await_status(200);
}

}  // namespace
}  // namespace tests
