// What the tests of this folder share: a running gateway, and direct access to the database file.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "api-gateway/gateway.hpp"
#include "common/domain/domain.hpp"
#include "common/http/client.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"
#include "support/raw_connection.hpp"
#include "support/temporary_folder.hpp"
#include "tutti/clock.hpp"
#include "tutti/json.hpp"

namespace tutti::services::testing {

// Of the personalities that a new database has.
inline constexpr const char* maestro_id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01";
inline constexpr const char* solo_id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f02";

using ::tests::eventually;
using namespace std::chrono_literals;

using tests::RawConnection;
using tests::TemporaryFolder;

// The database file, past the gateway: for rows that no route makes.
inline void execute(const std::string& path, const std::string& statement) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(database, statement.c_str(), nullptr, nullptr, &error), SQLITE_OK)
        << error;
    sqlite3_free(error);
    sqlite3_close(database);
}

constexpr const char* secret_text = "a-secret-for-tests";
constexpr const char* owner_of_solo = "100000000000000001";
constexpr const char* stranger = "100000000000000002";
constexpr const char* bot_owner = "100000000000000099";

constexpr const char* nobody_url = "http://127.0.0.1:9";

// How every test of this folder starts a gateway: none may know an address beyond this machine.
inline Result<std::unique_ptr<gateway::Gateway>> start_gateway(gateway::Gateway::Options options) {
    const bool left_out =
        options.openrouter.base_url == gateway::models::OpenRouter::Options{}.base_url;
    if (left_out) options.openrouter.base_url = nobody_url;
    if (options.attachments.hosts.discord_base_url.empty()) {
        options.attachments.hosts.discord_base_url = nobody_url;
    }
    return gateway::Gateway::start(options);
}

// On SQLite; `BothDatabases` below runs its tests on PostgreSQL too.
class GatewayTest : public ::testing::Test {
protected:
    void SetUp() override { start({}); }

    [[nodiscard]] gateway::Gateway::Options options() const {
        gateway::Gateway::Options options{
            .database_path = database_path(),
            .redis_url = redis_url_,
            .openrouter = {.base_url = openrouter_url_},
            .attachments = {.hosts = {.discord_base_url = discord_url_}},
            .secret = process::Secret(secret_text),
            .bot_owner_id = bot_owner};
        if (postgres_) options.postgres_url = process::Secret(postgres_->url());
        return options;
    }

    void start(http::Server::Limits limits,
               std::vector<gateway::routes::GatewayRoute> routes = {}) {
        auto with = options();
        with.limits = limits;
        with.routes = std::move(routes);
        start_with(std::move(with));
    }
    void start_with(gateway::Gateway::Options options) {
        gateway_.reset();
        auto started = start_gateway(std::move(options));
        ASSERT_TRUE(started) << started.error().message();
        gateway_ = std::move(*started);
        url_ = "http://127.0.0.1:" + std::to_string(gateway_->port());
    }

    [[nodiscard]] std::string database_path() const { return folder_.file("tutti.db"); }

    http::Response send(http::Request request) { return send(url_, request); }
    http::Response send(const std::string& url, const http::Request& request) {
        auto response = client_.send(url, request, Boottime::now() + 20s);
        EXPECT_TRUE(response) << response.error().message();
        return response ? std::move(*response) : http::Response{.status = 0};
    }
    // With the secret and, when given, a user.
    http::Response call(std::string method, std::string path, std::string_view user = {},
                        std::string body = {}) {
        return call_at(url_, std::move(method), std::move(path), user, std::move(body));
    }
    http::Response call_at(const std::string& url, std::string method, std::string path,
                           std::string_view user = {}, std::string body = {}) {
        http::Request request{.method = std::move(method), .body = std::move(body)};
        const auto mark = std::min(path.find('?'), path.size());
        request.path = path.substr(0, mark);
        request.query = path.substr(std::min(path.size(), mark + 1));
        request.headers.set("X-Service-Auth", secret_text);
        if (!user.empty()) request.headers.set("X-User-Id", std::string(user));
        return send(url, request);
    }
    // As Prometheus asks for it.
    std::string metrics_text() { return metrics_text(url_); }
    std::string metrics_text(const std::string& url) {
        return send(url, {.path = "/metrics", .headers = {{"Accept", "text/plain;version=0.0.4"}}})
            .body;
    }
    http::Response activate(const std::string& channel, const std::string& slug,
                            std::string_view user, const std::string& guild = "900") {
        return call("POST", "/user/channel/activate", user,
                    json::write(domain::ActivateChannelRequest{channel, slug, guild}));
    }

    template <class T>
    T read(const http::Response& response) {
        auto value = json::read<T>(response.body);
        EXPECT_TRUE(value) << response.status << ' ' << response.body;
        return value ? std::move(*value) : T{};
    }
    domain::GetChannelActivationResponse activation_of(const std::string& channel) {
        return read<domain::GetChannelActivationResponse>(call("GET", "/user/channel/" + channel));
    }
    static void expect_error(const http::Response& response, int status, std::string_view code) {
        EXPECT_EQ(response.status, status) << response.body;
        const auto body = json::read<domain::ErrorBody>(response.body);
        ASSERT_TRUE(body) << response.body;
        EXPECT_EQ(body->error, code);
        EXPECT_FALSE(body->message.empty());
    }

    // Past the gateway: for rows that no route makes.
    void execute(const std::string& statement) {
        if (postgres_) {
            postgres_->query(statement);
        } else {
            testing::execute(database_path(), statement);
        }
    }

    // With the secret, as the bot's owner.
    http::Response call_as_owner(std::string method, std::string path, std::string body = {}) {
        http::Request request{
            .method = std::move(method), .path = std::move(path), .body = std::move(body)};
        request.headers.set("X-Service-Auth", secret_text);
        request.headers.set("X-Owner-Id", bot_owner);
        return send(std::move(request));
    }

    TemporaryFolder folder_;
    std::optional<std::string> redis_url_;
    std::string openrouter_url_ = nobody_url;
    std::string discord_url_ = nobody_url;
    std::unique_ptr<tests::PostgresDatabase> postgres_;
    http::Client client_{{.name = "test"}};
    std::unique_ptr<gateway::Gateway> gateway_;
    std::string url_;  // where `send` goes
};

enum class DatabaseKind : std::uint8_t { sqlite, postgresql };

inline void PrintTo(DatabaseKind kind, std::ostream* out) {
    *out << (kind == DatabaseKind::sqlite ? "sqlite" : "postgresql");
}

// The contract of both databases, over the gateway's routes.
class BothDatabases : public GatewayTest, public ::testing::WithParamInterface<DatabaseKind> {
protected:
    void SetUp() override {
        if (GetParam() == DatabaseKind::postgresql) {
            postgres_ = std::make_unique<tests::PostgresDatabase>();
        }
        start({});
    }
};

#define TUTTI_ON_BOTH_DATABASES(suite)                                                          \
    INSTANTIATE_TEST_SUITE_P(, suite,                                                           \
                             ::testing::Values(DatabaseKind::sqlite, DatabaseKind::postgresql), \
                             ::testing::PrintToStringParamName())

}  // namespace tutti::services::testing
