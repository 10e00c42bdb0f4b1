// provider-stand-in as a process: what a script that starts it relies on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <sstream>

#include "common/domain/model_catalogue.hpp"
#include "common/http/client.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "support/temporary_folder.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::services;
using ::testing::HasSubstr;

struct StandIn : ::testing::Test {
    http::Response get(const std::string& path) {
        auto response = http.send("http://127.0.0.1:" + std::to_string(port), {.path = path},
                                  Boottime::now() + 20s);
        if (!response) return {.status = 0, .headers = {}, .body = response.error().message()};
        return *std::move(response);
    }
    std::unique_ptr<Program> start(std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--port", std::to_string(port)});
        auto program = std::make_unique<Program>(PROVIDER_STAND_IN_PROGRAM, arguments, Variables{});
        program->await_err("listening on http://127.0.0.1:" + std::to_string(port), 20s);
        return program;
    }

    std::uint16_t port = free_port();
    http::Client http;
};

TEST_F(StandIn, AnswersCountsAndStopsAtATerm) {
    const auto program = start({"--models", "10"});

    const auto models = domain::read_catalogue_answer(get("/api/v1/models").body);
    ASSERT_TRUE(models) << models.error().message();
    EXPECT_EQ(models->size(), 10U);
    EXPECT_THAT(get("/calls").body, ::testing::StartsWith(R"({"models":1,)"));
    program->signal(SIGTERM);

    EXPECT_EQ(program->wait(), 0);
}

TEST_F(StandIn, StopsWhileAnAnswerIsDelayed) {
    const auto program = start({"--delay-ms", "600000"});
    const auto late = http.send("http://127.0.0.1:" + std::to_string(port),
                                {.path = "/api/v1/models"}, Boottime::now() + 100ms);
    EXPECT_FALSE(late);

    program->signal(SIGTERM);

    EXPECT_EQ(program->wait(), 0);
}

TEST_F(StandIn, FailsAndIsEmptyAsTold) {
    {
        const auto program = start({"--status", "503"});
        EXPECT_EQ(get("/api/v1/models").status, 503);
    }
    const auto program = start({"--empty"});
    EXPECT_EQ(get("/api/v1/models").body, R"({"data":[]})");
}

TEST_F(StandIn, JournalHasEachCallOfAModelAlsoBehindAKill) {
    const TemporaryFolder folder;
    const std::string journal = folder.file("journal");
    const auto ask = [&](const std::string& text) {
        return http.send("http://127.0.0.1:" + std::to_string(port),
                         {.method = "POST",
                          .path = "/api/v1/chat/completions",
                          .body = R"({"messages":[{"role":"user","content":")" + text + R"("}]})"},
                         Boottime::now() + 20s);
    };
    {
        const auto program = start({"--journal", journal});
        EXPECT_TRUE(ask("one"));
        program->signal(SIGKILL);
        program->wait();
    }
    const auto program = start({"--journal", journal, "--chat", "rate_limit"});
    EXPECT_TRUE(ask("two"));

    std::stringstream written;
    written << std::ifstream(journal).rdbuf();
    EXPECT_EQ(written.str(), R"({"kind":"chat","about":"one","answer":"well"})"
                             "\n"
                             R"({"kind":"chat","about":"two","answer":"rate_limit"})"
                             "\n");
}

TEST_F(StandIn, OptionsOutOfRangeAreNamed) {
    Program program(PROVIDER_STAND_IN_PROGRAM, {"--status", "99", "--delay-ms", "-1"}, Variables{});

    EXPECT_EQ(program.wait(), 1);
    EXPECT_THAT(program.err(), HasSubstr("delay must be"));
    EXPECT_THAT(program.err(), HasSubstr("status must be"));
}

}  // namespace
}  // namespace tests
