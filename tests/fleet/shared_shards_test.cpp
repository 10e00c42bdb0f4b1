// Bots as processes that share the shards of one bot over a Redis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "common/http/client.hpp"
#include "support/eventually.hpp"
#include "support/played_discord.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "tutti/clock.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using tutti::Boottime;

class SharedShards : public ::testing::Test {
protected:
    SharedShards() { discord.open("500"); }

    void start(std::size_t bot) {
        Variables variables = {{"INTERNAL_SERVICE_SECRET", "t3st-secret-of-the-fleet"},
                               {"INSTANCE_NAME", "bot-" + std::to_string(bot)},
                               {"BOT_CLIENT_PORT", std::to_string(ports[bot])},
                               {"GATEWAY_URL", "http://127.0.0.1:9"},
                               {"REDIS_URL", redis.url()},
                               {"SHARD_ID", ""},
                               {"SHARD_COUNT", "2"},
                               {"SHARD_LEASE_SECONDS", "3"}};
        variables.merge(discord.variables());
        bots[bot] =
            std::make_unique<Program>(BOT_CLIENT_PROGRAM, std::vector<std::string>{}, variables);
    }
    std::string get(std::size_t bot, const std::string& path) {
        const auto answer = http.send("http://127.0.0.1:" + std::to_string(ports[bot]),
                                      {.path = path}, Boottime::now() + 5s);
        return answer ? answer->body : answer.error().message();
    }
    std::size_t sample(std::size_t bot, const std::string& name) {
        const std::string body = get(bot, "/metrics");
        const std::size_t found = body.find('\n' + name + ' ');
        return found == std::string::npos ? 0 : std::stoul(body.substr(found + name.size() + 2));
    }
    std::size_t heard(std::size_t bot) {
        return sample(bot, R"(tutti_discord_events_handled_total{event="message"})");
    }
    bool runs(std::size_t bot, std::size_t shards) {
        return sample(bot, "tutti_shards_running") == shards &&
               sample(bot, "tutti_discord_shards_live") == shards;
    }
    // Those that another bot could resume.
    std::size_t sessions() {
        const std::string records = redis.command({"HVALS", "bot-client:shards"});
        std::size_t found = 0;
        for (std::size_t at = 0; (at = records.find("url", at)) != std::string::npos; ++at) ++found;
        return found;
    }
    // For a failure.
    std::string state(std::size_t bot) {
        std::string text = get(bot, "/health") + '\n';
        std::istringstream lines(get(bot, "/metrics"));
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("tutti_shards_") || line.starts_with("tutti_discord_shards")) {
                text += line + '\n';
            }
        }
        return text + bots[bot]->err();
    }
    // The bot that has the shard of the channel.
    std::size_t hearer() {
        discord.say("500", "who is there?");
        EXPECT_TRUE(eventually([this] { return heard(0) + heard(1) == 1; }));
        return heard(0) == 1 ? 0 : 1;
    }

    RedisServer redis;
    PlayedDiscord discord;
    std::array<std::uint16_t, 2> ports{free_port(), free_port()};
    std::array<std::unique_ptr<Program>, 2> bots;
    tutti::services::http::Client http{{.name = "test"}};
};

TEST_F(SharedShards, OneThatIsKilledIsReplacedWithoutALostEvent) {
    start(0);
    start(1);
    ASSERT_TRUE(eventually([this] { return runs(0, 1) && runs(1, 1); })) << state(0) << state(1);
    EXPECT_THAT(get(0, "/health"), HasSubstr(R"("ready":true)"));
    const std::size_t dead = hearer();
    const std::size_t other = 1 - dead;
    const std::size_t identifies = sample(other, "tutti_discord_identifies_total");

    // With its next step a bot has written down where its session is.
    ASSERT_TRUE(eventually([this] { return sessions() == 2; }))
        << redis.command({"HVALS", "bot-client:shards"});
    bots[dead]->signal(SIGKILL);
    discord.say("500", "is anybody there?");

    EXPECT_TRUE(eventually([&] { return runs(other, 2); })) << state(other);
    EXPECT_TRUE(eventually([&] { return heard(other) >= 1; })) << "Discord has repeated it";
    EXPECT_EQ(sample(other, "tutti_shards_resumed_total"), 1U);
    EXPECT_EQ(sample(other, "tutti_discord_identifies_total"), identifies) << "it was resumed";
}

TEST_F(SharedShards, OneThatStopsHandsItsShardOver) {
    start(0);
    start(1);
    ASSERT_TRUE(eventually([this] { return runs(0, 1) && runs(1, 1); })) << state(0) << state(1);
    const std::size_t stopped = hearer();
    const std::size_t other = 1 - stopped;

    bots[stopped]->signal(SIGTERM);
    EXPECT_EQ(bots[stopped]->wait(20s), 0) << bots[stopped]->err();
    discord.say("500", "is anybody there?");

    EXPECT_TRUE(eventually([&] { return runs(other, 2); })) << state(other);
    EXPECT_TRUE(eventually([&] { return heard(other) == 1; }));
    EXPECT_EQ(sample(other, "tutti_shards_resumed_total"), 1U);
}

}  // namespace
}  // namespace tests
