// A loopback proxy in front of one server, with a wire that a test can cut: while it is cut, bytes
// travel in neither direction and no connection is closed, as when a cable is unplugged.
//
// Thread-safety: every function from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>

namespace tests {

class TcpProxy {
public:
    explicit TcpProxy(std::uint16_t target_port);
    ~TcpProxy();
    TcpProxy(const TcpProxy&) = delete;
    TcpProxy& operator=(const TcpProxy&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }

    void cut() { cut_.store(true); }
    void heal() { cut_.store(false); }

private:
    struct Pair {
        int client;
        int server;
    };

    void serve();
    void accept_one();
    bool carry(int from, int to);

    const std::uint16_t target_port_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    std::atomic<bool> cut_ = false;
    std::atomic<bool> stopping_ = false;
    std::list<Pair> pairs_;  // the thread's own
    std::thread thread_;
};

}  // namespace tests
