// Bots that were given different places, as processes, and what the audit tells an operator.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/program.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SplitFleet : public ::testing::Test {
protected:
    struct Bot {
        std::string url;
        std::unique_ptr<Program> program;
    };

    // An empty URL of Redis: embedded, a process for itself.
    static Bot bot(const std::string& name, const std::string& redis) {
        const std::string port = std::to_string(free_port());
        Variables variables{{"INTERNAL_SERVICE_SECRET", "t3st-secret-of-the-fleet"},
                            {"BOT_CLIENT_PORT", port},
                            {"GATEWAY_URL", "http://127.0.0.1:9"},  // nobody is there
                            {"DISCORD_TOKEN", "t"},
                            {"DISCORD_API_URL", "http://127.0.0.1:9/api"},
                            {"INSTANCE_NAME", name}};
        if (!redis.empty()) variables.emplace("REDIS_URL", redis);
        Bot bot{.url = "http://127.0.0.1:" + port,
                .program = std::make_unique<Program>(BOT_CLIENT_PROGRAM, std::vector<std::string>{},
                                                     variables)};
        bot.program->await_err(bot.url, 20s);
        return bot;
    }
    static std::unique_ptr<Program> check(const std::vector<std::string>& urls) {
        std::vector<std::string> arguments{"audit", "--check"};
        arguments.insert(arguments.end(), urls.begin(), urls.end());
        return std::make_unique<Program>(TUTTI_PROGRAM, arguments, Variables{});
    }

    RedisServer redis_;
};

TEST_F(SplitFleet, BotsOnOneRedisPassTheCheck) {
    const Bot one = bot("bot-1", redis_.url());
    const Bot two = bot("bot-2", redis_.unix_url());

    const auto audit = check({one.url, two.url});

    EXPECT_EQ(audit->wait(), 0) << audit->err();
    EXPECT_THAT(audit->out(), HasSubstr("on 2 nodes: bot-1, bot-2"));
}

TEST_F(SplitFleet, ABotInAnotherDatabaseOrWithoutRedisFailsIt) {
    const Bot one = bot("bot-1", redis_.url());
    const Bot two = bot("bot-2", redis_.url());
    const Bot other_database = bot("bot-3", redis_.url() + "/1");
    const Bot alone = bot("bot-4", "");
    for (const Bot* const odd : {&other_database, &alone}) {
        const auto audit = check({one.url, two.url, odd->url});

        EXPECT_EQ(audit->wait(), 1) << audit->err();
        EXPECT_THAT(audit->err(),
                    AllOf(HasSubstr("CRITICAL: channel-activation of bot-client on bot-1, bot-2, "
                                    "which uses redis "),
                          HasSubstr("split-fleet"), HasSubstr("the same database number")));
        // What each process keeps for itself may be anywhere.
        EXPECT_THAT(audit->err(), Not(HasSubstr("CRITICAL: notification")));
    }
}

}  // namespace
}  // namespace tests
