// The platform as it runs for real: the built provider-stand-in, two api-gateways and two
// bot-clients, each a process, on a real Redis and a real PostgreSQL that want passwords. Each bot
// has its own gateway, so that whatever one bot learns of another went through all of it; what a
// bot asks passes a front that counts. Each bot also has a Discord of its own, with the same
// channels, so that one can be spoken to alone; or both are on one, as instances of a bot are. No
// id is of two Discords: the gateways would take a message of one for the other's.
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

#include "common/http/client.hpp"
#include "fleet/counting_front.hpp"
#include "support/eventually.hpp"
#include "support/played_discord.hpp"
#include "support/postgres_server.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "support/service.hpp"
#include "support/temporary_folder.hpp"
#include "tutti/clock.hpp"
#include "tutti/json.hpp"

namespace tests {

class Platform : public ::testing::Test {
protected:
    enum class Discords : std::uint8_t { one_each, one_for_both };

    Platform() : Platform(std::vector<std::string>{}, Discords::one_each) {}
    // With these lines in Redis' configuration.
    Platform(std::vector<std::string> redis_config, Discords kind);

    using Response = tutti::services::http::Response;
    using Command = AnsweredAtDiscord;
    // What a bot has made of a message.
    struct Heard {
        bool handled = false;      // a personality is to answer it
        bool from_memory = false;  // whether the channel is active was known
    };

    static constexpr const char* secret = "the-secret-of-all-services";
    static constexpr const char* redis_password = "the-password-of-redis";
    static constexpr const char* model_key = "sk-the-key-of-the-model";
    static constexpr const char* user_key = "sk-the-key-of-a-user";
    static constexpr const char* bot_owner = "100000000000000099";
    static constexpr const char* moderator = PlayedDiscord::moderator;

    // Everything runs and is ready.
    void SetUp() override;
    void TearDown() override { expect_no_secret(); }

    // From any thread. With the secret; `user` empty: without one. Status 0: not answered.
    Response send(const std::string& url, const char* method, const std::string& path,
                  std::string body = {}, const char* user = "");
    Response get(const Service& service, const std::string& path) {
        return send(service.url(), "GET", path);
    }
    // With `parent` the channel is a thread in it.
    Heard say(std::size_t bot, const std::string& channel, const std::string& parent = "");
    // At every Discord.
    void open(const std::string& channel, const std::string& parent = "");
    std::size_t heard_by(std::size_t bot) {
        return sample(bots[bot], R"(tutti_discord_events_handled_total{event="message"})");
    }
    std::size_t hits_of(std::size_t bot);
    Command command(std::size_t bot, const std::string& name, const std::string& channel,
                    const std::string& parent = "");
    Command activate(std::size_t bot, const std::string& channel) {
        return command(bot, "channel activate", channel);
    }
    // Calls of the gateway for an activation, by one bot.
    std::size_t lookups(std::size_t bot) const { return fronts[bot]->count("GET /user/channel/"); }
    // Of its metrics; 0 when there is none of that name, which has its labels.
    std::size_t sample(const Service& service, const std::string& name);
    std::string provider_calls() { return get(provider, "/calls").body; }

    template <class T>
    static T read(const Response& response) {
        auto value = tutti::json::read<T>(response.body);
        EXPECT_TRUE(value) << response.status << ' ' << response.body;
        return value ? std::move(*value) : T{};
    }
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

    RedisServer redis;
    PostgresServer postgres;
    TemporaryFolder folder;  // shared by the gateways
    std::array<std::shared_ptr<PlayedDiscord>, 2> discords;
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
