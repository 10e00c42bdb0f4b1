// What goes over the gateway of Discord, version 10, as JSON: {"op", "d", "s", "t"}. All that comes
// is untrusted: what is not as it should be is an error and never a default.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/process/secret.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/json/limits.hpp"

namespace tutti::services::bot::shard {

enum class Opcode : std::uint8_t {
    dispatch = 0,
    heartbeat = 1,  // both ways
    identify = 2,
    resume = 6,
    reconnect = 7,
    invalid_session = 9,
    hello = 10,
    heartbeat_ack = 11,
};

// Of one payload. A large guild has some ten thousand values.
inline constexpr JsonLimits payload_limits{
    .bytes_max = 8UL << 20U, .depth_max = 64, .values_max = 1UL << 19U};
// What Discord takes from us.
inline constexpr std::size_t sent_bytes_max = 4096;

using Sequence = std::int64_t;

struct PayloadHead {
    std::int64_t op = 0;
    std::optional<Sequence> s;
    std::optional<std::string> t;
};

// Where a session that broke goes on.
struct SessionPlace {
    std::string session_id;
    std::string resume_gateway_url;

    friend bool operator==(const SessionPlace&, const SessionPlace&) = default;
};
// A session as another connection may take it up, of this process or of another one.
struct Resumption {
    SessionPlace place;
    Sequence last = 0;  // everything up to here was passed on

    friend bool operator==(const Resumption&, const Resumption&) = default;
};

// Errors: protocol, too_large.
[[nodiscard]] Result<PayloadHead> read_head(std::string_view text);
// The interval of heartbeats: a second to ten minutes.
[[nodiscard]] Result<Duration> read_hello(std::string_view text);
[[nodiscard]] Result<SessionPlace> read_ready(std::string_view text);
// Whether the session may be resumed. What says neither is no.
[[nodiscard]] bool read_invalid_session(std::string_view text);

// What is sent. With a token in it: never logged.
struct Introduction {
    process::Secret token;
    std::uint32_t intents;
    std::uint32_t shard_id;
    std::uint32_t shard_count;
};
[[nodiscard]] std::string identify_payload(const Introduction& who);
[[nodiscard]] std::string resume_payload(const process::Secret& token, const std::string& session,
                                         Sequence last);
[[nodiscard]] std::string heartbeat_payload(std::optional<Sequence> last);

}  // namespace tutti::services::bot::shard
