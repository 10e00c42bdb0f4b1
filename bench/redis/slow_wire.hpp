// A loopback wire to one server on which every byte takes a while, in both directions: what a round
// trip costs shows, however fast both ends are.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace bench {

class SlowWire {
public:
    SlowWire(std::uint16_t target, std::chrono::nanoseconds one_way)
        : target_(target), one_way_(one_way), listener_(new_socket()) {
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        auto* const raw = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 16) != 0) std::abort();
        ::getsockname(listener_, raw, &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    }
    SlowWire(const SlowWire&) = delete;
    SlowWire& operator=(const SlowWire&) = delete;
    ~SlowWire() {
        thread_.request_stop();
        thread_.join();
        ::close(listener_);
        for (const Way& way : ways_) ::close(way.from);
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    using Clock = std::chrono::steady_clock;

    struct Parcel {
        Clock::time_point due;
        std::string bytes;
    };
    // Two of them are a connection.
    struct Way {
        int from;
        int to;
        std::deque<Parcel> travelling = {};
        bool open = true;
    };

    static int new_socket() {
        const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        constexpr int on = 1;
        if (made < 0 || ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
            std::abort();
        return made;
    }
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    void serve(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::vector<pollfd> watched{{.fd = listener_, .events = POLLIN, .revents = 0}};
            auto next = Clock::now() + std::chrono::milliseconds(20);
            for (const Way& way : ways_) {
                watched.push_back({.fd = way.open ? way.from : -1, .events = POLLIN, .revents = 0});
                if (!way.travelling.empty()) next = std::min(next, way.travelling.front().due);
            }
            const auto left = std::max(next - Clock::now(), Clock::duration::zero());
            const timespec timeout{.tv_sec = 0, .tv_nsec = left.count()};
            ::ppoll(watched.data(), watched.size(), &timeout, nullptr);
            std::size_t number = 0;
            for (Way& way : ways_) {
                if (watched[++number].revents != 0) take(way);
                deliver(way);
            }
            if (watched.front().revents != 0) accept_one();
        }
    }
    void take(Way& way) const {
        std::array<char, 65536> bytes;
        const auto count = ::recv(way.from, bytes.data(), bytes.size(), 0);
        way.open = count > 0;
        if (!way.open) {
            ::shutdown(way.to, SHUT_WR);
            return;
        }
        const std::string_view taken(bytes.data(), static_cast<std::size_t>(count));
        way.travelling.push_back({Clock::now() + one_way_, std::string(taken)});
    }
    static void deliver(Way& way) {
        while (!way.travelling.empty() && way.travelling.front().due <= Clock::now()) {
            std::string_view bytes = way.travelling.front().bytes;
            while (!bytes.empty()) {
                const auto count = ::send(way.to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
                if (count <= 0) break;
                bytes.remove_prefix(static_cast<std::size_t>(count));
            }
            way.travelling.pop_front();
        }
    }
    void accept_one() {
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) return;
        constexpr int on = 1;
        ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const int server = new_socket();
        const sockaddr_in address = loopback(target_);
        if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            std::abort();
        ways_.push_back({.from = client, .to = server});
        ways_.push_back({.from = server, .to = client});
    }

    const std::uint16_t target_;
    const std::chrono::nanoseconds one_way_;
    const int listener_;
    std::uint16_t port_ = 0;
    std::list<Way> ways_;  // the thread's own
    std::jthread thread_;
};

}  // namespace bench
