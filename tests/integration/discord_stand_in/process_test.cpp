// discord-stand-in as a process: what a script that starts it relies on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/http/client.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::services;
using ::testing::HasSubstr;

class DiscordProcess : public ::testing::Test {
protected:
    std::unique_ptr<Program> start(std::vector<std::string> arguments) {
        const std::string own = std::to_string(port);
        arguments.insert(arguments.end(), {"--port", own, "--gateway-port", "0"});
        auto program = std::make_unique<Program>(DISCORD_STAND_IN_PROGRAM, arguments,
                                                 Variables{{"DISCORD_TOKEN", "the-token"}});
        program->await_err("listening on http://127.0.0.1:" + own + "/api/v10", 20s);
        return program;
    }
    http::Response get(const std::string& path) {
        auto response = client.send("http://127.0.0.1:" + std::to_string(port),
                                    {.path = path, .headers = {{"Authorization", "Bot the-token"}}},
                                    Boottime::now() + 20s);
        if (!response) return {.status = 0, .headers = {}, .body = response.error().message()};
        return *std::move(response);
    }

    std::uint16_t port = free_port();
    http::Client client;
};

TEST_F(DiscordProcess, PlaysWhatItsOptionsSayAndStopsAtATerm) {
    const auto program = start({"--guilds", "3", "--shards", "2"});

    EXPECT_THAT(get("/control/world").body, HasSubstr("server 3"));
    EXPECT_THAT(get("/api/v10/gateway/bot").body, HasSubstr("40333"))
        << "it wants the user agent of a bot";
    program->signal(SIGTERM);

    EXPECT_EQ(program->wait(), 0);
}

TEST_F(DiscordProcess, StopsWhileACallWaits) {
    const auto program = start({});
    EXPECT_EQ(client
                  .send("http://127.0.0.1:" + std::to_string(port),
                        {.path = "/control/messages", .query = "atLeast=1&waitMs=600000"},
                        Boottime::now() + 100ms)
                  .error()
                  .code,
              Errc::timeout);

    program->signal(SIGTERM);

    EXPECT_EQ(program->wait(), 0);
}

TEST_F(DiscordProcess, SaysEveryOptionThatIsWrong) {
    Program program(DISCORD_STAND_IN_PROGRAM,
                    {"--shards", "0", "--heartbeat-ms", "1", "--guilds", "20000"}, Variables{});

    program.await_err("heartbeat_interval must be at least 100 ms", 20s);

    EXPECT_EQ(program.wait(), 1);
}

}  // namespace
}  // namespace tests
