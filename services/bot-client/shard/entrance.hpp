// Where a session begins: the answer of GET /gateway/bot, and the address of a stream of payloads.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bot-client/shard/decompression.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::shard {

// Sessions that the bot may still begin, all of its processes together. Not to be kept.
struct SessionStarts {
    std::int64_t total = 0;
    std::int64_t remaining = 0;
    Duration reset_after{};
    std::int64_t max_concurrency = 1;  // in five seconds
};

struct Entrance {
    std::string url;  // as Discord says it; see stream_url
    std::int64_t shards = 1;
    SessionStarts starts;
};

// Errors: protocol.
[[nodiscard]] Result<Entrance> read_entrance(std::string_view body);

// With what Discord needs to know about this stream. The token will go there, so it must be wss://,
// save on this machine. Errors: protocol.
[[nodiscard]] Result<std::string> stream_url(std::string_view base, Compression compression);

}  // namespace tutti::services::bot::shard
