#include "support/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>
#include <vector>

namespace tests {

namespace {

using namespace std::chrono_literals;

// Linux sends again after so long first, and then after twice as long each time.
constexpr auto sent_again_first = 200ms;

// The kernel drops whatever arrives for it, and acknowledges nothing.
void lose_packets_of(int socket) {
    sock_filter drop{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = 0};
    const sock_fprog program{.len = 1, .filter = &drop};
    if (::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
        throw std::runtime_error("the proxy cannot lose packets");
    }
}

void take_packets_of(int socket) {
    const int ignored = 0;
    ::setsockopt(socket, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof ignored);
}

bool is_readable(int socket) {
    pollfd one{socket, POLLIN, 0};
    return ::poll(&one, 1, 0) == 1;
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

}  // namespace

TcpProxy::TcpProxy(std::uint16_t target_port) : target_port_(target_port) {
    listen();
    thread_ = std::thread([this] { serve(); });
}

// On the port that it had, if it had one.
void TcpProxy::listen() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address = loopback(port_);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 128) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("the proxy cannot listen");
    }
    port_ = ntohs(address.sin_port);
}

TcpProxy::~TcpProxy() {
    stopping_.store(true);
    thread_.join();
    hang_up();
}

void TcpProxy::hang_up() {
    for (const Pair& pair : pairs_) {
        ::close(pair.client);
        ::close(pair.server);
    }
    pairs_.clear();
    ::close(std::exchange(listener_, -1));
}

void TcpProxy::follow_orders() {
    if (lossy_.load() != loses_) {
        loses_ ? end_to_lose() : begin_to_lose();
        loses_ = !loses_;
    }
    if (loses_) note_losses();
    if (closed_.load() != refuses_) {
        refuses_ ? listen() : hang_up();
        refuses_ = !refuses_;
    }
}

void TcpProxy::begin_to_lose() {
    lose_packets_of(listener_);
    for (const Pair& pair : pairs_) lose_packets_of(pair.client);
}

void TcpProxy::note_losses() {
    for (Pair& pair : pairs_) {
        if (pair.lost_at == Clock::time_point{} && is_readable(pair.server)) {
            pair.lost_at = Clock::now();
        }
    }
}

void TcpProxy::end_to_lose() {
    take_packets_of(listener_);
    const auto now = Clock::now();
    for (Pair& pair : pairs_) {
        take_packets_of(pair.client);
        const auto lost_at = std::exchange(pair.lost_at, {});
        if (lost_at == Clock::time_point{}) continue;
        pair.silent_until = lost_at;
        for (auto wait = sent_again_first; pair.silent_until < now; wait *= 2) {
            pair.silent_until += wait;
        }
    }
}

void TcpProxy::serve() {
    constexpr int nothing = -1;  // poll() passes over it
    while (!stopping_.load()) {
        follow_orders();
        const bool to_server = !to_server_cut_.load();
        const bool to_client = !to_client_cut_.load() && !loses_;
        const auto now = Clock::now();
        bool waits = refuses_ || loses_;
        std::vector<pollfd> polled{{is_cut() ? nothing : listener_, POLLIN, 0}};
        for (const Pair& pair : pairs_) {
            const bool speaks = to_client && pair.silent_until <= now;
            waits |= !speaks;
            polled.push_back({to_server ? pair.client : nothing, POLLIN, 0});
            polled.push_back({speaks ? pair.server : nothing, POLLIN, 0});
        }
        ::poll(polled.data(), polled.size(), waits ? 1 : 10);
        std::size_t next = 1;
        for (auto pair = pairs_.begin(); pair != pairs_.end(); next += 2) {
            const bool client_spoke = polled[next].revents != 0 && !to_server_cut_.load();
            const bool server_spoke = polled[next + 1].revents != 0 && !to_client_cut_.load();
            const bool open = (!client_spoke || carry(pair->client, pair->server)) &&
                              (!server_spoke || carry(pair->server, pair->client));
            if (open) {
                ++pair;
            } else {
                ::close(pair->client);
                ::close(pair->server);
                pair = pairs_.erase(pair);
            }
        }
        if ((polled[0].revents & POLLIN) != 0 && !is_cut()) accept_one();
    }
}

void TcpProxy::accept_one() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(target_port_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(client);
        ::close(server);
        return;
    }
    const int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    pairs_.push_back({.client = client, .server = server});
}

bool TcpProxy::carry(int from, int to) {
    std::array<char, 65536> buffer{};
    const auto size = ::recv(from, buffer.data(), buffer.size(), 0);
    if (size <= 0) return false;
    for (ssize_t sent = 0; sent < size;) {
        const auto more =
            ::send(to, buffer.data() + sent, static_cast<std::size_t>(size - sent), MSG_NOSIGNAL);
        if (more <= 0) return false;
        sent += more;
    }
    return true;
}

}  // namespace tests
