// A server on loopback whose behaviour is a script, byte by byte: what a well-behaved one would not
// do.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace tutti::services::testing {

// Accepts one connection after another and lets a script do the rest with the socket.
class ScriptedServer {
public:
    using Script = std::function<void(int socket, int connection)>;

    explicit ScriptedServer(Script script) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(socket_, generic, size), 0);
        EXPECT_EQ(::listen(socket_, 16), 0);
        ::getsockname(socket_, generic, &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this, script = std::move(script)] {
            for (int i = 0;; ++i) {
                const int peer = ::accept(socket_, nullptr, nullptr);
                if (peer < 0) return;
                connections_ = i + 1;
                script(peer, i);
                ::close(peer);
            }
        });
    }
    ~ScriptedServer() {
        ::shutdown(socket_, SHUT_RDWR);
        thread_.join();
        ::close(socket_);
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(port_) + '/';
    }
    [[nodiscard]] int connections() const { return connections_; }

    static void read_request(int socket) {
        std::string text;
        std::array<char, 4096> block{};
        while (!text.contains("\r\n\r\n")) {
            const auto got = ::recv(socket, block.data(), block.size(), 0);
            if (got <= 0) return;
            text.append(block.data(), static_cast<std::size_t>(got));
        }
    }
    static void send(int socket, std::string_view bytes) {
        [[maybe_unused]] const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    // Until the client leaves.
    static void wait_for_end(int socket) {
        std::array<char, 4096> block{};
        while (::recv(socket, block.data(), block.size(), 0) > 0) {
        }
    }

private:
    int socket_;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_{0};
    std::jthread thread_;
};

}  // namespace tutti::services::testing
