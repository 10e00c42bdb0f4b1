// A loopback proxy in front of one server, with a wire that a test can cut: while it is cut, bytes
// do not travel, in one direction or in both, and no connection is closed or made, as when a cable
// is unplugged. What was sent meanwhile travels at once afterwards.
//
// It can also lose packets, as a network that is partitioned does: those of clients in the kernel,
// so that they are sent again when the clients' TCP does that, also to connect; those of the server
// are held back until its TCP would have. And it can refuse everything, as a machine does on which
// the server has ended.
//
// Thread-safety: every function from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>

namespace tests {

class TcpProxy {
public:
    enum class Way : unsigned char { both, to_server, to_client };

    explicit TcpProxy(std::uint16_t target_port);
    ~TcpProxy();
    TcpProxy(const TcpProxy&) = delete;
    TcpProxy& operator=(const TcpProxy&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }

    void cut(Way way = Way::both) {
        to_server_cut_.store(way != Way::to_client);
        to_client_cut_.store(way != Way::to_server);
    }
    void lose() { lossy_.store(true); }
    void refuse() { closed_.store(true); }
    void heal() {
        lossy_.store(false);
        closed_.store(false);
        to_server_cut_.store(false);
        to_client_cut_.store(false);
    }

private:
    using Clock = std::chrono::steady_clock;

    struct Pair {
        int client;
        int server;
        Clock::time_point lost_at = {};       // when the server first said what is lost
        Clock::time_point silent_until = {};  // the server's TCP waits
    };

    void serve();
    void follow_orders();
    void begin_to_lose();
    void end_to_lose();
    void note_losses();
    void listen();
    void hang_up();
    void accept_one();
    [[nodiscard]] bool is_cut() const { return to_server_cut_.load() || to_client_cut_.load(); }
    static bool carry(int from, int to);

    const std::uint16_t target_port_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    std::atomic<bool> to_server_cut_ = false;
    std::atomic<bool> to_client_cut_ = false;
    std::atomic<bool> lossy_ = false;
    std::atomic<bool> closed_ = false;
    std::atomic<bool> stopping_ = false;
    // The thread's own.
    std::list<Pair> pairs_;
    bool loses_ = false;
    bool refuses_ = false;
    std::thread thread_;
};

}  // namespace tests
