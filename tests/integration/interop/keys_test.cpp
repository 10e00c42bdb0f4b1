// A gateway and an existing deployment's services on the same keys: what one stores the other takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <tuple>

#include "api-gateway/gateway.hpp"
#include "common/catalogue.hpp"
#include "common/http/client.hpp"
#include "common/model_catalogue.hpp"
#include "provider-stand-in/catalogue.hpp"
#include "provider-stand-in/stand_in.hpp"
#include "support/line_process.hpp"
#include "support/redis_server.hpp"
#include "tutti/json.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti::services;
using testing::HasSubstr;
using tutti::Boottime;

constexpr const char* request =
    R"({"personality":{"name":"maestro"},"message":"hello","context":{"userId":"7"}})";
constexpr const char* reserved = "dedup:maestro:7-dm:2cf24dba5fb0a30e";

class SharedKeys : public testing::Test {
protected:
    void SetUp() override {
        EXPECT_EQ(peer.read(), "ready");
        auto started = Gateway::start({.database_path = (redis.folder() / "tutti.db").string(),
                                       .redis_url = redis.url(),
                                       .openrouter = {.base_url = provider->url()},
                                       .secret = Secret("s")});
        ASSERT_TRUE(started) << started.error().message();
        gateway = *std::move(started);
    }

    void peer_writes(const std::string& key, const std::string& text) {
        peer.write("write " + key + " 60 " + text);
        EXPECT_EQ(peer.read(), "written");
    }
    // The seconds that are left, and the text.
    std::pair<int, std::string> peer_reads(const std::string& key) {
        peer.write("read " + key);
        const std::string line = peer.read();
        const std::size_t first = line.find(' ') + 1;
        const std::size_t second = line.find(' ', first);
        return {std::stoi(line.substr(first)), line.substr(second + 1)};
    }
    HttpResponse send(const char* method, const char* path, const char* body = "") {
        const auto response = http.send(
            "http://127.0.0.1:" + std::to_string(gateway->port()),
            {.method = method, .path = path, .headers = {{"X-Service-Auth", "s"}}, .body = body},
            Boottime::now() + 20s);
        return response ? *response : HttpResponse{.status = 0};
    }

    RedisServer redis;
    LineProcess peer{{"node", TUTTI_PEER, redis.url(), "cache:invalidation"}};
    std::unique_ptr<ProviderStandIn> provider =
        *ProviderStandIn::start({.port = 0, .behaviour = {.models = 3}});
    std::unique_ptr<Gateway> gateway;
    HttpClient http{{.name = "test"}};
};

TEST_F(SharedKeys, AnExistingServiceReadsTheModelsThatWeStore) {
    EXPECT_EQ(send("GET", "/models").status, 200);

    // Our reader is answered before the value is stored.
    auto [seconds, text] = peer_reads("openrouter:models");
    for (int i = 0; i < 1000 && seconds < 0; ++i) {
        std::tie(seconds, text) = peer_reads("openrouter:models");
    }

    EXPECT_GT(seconds, 86'300);
    const auto models = read_catalogue(text);
    ASSERT_TRUE(models) << text;
    EXPECT_EQ(*models, stand_in_catalogue(3));
}

TEST_F(SharedKeys, WeServeTheModelsThatAnExistingServiceStored) {
    peer_writes("openrouter:models", write_catalogue(stand_in_catalogue(2)));

    EXPECT_THAT(send("GET", "/models").body, HasSubstr("\"count\":2"));

    EXPECT_EQ(provider->calls(), 0U);
}

TEST_F(SharedKeys, AnExistingServiceReadsOurReservation) {
    EXPECT_EQ(send("POST", "/ai/generate", request).status, 202);

    const auto [seconds, text] = peer_reads(reserved);

    EXPECT_LE(seconds, 5);
    const auto note = tutti::json::read<RequestNote>(text);
    ASSERT_TRUE(note) << text;
    EXPECT_EQ(note->job_id, "llm-" + note->request_id);
}

TEST_F(SharedKeys, WeHonourTheReservationOfAnExistingService) {
    peer_writes(reserved, R"({"requestId":"r","jobId":"llm-r","timestamp":1,"expiresAt":5001})");

    const auto response = send("POST", "/ai/generate", request);

    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.body, HasSubstr("\"jobId\":\"llm-r\""));
    EXPECT_EQ(redis.command({"XLEN", "ai-requests"}), "0");
}

}  // namespace
}  // namespace tests
