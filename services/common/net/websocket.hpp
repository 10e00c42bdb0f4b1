// A connection of a WebSocket client (RFC 6455), plain or TLS, with blocking operations that keep a
// deadline. The calling thread runs the I/O itself: what arrives is read while it waits in one of
// these functions, one message at a time, so that an owner that is slow slows its peer down.
//
//     auto socket = WebSocket::make({.url = *parse_websocket_url(url), ...});
//     if (auto opened = (*socket)->open(addresses, deadline); !opened) ...
//     while (const auto event = (*socket)->next(deadline)) ...
//
// Pings of the peer are answered. Fragments are put together, up to the bound of a message. No
// compression of the protocol's own is offered.
//
// Thread-safety: one thread at a time, but `wake` and `cancel` from any thread at any time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/net/transport.hpp"
#include "common/net/url.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::net {

class WebSocket {
public:
    struct Options {
        HttpUrl url{};  // https for wss; see parse_websocket_url
        std::string user_agent = "tutti";
        std::size_t message_bytes_max = 1UL << 20U;
        std::shared_ptr<TrustedRoots> roots{};  // null for a plain one
    };

    struct Message {
        std::string bytes;  // of a text or a binary one
    };
    struct Pong {};
    // The last event.
    struct Closed {
        std::optional<std::uint16_t> code;  // of the peer's closing, when there was one
        Error why;                          // too_large: a message was over the bound
    };
    using Event = std::variant<Message, Pong, Closed>;

    virtual ~WebSocket() = default;

    // Errors: unavailable (the process has no descriptor left).
    [[nodiscard]] static Result<std::unique_ptr<WebSocket>> make(Options options);

    // TCP, TLS and the handshake. Once. Errors: as Transport::connect; protocol when the peer
    // declines.
    [[nodiscard]] virtual Result<void> open(const Addresses& addresses, TimePoint deadline) = 0;

    // Requires, from here on: it was opened.
    // A text message. After an error the next events end in Closed.
    [[nodiscard]] virtual Result<void> send(std::string_view text, TimePoint deadline) = 0;
    // Asks for a Pong.
    [[nodiscard]] virtual Result<void> ping(TimePoint deadline) = 0;
    // Nothing: the deadline has passed, or `wake` was called.
    [[nodiscard]] virtual std::optional<Event> next(TimePoint deadline) = 0;
    // Says goodbye and waits for the peer's; at `deadline` the socket is closed without. The last
    // call.
    virtual void close(std::uint16_t code, TimePoint deadline) = 0;

    // Ends a `next` in progress, or the one that comes. Does not block.
    virtual void wake() = 0;
    // Ends the operation in progress, and every later one. Does not block.
    virtual void cancel() = 0;
};

}  // namespace tutti::services::net
