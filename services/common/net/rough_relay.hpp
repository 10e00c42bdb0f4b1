// Stands between clients and a stand-in's own server, byte by byte, and does what a server of
// ours never would: an answer with the field `X-Rough: cut` loses its second half and the
// connection, one with `X-Rough: pieces <ms>` comes in eight pieces, with that pause before each.
// All else passes as it is.
//
// Thread-safety: the constructor and `stop` on one thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "tutti/error.hpp"

namespace tutti::services::net {

inline constexpr const char* rough_field = "X-Rough";

class RoughRelay {
public:
    // Listens on 127.0.0.1 when it returns. Errors: unavailable.
    [[nodiscard]] static Result<std::unique_ptr<RoughRelay>> start(std::uint16_t port,
                                                                   std::uint16_t server_port);
    ~RoughRelay();
    RoughRelay(const RoughRelay&) = delete;
    RoughRelay& operator=(const RoughRelay&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    // Closes everything. Idempotent.
    void stop();

private:
    struct Connection {
        std::atomic<bool> ended = false;  // set by the thread, which is then joined
        std::jthread thread;
    };

    RoughRelay(int listener, std::uint16_t port, std::uint16_t server_port);
    void accept_all(const std::stop_token& stop);
    void relay(int client, const std::stop_token& stop);
    void deliver(int client, const std::string& answer, const std::stop_token& stop);

    const int listener_;
    const std::uint16_t port_;
    const std::uint16_t server_port_;
    std::list<Connection> connections_;  // of the accepting thread
    std::jthread thread_;
};

}  // namespace tutti::services::net
