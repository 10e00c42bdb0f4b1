// What an answer of Discord says about limits. Headers are untrusted: what is not a number within
// its bounds counts as absent.
//
// Thread-safety: a pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/http/message.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::bot::rest {

struct BucketFacts {
    std::string hash;
    std::int64_t limit = 0;  // at least one
    std::int64_t remaining = 0;
    Duration reset_after{};
};

enum class LimitScope : std::uint8_t {
    none,    // not said
    user,    // of the bot, for this bucket
    global,  // of the bot, for everything
    shared,  // of all who use this resource
};

inline constexpr std::int64_t unknown_webhook = 10015;

struct AnswerFacts {
    int status = 0;
    std::optional<BucketFacts> bucket;
    // Of a 429:
    LimitScope scope = LimitScope::none;
    Duration retry_after{};
    // Of an error, Discord's own number, such as unknown_webhook.
    std::int64_t code = 0;
};

[[nodiscard]] AnswerFacts read_answer(const http::Response& response);

}  // namespace tutti::services::bot::rest
