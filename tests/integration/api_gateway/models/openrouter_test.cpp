// The catalogue's upstream against the stand-in, and the routes behind a running gateway's guard.
#include "api-gateway/models/openrouter.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <future>

#include "integration/api_gateway/support.hpp"
#include "provider-stand-in/catalogue.hpp"
#include "provider-stand-in/stand_in.hpp"
#include "support/scripted_server.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

struct Upstream : ::testing::Test {
    Result<domain::ModelCatalogue> fetch() { return upstream.fetch(Boottime::now() + 20s); }
    void behave(stand_in::ProviderStandIn::Behaviour behaviour) {
        ASSERT_TRUE(stand_in->behave(behaviour));
    }
    http::Response put(std::string body) {
        auto response = client.send(
            stand_in->url(), {.method = "PUT", .path = "/behaviour", .body = std::move(body)},
            Boottime::now() + 20s);
        EXPECT_TRUE(response);
        return response ? *std::move(response) : http::Response{.status = 0};
    }

    std::unique_ptr<stand_in::ProviderStandIn> stand_in = *stand_in::ProviderStandIn::start({});
    gateway::models::OpenRouter upstream{{.base_url = stand_in->url()}};
    http::Client client;
};

TEST_F(Upstream, FetchesTheWholeCatalogue) {
    const auto models = fetch();

    ASSERT_TRUE(models) << models.error().message();
    EXPECT_EQ(*models, stand_in::stand_in_catalogue(300));
    EXPECT_EQ(stand_in->calls(), 1U);
}

TEST_F(Upstream, AsksForExactlyThat) {
    std::promise<std::string> asked;
    ScriptedServer server([&](int socket, int) {
        std::array<char, 4096> block{};
        const auto got = ::recv(socket, block.data(), block.size(), 0);
        asked.set_value(std::string(block.data(), static_cast<std::size_t>(std::max(got, 0L))));
        ScriptedServer::send(socket, "HTTP/1.1 204 No Content\r\n\r\n");
    });
    gateway::models::OpenRouter scripted({.base_url = server.url()});

    EXPECT_FALSE(scripted.fetch(Boottime::now() + 20s));

    const std::string request = asked.get_future().get();
    EXPECT_TRUE(request.starts_with("GET /api/v1/models HTTP/1.1\r\n")) << request;
    EXPECT_TRUE(request.contains("Accept: application/json\r\n")) << request;
}

TEST_F(Upstream, StatusIsNamed) {
    behave({.status = 500});

    const auto models = fetch();

    ASSERT_FALSE(models);
    EXPECT_EQ(models.error().code, Errc::load_failed);
    EXPECT_TRUE(models.error().cause.contains("500")) << models.error().cause;
}

TEST_F(Upstream, EmptyListIsAFailure) {
    behave({.models = 0});

    const auto models = fetch();

    ASSERT_FALSE(models);
    EXPECT_EQ(models.error().code, Errc::load_failed);
    EXPECT_TRUE(models.error().cause.contains("empty"));
}

TEST_F(Upstream, SilenceIsATimeout) {
    behave({.delay = 5min});

    const auto models = upstream.fetch(Boottime::now() + 50ms);

    ASSERT_FALSE(models);
    EXPECT_EQ(models.error().code, Errc::timeout);
    EXPECT_EQ(upstream.metrics().failed(http::Failure::timeout), 1U);
}

TEST_F(Upstream, WrongShapeAndTooMuchAreRefused) {
    for (const auto& [answer, code] :
         {std::pair<std::string, Errc>{"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"a\":[]}",
                                       Errc::protocol},
          {"HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n", Errc::too_large}}) {
        ScriptedServer server([&](int socket, int) {
            ScriptedServer::read_request(socket);
            ScriptedServer::send(socket, answer);
        });
        gateway::models::OpenRouter scripted({.base_url = server.url()});

        const auto models = scripted.fetch(Boottime::now() + 20s);

        ASSERT_FALSE(models);
        EXPECT_EQ(models.error().code, code);
    }
}

TEST_F(Upstream, StandInCanBeToldWhatToDo) {
    EXPECT_EQ(put(R"({"status":418})").status, 204);
    EXPECT_FALSE(fetch());
    EXPECT_EQ(put(R"({"models":3})").status, 204);
    EXPECT_EQ(fetch()->size(), 3U);
    EXPECT_EQ(put(R"({"empty":true})").status, 204);
    EXPECT_FALSE(fetch());
    EXPECT_EQ(put(R"({"status":1,"delayMs":-1,"models":10001})").status, 400);

    const auto calls = client.send(stand_in->url(), {.path = "/calls"}, Boottime::now() + 20s);
    EXPECT_THAT(calls->body, ::testing::StartsWith(R"({"models":3,)"));
}

TEST_F(GatewayTest, ModelsStandBehindTheSecret) {
    const auto stand_in = *stand_in::ProviderStandIn::start({});
    openrouter_url_ = stand_in->url();
    start({});

    EXPECT_EQ(call("GET", "/models/text").status, 200);
    EXPECT_EQ(call("GET", "/models?search=gpt&limit=1").status, 200);
    EXPECT_EQ(call("POST", "/models/refresh", bot_owner).status, 200);
    expect_error(call("POST", "/models/refresh", stranger), 403, "UNAUTHORIZED");
    expect_error(send({.path = "/models"}), 403, "UNAUTHORIZED");
    gateway_.reset();
}

}  // namespace
}  // namespace tutti::services
