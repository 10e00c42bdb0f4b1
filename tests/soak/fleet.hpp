// Everything that a bot needs to live, as processes on loopback: Redis, PostgreSQL, the two
// stand-ins, gateways, workers and bots. The second half of the fleet reaches Redis through a link
// that can be cut, and the second gateway PostgreSQL.
//
// Everything blocks, and throws std::runtime_error when a process does not do as it should in time.
//
// Thread-safety: `discord`, `url_of_gateway` and `send` from any thread, all else from the one that
// made it, whose end ends the processes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/http/client.hpp"
#include "common/http/message.hpp"
#include "soak/fleet_size.hpp"
#include "soak/story.hpp"
#include "support/played_discord.hpp"
#include "support/postgres_server.hpp"
#include "support/redis_server.hpp"
#include "support/service.hpp"
#include "support/tcp_proxy.hpp"

namespace tests::soak {

class PlayedFleet {
public:
    static constexpr const char* owner = "100000000000000099";
    static constexpr const char* user = PlayedDiscord::moderator;

    // Logs and journals go there.
    explicit PlayedFleet(std::filesystem::path folder);
    PlayedFleet(const PlayedFleet&) = delete;
    PlayedFleet& operator=(const PlayedFleet&) = delete;

    [[nodiscard]] PlayedDiscord& discord() { return *played_; }
    [[nodiscard]] std::string url_of_gateway(std::size_t which) const {
        return "http://127.0.0.1:" + std::to_string(gateway_ports_.at(which));
    }
    // With the secret. Status 0: not answered.
    tutti::services::http::Response send(const std::string& url, const char* method,
                                         const std::string& path, const std::string& body = "",
                                         const char* as_user = "");

    RedisServer redis;
    PostgresServer postgres;
    TcpProxy redis_link;
    TcpProxy postgres_link;
    // All that bots see of Discord passes these; what users do there does not.
    std::optional<TcpProxy> discord_link;
    std::optional<TcpProxy> discord_gateway_link;

    struct Member {
        std::string name;
        Service service;
        int life = 0;          // counted from one
        bool is_away = false;  // stopped or ended on purpose
        void start() {
            service.start();
            ++life;
            is_away = false;
        }
    };
    std::unique_ptr<Member> discord_stand_in;
    std::unique_ptr<Member> provider;
    std::vector<std::unique_ptr<Member>> gateways;
    std::vector<std::unique_ptr<Member>> workers;
    std::vector<std::unique_ptr<Member>> bots;
    [[nodiscard]] std::vector<Member*> members();   // all of them
    [[nodiscard]] std::vector<Member*> services();  // all but the stand-ins

    // Why not everything is ready; nothing: it is.
    [[nodiscard]] std::optional<std::string> not_ready();
    // Of the metrics of a member; nothing: it does not say.
    std::optional<std::size_t> sample(const Member& member, const std::string& name);
    [[nodiscard]] std::vector<Memory> memory() const;
    [[nodiscard]] std::vector<PaidCall> paid() const;
    // Streams and tables by name. Empty while Redis or PostgreSQL is away.
    [[nodiscard]] std::map<std::string, std::size_t> queues();
    // Messages whose replies are dead letters.
    [[nodiscard]] std::set<std::string> dead_replies();
    // Messages that bots have passed on undecided, in all of their lives.
    [[nodiscard]] std::set<std::string> undecided() const;
    // What stands behind those that have ended by themselves.
    [[nodiscard]] std::vector<std::string> crashes();
    // SIGTERM to all services, bots first; how those ended that did not end well.
    [[nodiscard]] std::vector<std::string> end();
    // What is not in the folder yet: the log of Redis, and all that was said at Discord.
    void keep_evidence() const;

private:
    std::unique_ptr<Member> make(std::string name, const char* program,
                                 std::vector<std::string> arguments, const Variables& variables,
                                 std::uint16_t port) const;
    [[nodiscard]] Variables common(std::size_t which) const;
    void make_stand_ins();
    void make_services();
    void await(const std::string& what, const std::function<bool()>& holds) const;

    const std::filesystem::path folder_;
    const std::string token_ = "the-token-of-the-soak";
    std::vector<std::uint16_t> gateway_ports_;
    tutti::services::http::Client http_{{.name = "soak", .idle_max = 64}};
    std::unique_ptr<PlayedDiscord> played_;
};

}  // namespace tests::soak
