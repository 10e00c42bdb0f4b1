// What a Redis answers, as a tree of values, and how large it may be.
//
// Thread-safety: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::redis {

struct Reply {
    // `oversized` stands in place of a text that is over the limit: it was skipped and not kept,
    // and the connection goes on. So what needs a text must look at the type.
    enum class Type : std::uint8_t { nil, status, text, integer, error, array, oversized };

    Type type = Type::nil;
    std::int64_t integer = 0;  // also of `oversized`: how many bytes it has
    std::string text;          // of status, text and error
    std::vector<Reply> items;  // of array

    [[nodiscard]] bool is(Type other) const noexcept { return type == other; }
    // An error whose first word is `code`.
    [[nodiscard]] bool is_error(std::string_view code) const noexcept {
        return type == Type::error && text.starts_with(code) &&
               (text.size() == code.size() || text[code.size()] == ' ');
    }
};

[[nodiscard]] constexpr std::string_view to_string(Reply::Type type) noexcept {
    switch (type) {
    case Reply::Type::nil: return "nil";
    case Reply::Type::status: return "status";
    case Reply::Type::text: return "text";
    case Reply::Type::integer: return "integer";
    case Reply::Type::error: return "error";
    case Reply::Type::array: return "array";
    case Reply::Type::oversized: return "oversized";
    }
    return "unknown";
}

// A text over its limit is `oversized`. Items over theirs are Errc::protocol, and the end of the
// connection: each costs far more memory than the few bytes that announce it.
struct ReplyLimits {
    std::size_t text_bytes_max = 64UL * 1024 * 1024;                  // of one text
    std::size_t bytes_max = std::numeric_limits<std::size_t>::max();  // of all texts of one reply
    std::size_t array_items_max = 16'384;                             // of one array
    std::size_t items_max = 131'072;  // of one reply, in all its arrays
};

}  // namespace tutti::redis
