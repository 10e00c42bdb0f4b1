// Two api-gateways as they run for real: built programs on one Redis and one PostgreSQL, and a provider
// that counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "common/http/client.hpp"
#include "fleet/program.hpp"
#include "support/postgres_server.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti::services;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using tutti::Boottime;

constexpr const char* secret = "a-secret-of-the-test";
constexpr const char* request =
    R"({"personality":{"name":"maestro"},"message":"hello","context":{"userId":"7"}})";

class TwoGatewayProcesses : public testing::Test {
protected:
    void SetUp() override {
        provider.await_err(url(provider_port), 20s);
        for (const auto& gateway : {&first, &second}) gateway->await_err("listening on", 20s);
    }

    static std::string url(std::uint16_t port) {
        return "http://127.0.0.1:" + std::to_string(port);
    }
    Variables variables(std::uint16_t port, const char* name) const {
        return {{"INTERNAL_SERVICE_SECRET", secret},
                {"API_GATEWAY_PORT", std::to_string(port)},
                {"INSTANCE_NAME", name},
                {"INSTANCE_COUNT", "2"},
                {"OPENROUTER_BASE_URL", url(provider_port)},
                {"DATABASE_URL", postgres.url()},
                {"REDIS_URL", redis.url()}};
    }
    HttpResponse send(std::uint16_t port, const char* method, const char* path,
                      const char* body = "") {
        const auto response = http.send(
            url(port),
            {.method = method, .path = path, .headers = {{"X-Service-Auth", secret}}, .body = body},
            Boottime::now() + 20s);
        return response ? *response : HttpResponse{.status = 0};
    }
    // At both at the same time.
    std::pair<HttpResponse, HttpResponse> send_both(const char* method, const char* path,
                                                    const char* body = "") {
        auto other = std::async(std::launch::async,
                                [=, this] { return send(second_port, method, path, body); });
        auto one = send(first_port, method, path, body);
        return {std::move(one), other.get()};
    }

    RedisServer redis{{.config = {"requirepass pa55word"}, .password = "pa55word"}};
    PostgresServer postgres;
    std::uint16_t provider_port = free_port();
    std::uint16_t first_port = free_port();
    std::uint16_t second_port = free_port();
    Program provider{PROVIDER_STAND_IN_PROGRAM,
                     {"--port", std::to_string(provider_port), "--delay-ms", "200"},
                     {}};
    Program first{API_GATEWAY_PROGRAM, {}, variables(first_port, "gateway-1")};
    Program second{API_GATEWAY_PROGRAM, {}, variables(second_port, "gateway-2")};
    HttpClient http{{.name = "test"}};
};

TEST_F(TwoGatewayProcesses, AskTheProviderOnceAndQueueARequestOnce) {
    const auto models = send_both("GET", "/models/text");
    const auto jobs = send_both("POST", "/ai/generate", request);

    EXPECT_EQ(models.first.status, 200) << models.first.body;
    EXPECT_EQ(models.second.body, models.first.body);
    EXPECT_EQ(send(provider_port, "GET", "/calls").body, R"({"models":1})");
    EXPECT_EQ(jobs.first.status + jobs.second.status, 200 + 202);
    EXPECT_EQ(redis.command({"XLEN", "ai-requests"}), "1");
    EXPECT_THAT(
        send(first_port, "GET", "/metrics").body,
        AllOf(HasSubstr("\ntutti_dedup_reservations 1\n"), HasSubstr("\ntutti_jobs_waiting 1\n"),
              HasSubstr("tutti_http_requests_total{upstream=\"openrouter\"}")));
    EXPECT_THAT(send(second_port, "GET", "/health").body, HasSubstr(R"("ready":true)"));
    EXPECT_THAT(send(second_port, "GET", "/audit").body, HasSubstr("gateway-2"));
}

TEST_F(TwoGatewayProcesses, SayWhatSeveralTakeAndNoSecret) {
    first.signal(SIGTERM);
    EXPECT_EQ(first.wait(20s), 0);

    EXPECT_THAT(first.err(),
                AllOf(HasSubstr("2 instances of api-gateway"), HasSubstr("nothing to do"),
                      Not(HasSubstr(secret)), Not(HasSubstr("pa55word")),
                      Not(HasSubstr(PostgresServer::password))));
}

}  // namespace
}  // namespace tests
