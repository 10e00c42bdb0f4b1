// A primary, two replicas and three Sentinels that watch them, all on loopback ports. What the
// others see of the first primary goes through a proxy, so that it can be cut off from them while
// who connects to it directly still reaches it.
//
// Everything blocks, and throws std::runtime_error when a server does not do as asked.
// Thread-safety: none.
#pragma once

#include <array>
#include <functional>
#include <string>

#include "support/redis_server.hpp"
#include "support/tcp_proxy.hpp"

namespace tests {

class ReplicatedRedis {
public:
    // Returns when the Sentinels know each other and all servers.
    ReplicatedRedis();

    // By the Sentinels: "redis+sentinel://...?replicas=2".
    [[nodiscard]] std::string url() const;
    // The first primary, past the proxy: "redis://...?replicas=2".
    [[nodiscard]] std::string direct_url() const { return first_.url() + "?replicas=2"; }

    // The first primary.
    [[nodiscard]] RedisServer& first() { return first_; }
    // Neither its replicas nor the Sentinels reach it.
    void cut_off_first() { proxy_.cut(); }
    void rejoin_first() { proxy_.heal(); }
    // "127.0.0.1:12345", as the Sentinels say now.
    [[nodiscard]] std::string primary();
    // Of that address.
    [[nodiscard]] RedisServer& server(const std::string& address);
    // A failover that an operator asks for. False: one is under way.
    bool fail_over();
    // Until the Sentinels name another one than `before`.
    void wait_for_another_primary(const std::string& before);
    // Until all Sentinels name the same one, and both others have what it has.
    void wait_until_whole();

private:
    [[nodiscard]] RedisServer::Options replica() const;
    [[nodiscard]] RedisServer::Options sentinel() const;

    RedisServer first_;
    TcpProxy proxy_;
    std::array<RedisServer, 2> replicas_;
    std::array<RedisServer, 3> sentinels_;
};

}  // namespace tests
