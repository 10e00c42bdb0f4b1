// api-gateway and bot-client as processes: what an operator does to them, well or badly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/caches/catalogue.hpp"
#include "common/caches/service_caches.hpp"
#include "common/http/client.hpp"
#include "fleet/counting_front.hpp"
#include "support/eventually.hpp"
#include "support/played_discord.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "tutti/inventory.hpp"
#include "tutti/json.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::services;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* secret = "t3st-secret-of-the-fleet";

class Processes : public ::testing::Test {
protected:
    static std::string url(std::uint16_t port) {
        return "http://127.0.0.1:" + std::to_string(port);
    }

    Variables variables(Variables added = {}) const {
        added.insert({{"INTERNAL_SERVICE_SECRET", secret},
                      {"API_GATEWAY_PORT", std::to_string(gateway_port)},
                      {"BOT_CLIENT_PORT", std::to_string(bot_port)},
                      {"GATEWAY_URL", front.url()},
                      {"DATABASE_URL", "sqlite:" + (redis.folder() / "tutti.db").string()},
                      {"OPENROUTER_BASE_URL", url(9)},  // nobody is there
                      {"REDIS_URL", redis.url()}});
        added.merge(discord.variables());
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
        EXPECT_TRUE(eventually([&] { return get(port, "/health").status == 200; }))
            << get(port, "/health").body;
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
    // Whether a personality is to answer it.
    bool is_handled(const std::string& user) {
        const auto heard = [this] {
            const std::string text = get(bot_port, "/metrics").body;
            const std::string name = "\ntutti_discord_events_handled_total{event=\"message\"} ";
            const auto at = text.find(name);
            return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
        };
        const int before = heard();
        const std::size_t asked = front.count("POST /ai/generate");
        discord.say("500", "hello", user);
        EXPECT_TRUE(eventually([&] { return heard() > before; }));
        return front.count("POST /ai/generate") > asked;
    }
    AnsweredAtDiscord command(const std::string& name, const std::string& user) {
        const bool names_one = name == "channel activate";
        return discord.command(name,
                               names_one ? R"({"name":"personality","type":3,"value":"solo"})" : "",
                               "500", user);
    }

    Processes() {
        for (const char* id : {"200", "100000000000000001"}) discord.add_user(id);
        discord.open("500");
    }

    RedisServer redis;
    std::uint16_t gateway_port = free_port();
    CountingFront front{url(gateway_port)};
    std::uint16_t bot_port = free_port();
    PlayedDiscord discord;
    http::Client http{{.name = "test"}};
};

struct BotRefusal {
    Variables environment;
    std::string text;
    int code = 1;
};

TEST_F(Processes, BotClientRefusesToStartWithAReason) {
    const std::string taken = std::to_string(redis.port());
    RedisServer locked({.config = {"requirepass pa55word"}, .password = "pa55word"});
    const std::string wrong_password = "redis://:wr0ng@127.0.0.1:" + std::to_string(locked.port());
    const std::vector<BotRefusal> refusals{
        {{{"INTERNAL_SERVICE_SECRET", ""}}, "INTERNAL_SERVICE_SECRET"},
        {{{"BOT_CLIENT_PORT", taken}}, taken},
        {{{"DISCORD_TOKEN", ""}}, "DISCORD_TOKEN"},
        {{{"DISCORD_API_URL", "http://discord.example/api"}}, "DISCORD_API_URL"},
        {{{"SHARD_ID", "1"}, {"SHARD_COUNT", ""}}, "SHARD_COUNT"},
        {{{"SHARD_ID", "1"}, {"SHARD_COUNT", "1"}}, "SHARD_ID"},
        {{{"DISCORD_TOKEN", "wrong"}}, "the bot cannot go on", 78},
        {{{"DISCORD_TOKEN", "wrong"}, {"SHARD_ID", ""}, {"SHARD_COUNT", ""}},
         "the bot cannot go on",
         78},
        {{{"BOT_CLIENT_PORT", "70000"}}, "BOT_CLIENT_PORT"},
        {{{"REDIS_URL", "mysql://somewhere"}}, "REDIS_URL"},
        {{{"REDIS_URL", "redis://127.0.0.1:" + std::to_string(free_port())}},
         "refused the connection"},
        {{{"REDIS_URL", wrong_password}}, "password"},
        {{{"INSTANCE_NAME", "bot client"}}, "INSTANCE_NAME"},
        {{{"TUTTI_DEMO_CHANNEL_ACTIVATION", "maybe"}}, "TUTTI_DEMO_CHANNEL_ACTIVATION"},
    };
    for (const BotRefusal& refusal : refusals) {
        Program program(BOT_CLIENT_PROGRAM, {}, variables(refusal.environment));

        EXPECT_EQ(program.wait(20s), refusal.code) << refusal.text;
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
    const auto alone = bot({{"GATEWAY_URL", url(gateway_port)}});  // past the front, which is there
    EXPECT_THAT(alone->err(), HasSubstr("gateway"));

    EXPECT_FALSE(is_handled("200"));
    EXPECT_THAT(send(bot_port, {.path = "/metrics", .headers = {{"Accept", "text/plain"}}}).body,
                HasSubstr("\ntutti_messages_undecided_total 1\n"));
    EXPECT_THAT(command("channel activate", "200").content, HasSubstr("unexpected error"));
}

TEST_F(Processes, SignalsEndThemCleanlyAndSoon) {
    for (const int signal : {SIGINT, SIGTERM}) {
        const auto api = gateway();
        const auto client = bot();
        (void)is_handled("200");

        client->signal(signal);
        api->signal(signal);

        EXPECT_EQ(client->wait(10s), 0) << client->err();
        EXPECT_EQ(api->wait(10s), 0) << api->err();
    }
}

TEST_F(Processes, EveryProcessIsWatchedTheSameWay) {
    const auto api = gateway();
    const auto client = bot({{"INSTANCE_NAME", "bot-client-7"}});
    (void)is_handled("200");
    (void)is_handled("200");

    const auto metrics = get(bot_port, "/metrics");
    EXPECT_THAT(
        metrics.body,
        AllOf(HasSubstr("tutti_cache_hits_total{"), HasSubstr("tutti_cache_misses_total{"),
              HasSubstr("tutti_cache_loads_total{"), HasSubstr("cache=\"channel-activation\"")));
    EXPECT_THAT(metrics.body,
                AllOf(HasSubstr("tutti_http_requests_total{upstream=\"gateway-interactive\"} 1\n"),
                      HasSubstr("tutti_http_requests_total{upstream=\"gateway-background\"} "),
                      HasSubstr("\ntutti_replies_awaited 0\n"),
                      HasSubstr("\ntutti_deliveries_attempts_total 0\n"),
                      HasSubstr("\ntutti_deliveries_waiting 0\n")));
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
    EXPECT_THAT(command("channel activate", "200").content, HasSubstr("do not have access"));

    EXPECT_THAT(command("channel activate", owner).content, HasSubstr("Activated **Solo**"));

    EXPECT_TRUE(is_handled(owner));
    EXPECT_FALSE(is_handled("200"));
    EXPECT_FALSE(is_handled("200"));
    const auto notices = discord.said("500");
    EXPECT_EQ(
        std::ranges::count_if(
            notices, [](const auto& one) { return one.content.contains("private personality"); }),
        1);
    EXPECT_THAT(command("channel deactivate", "200").content, HasSubstr("Deactivated **Solo**"));
    EXPECT_FALSE(is_handled(owner));
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

    EXPECT_EQ(send(bot_port, {.method = "POST", .path = "/driver/command", .body = "{}"}).status,
              404);
    EXPECT_EQ(get(bot_port, "/nowhere").status, 404);
    // The answer may be lost when the connection is cut while the rest of the body is on its way.
    const int huge =
        send(bot_port, {.method = "POST", .path = "/health", .body = std::string(100'000'000, '[')})
            .status;
    EXPECT_TRUE(huge == 413 || huge == 405 || huge == 404 || huge == 0) << huge;
    EXPECT_EQ(get(bot_port, "/health").status, 200);
}

TEST_F(Processes, RedisThatIsAwayMakesTheBotUnreadyAndItRecovers) {
    const auto api = gateway();
    const auto client = bot();
    const auto await_status = [&](int status, const std::string& text) {
        const auto end = std::chrono::steady_clock::now() + 20s;
        auto health = get(bot_port, "/health");
        while ((health.status != status || !health.body.contains(text)) &&
               std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(20ms);
            health = get(bot_port, "/health");
        }
        EXPECT_EQ(health.status, status);
        EXPECT_THAT(health.body, HasSubstr(text));
    };

    redis.kill();
    await_status(503, "cache:channel-activation-invalidation");
    await_status(503, "the queue of replies does not answer");
    const auto answer = command("channel activate", "100000000000000001");
    EXPECT_THAT(answer.content, HasSubstr("Activated **Solo**"));
    // The gateway is asked instead, and cannot queue anything.
    discord.say("500", "hello", "100000000000000001");
    const auto apologised = [this] {
        return std::ranges::any_of(discord.said("500"), [](const auto& one) {
            return one.content.contains("something went wrong");
        });
    };
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!apologised() && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(20ms);
    }
    EXPECT_TRUE(apologised());

    redis.start();
    await_status(200, "\"ready\":true");
}

}  // namespace
}  // namespace tests
