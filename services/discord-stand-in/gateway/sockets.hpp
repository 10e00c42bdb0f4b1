// A server of WebSockets on 127.0.0.1, for the gateway: one thread for all connections. What is
// sent is compressed there, as the target of the connection asks.
//
// Thread-safety: all functions may be called from any thread and do not block, but for `start`,
// `stop` and the destructor, which no callback may call. What is said to a connection that has
// ended is dropped.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tutti/error.hpp"

namespace tutti::services::discord::gateway {

class Sockets {
public:
    using Connection = std::uint64_t;

    // On the thread of the sockets.
    struct Callbacks {
        std::function<void(Connection connection, const std::string& query)> opened;
        std::function<void(Connection connection, std::string text)> received;
        // It has ended, whoever ended it.
        std::function<void(Connection connection, std::optional<std::uint16_t> code)> closed;
        std::function<void()> tick;
    };
    struct Options {
        std::uint16_t port = 0;  // 0 = a free one
        std::size_t message_bytes_max = 64U << 10U;
        std::size_t unsent_bytes_max = 64U << 20U;  // of a connection; above: dropped
        std::size_t connections_max = 4'096;        // above: refused
        std::chrono::milliseconds tick_every{50};
        Callbacks callbacks{};
    };

    // Listens when it returns. Errors: unavailable.
    [[nodiscard]] static Result<std::unique_ptr<Sockets>> start(Options options);
    ~Sockets();
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;

    void send(Connection connection, std::string payload);
    void compress_payloads(Connection connection);
    void close(Connection connection, std::uint16_t code);
    void drop(Connection connection);
    // Drops all of them. No callback follows. Idempotent.
    void stop();

private:
    class Impl;
    explicit Sockets(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services::discord::gateway
