// The platform as it runs for real: the built provider-stand-in, two api-gateways and two
// bot-clients, each a process, on a real Redis and a real PostgreSQL that want passwords. Each bot
// has its own gateway, so that whatever one bot learns of another went through all of it; what a
// bot asks passes a front that counts.
//
// After each test no secret may be found in anything that any process has written in any of its
// lives.
//
// Thread-safety: `at_once` calls from threads of its own what says so; everything else from one
// thread.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bot-client/driver_wire.hpp"
#include "common/http/client.hpp"
#include "fleet/counting_front.hpp"
#include "support/postgres_server.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "support/temporary_folder.hpp"
#include "tutti/clock.hpp"
#include "tutti/json.hpp"

namespace tests {

// A program that is killed and started again on the same port.
class Service {
public:
    Service(std::string path, std::vector<std::string> arguments, Variables environment,
            std::uint16_t port);

    void start();
    void kill();  // SIGKILL
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    // All of its output, of all its lives.
    [[nodiscard]] std::string written() const;

private:
    std::string path_;
    std::vector<std::string> arguments_;
    Variables environment_;
    std::uint16_t port_;
    std::string before_;
    std::unique_ptr<Program> program_;
};

class Platform : public testing::Test {
protected:
    using Response = tutti::services::http::Response;
    using Message = tutti::services::bot::DriverMessageAnswer;
    using Command = tutti::services::bot::DriverCommandAnswer;

    static constexpr const char* secret = "the-secret-of-all-services";
    static constexpr const char* redis_password = "the-password-of-redis";
    static constexpr const char* model_key = "sk-the-key-of-the-model";
    static constexpr const char* user_key = "sk-the-key-of-a-user";
    static constexpr const char* bot_owner = "100000000000000099";
    static constexpr const char* moderator = "200000000000000001";

    // Everything runs and is ready.
    void SetUp() override;
    void TearDown() override { expect_no_secret(); }

    // From any thread. With the secret; `user` empty: without one. Status 0: not answered.
    Response send(const std::string& url, const char* method, const std::string& path,
                  std::string body = {}, const char* user = "");
    Response get(const Service& service, const std::string& path) {
        return send(service.url(), "GET", path);
    }
    // From any thread. With `parent` the channel is a thread in it.
    Message say(std::size_t bot, const std::string& channel, const std::string& parent = "");
    Command command(std::size_t bot, const std::string& name, const std::string& channel,
                    const std::string& parent = "");
    Command activate(std::size_t bot, const std::string& channel) {
        return command(bot, "channel activate", channel);
    }
    // Calls of the gateway for an activation, by one bot.
    std::size_t lookups(std::size_t bot) const { return fronts[bot]->count("GET /user/channel/"); }
    std::string provider_calls() { return get(provider, "/calls").body; }

    template <class T>
    static T read(const Response& response) {
        auto value = tutti::json::read<T>(response.body);
        EXPECT_TRUE(value) << response.status << ' ' << response.body;
        return value ? std::move(*value) : T{};
    }
    static bool eventually(const std::function<bool()>& holds,
                           std::chrono::milliseconds within = std::chrono::seconds{20});
    // Until its /health has that status and contains the text.
    void await_health(const Service& service, int status, const std::string& text);
    void await_all_ready();
    // `call(i)` for i below `count`, each on a thread of its own.
    template <class Call>
    static void at_once(std::size_t count, Call call) {
        std::vector<std::jthread> threads;
        threads.reserve(count);
        for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&call, i] { call(i); });
    }
    void expect_no_secret() const;

    // Of a gateway or a bot, for one that the test starts by itself.
    [[nodiscard]] Variables gateway_variables(std::uint16_t port, const std::string& name) const;
    [[nodiscard]] Variables bot_variables(std::size_t bot) const;

    RedisServer redis{
        {.config = {std::string("requirepass ") + redis_password}, .password = redis_password}};
    PostgresServer postgres;
    TemporaryFolder folder;  // shared by the gateways
    std::array<std::uint16_t, 2> gateway_ports{free_port(), free_port()};
    std::array<std::uint16_t, 2> bot_ports{free_port(), free_port()};
    std::uint16_t provider_port = free_port();
    Service provider{
        PROVIDER_STAND_IN_PROGRAM, {"--port", std::to_string(provider_port)}, {}, provider_port};
    std::array<Service, 2> gateways{Service{API_GATEWAY_PROGRAM,
                                            {},
                                            gateway_variables(gateway_ports[0], "gateway-1"),
                                            gateway_ports[0]},
                                    Service{API_GATEWAY_PROGRAM,
                                            {},
                                            gateway_variables(gateway_ports[1], "gateway-2"),
                                            gateway_ports[1]}};
    std::array<std::unique_ptr<CountingFront>, 2> fronts{
        std::make_unique<CountingFront>(gateways[0].url()),
        std::make_unique<CountingFront>(gateways[1].url())};
    std::array<Service, 2> bots{Service{BOT_CLIENT_PROGRAM, {}, bot_variables(0), bot_ports[0]},
                                Service{BOT_CLIENT_PROGRAM, {}, bot_variables(1), bot_ports[1]}};
    tutti::services::http::Client http{{.name = "test", .idle_max = 64}};
};

}  // namespace tests
