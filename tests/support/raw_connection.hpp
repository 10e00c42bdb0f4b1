// A TCP connection to this machine that sends what it is told: for what a well-behaved client would
// not send. Sending and reading give up after 5 s.
//
// Thread-safety: none.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tests {

class RawConnection {
public:
    explicit RawConnection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const timeval patience{.tv_sec = 5, .tv_usec = 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    ~RawConnection() { ::close(socket_); }
    RawConnection(const RawConnection&) = delete;
    RawConnection& operator=(const RawConnection&) = delete;

    [[nodiscard]] bool connected() const { return connected_; }

    // False when the peer has gone.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    // Nothing more is sent.
    void finish() { ::shutdown(socket_, SHUT_WR); }

    // Everything up to and including `end`, or what came before the peer closed or fell silent.
    std::string read_until(std::string_view end) {
        while (!received_.contains(end) && receive()) {
        }
        const auto at = received_.find(end);
        const auto length = at == std::string::npos ? received_.size() : at + end.size();
        std::string text = received_.substr(0, length);
        received_.erase(0, length);
        return text;
    }
    // What is there, at least a byte; empty when the peer closed or fell silent.
    std::string read_some() {
        if (received_.empty()) receive();
        return std::exchange(received_, {});
    }
    std::string read_all() {
        while (receive()) {
        }
        return std::exchange(received_, {});
    }

private:
    bool receive() {
        std::array<char, 4096> block{};
        const auto got = ::recv(socket_, block.data(), block.size(), 0);
        if (got <= 0) return false;
        received_.append(block.data(), static_cast<std::size_t>(got));
        return true;
    }

    int socket_;
    bool connected_ = false;
    std::string received_;
};

}  // namespace tests
