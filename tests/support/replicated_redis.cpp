#include "support/replicated_redis.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace tests {
namespace {

using namespace std::chrono_literals;

void wait_until(const std::string& what, const std::function<bool()>& condition) {
    const auto give_up = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > give_up) {
            throw std::runtime_error("waited in vain until " + what);
        }
        std::this_thread::sleep_for(20ms);
    }
}

std::string named_by(RedisServer& sentinel) {
    std::string address = sentinel.command({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"});
    address.at(address.find('\n')) = ':';
    return address;
}

// One that has just been started, or became a replica a moment ago, may refuse.
bool has_both_replicas(RedisServer& server) {
    try {
        return server.command({"WAIT", "2", "100"}) == "2" &&
               server.command({"INFO", "replication"}).contains("connected_slaves:2");
    } catch (const std::runtime_error&) {
        return false;
    }
}

}  // namespace

ReplicatedRedis::ReplicatedRedis()
    : first_({.config = {"repl-diskless-sync-delay 0"}, .password = ""}),
      proxy_(first_.port()),
      replicas_{RedisServer(replica()), RedisServer(replica())},
      sentinels_{RedisServer(sentinel()), RedisServer(sentinel()), RedisServer(sentinel())} {
    // As a replica, later, it is still where the Sentinels know it; also when it was killed.
    first_.command({"CONFIG", "SET", "replica-announce-port", std::to_string(proxy_.port())});
    first_.command({"CONFIG", "REWRITE"});
    for (RedisServer& each : sentinels_) {
        wait_until("the Sentinels know all servers", [&] {
            return each.command({"INFO", "sentinel"}).contains("slaves=2,sentinels=3");
        });
    }
    wait_until("the replicas are attached", [&] { return has_both_replicas(first_); });
}

RedisServer::Options ReplicatedRedis::replica() const {
    return {.config = {"replicaof 127.0.0.1 " + std::to_string(proxy_.port()),
                       "repl-diskless-sync-delay 0"},
            .password = ""};
}

RedisServer::Options ReplicatedRedis::sentinel() const {
    return {.config = {"sentinel monitor main 127.0.0.1 " + std::to_string(proxy_.port()) + " 2",
                       "sentinel down-after-milliseconds main 500",
                       "sentinel failover-timeout main 3000", "sentinel parallel-syncs main 2"},
            .password = "",
            .sentinel = true};
}

std::string ReplicatedRedis::url() const {
    std::string hosts;
    for (const RedisServer& each : sentinels_) {
        hosts +=
            (hosts.empty() ? "" : ",") + std::string("127.0.0.1:") + std::to_string(each.port());
    }
    return "redis+sentinel://" + hosts + "/main?replicas=2";
}

std::string ReplicatedRedis::primary() { return named_by(sentinels_[0]); }

RedisServer& ReplicatedRedis::server(const std::string& address) {
    for (RedisServer& each : replicas_) {
        if (address.ends_with(':' + std::to_string(each.port()))) return each;
    }
    return first_;
}

bool ReplicatedRedis::fail_over() {
    try {
        return sentinels_[0].command({"SENTINEL", "FAILOVER", "main"}) == "OK";
    } catch (const std::runtime_error&) {
        return false;
    }
}

void ReplicatedRedis::wait_for_another_primary(const std::string& before) {
    wait_until("there is another primary", [&] { return primary() != before; });
}

void ReplicatedRedis::wait_until_whole() {
    wait_until("all Sentinels name the same primary, and it has both replicas", [&] {
        const std::string address = primary();
        const auto agrees = [&](RedisServer& sentinel) { return named_by(sentinel) == address; };
        return std::ranges::all_of(sentinels_, agrees) && has_both_replicas(server(address));
    });
}

}  // namespace tests
