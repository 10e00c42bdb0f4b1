// ai-worker as a process: what an operator relies on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "common/http/client.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::services;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct AiWorkerProcess : ::testing::Test {
    http::Response get(const std::string& path) {
        auto response = http.send("http://127.0.0.1:" + std::to_string(port), {.path = path},
                                  Boottime::now() + 20s);
        if (!response) return {.status = 0, .headers = {}, .body = response.error().message()};
        return *std::move(response);
    }
    Variables variables() const {
        return {{"INTERNAL_SERVICE_SECRET", "a-secret-for-tests"},
                {"AI_WORKER_PORT", std::to_string(port)},
                {"INSTANCE_NAME", "ai-worker-7"}};
    }

    std::uint16_t port = free_port();
    http::Client http;
};

TEST_F(AiWorkerProcess, SaysHowItIsAndWhatItCachesAndStopsAtATerm) {
    const RedisServer redis;
    auto environment = variables();
    environment["REDIS_URL"] = redis.url();
    Program worker(AI_WORKER_PROGRAM, {}, environment);
    worker.await_err("listening on http://127.0.0.1:" + std::to_string(port), 20s);

    EXPECT_EQ(get("/health").status, 200) << get("/health").body;
    EXPECT_THAT(get("/metrics").body,
                AllOf(HasSubstr("tutti_http_requests_total{upstream=\"vision\"}"),
                      HasSubstr("tutti_http_requests_total{upstream=\"attachments\"}"),
                      HasSubstr("cache=\"model-capability\"")));
    EXPECT_THAT(get("/audit").body,
                AllOf(HasSubstr("\"ai-worker-7\""), HasSubstr("vision-description"),
                      HasSubstr("voice-transcript"), HasSubstr("model-capability")));
    EXPECT_EQ(get("/driver/command").status, 404);
    worker.signal(SIGTERM);

    EXPECT_EQ(worker.wait(), 0) << worker.err();
}

TEST_F(AiWorkerProcess, TurnsRedWhenRedisIsGone) {
    RedisServer redis;
    auto environment = variables();
    environment["REDIS_URL"] = redis.url();
    Program worker(AI_WORKER_PROGRAM, {}, environment);
    worker.await_err("listening on", 20s);
    ASSERT_EQ(get("/health").status, 200);

    redis.kill();
    const auto end = Boottime::now() + 20s;
    auto health = get("/health");
    while (!health.body.contains("the queue of jobs does not answer") && Boottime::now() < end) {
        std::this_thread::sleep_for(50ms);
        health = get("/health");
    }

    EXPECT_THAT(health.body, HasSubstr("the queue of jobs does not answer"));
    EXPECT_EQ(health.status, 503);
}

TEST_F(AiWorkerProcess, SaysAllThatIsWrongWithItsSettings) {
    auto environment = variables();
    environment["ATTACHMENT_HOSTS"] = "a b";
    environment["ATTACHMENT_NETWORKS"] = "10.0.0.0/99";
    environment["VISION_BASE_URL"] = "ftp://x";
    Program worker(AI_WORKER_PROGRAM, {}, environment);

    EXPECT_EQ(worker.wait(), 1);
    EXPECT_THAT(worker.err(), AllOf(HasSubstr("ATTACHMENT_HOSTS"), HasSubstr("ATTACHMENT_NETWORKS"),
                                    HasSubstr("VISION_BASE_URL")));
}

TEST_F(AiWorkerProcess, WithoutAQueueItSaysWhatIsMissing) {
    Program worker(AI_WORKER_PROGRAM, {}, variables());

    EXPECT_EQ(worker.wait(), 1);
    EXPECT_THAT(worker.err(), HasSubstr("REDIS_URL is not set"));
}

}  // namespace
}  // namespace tests
