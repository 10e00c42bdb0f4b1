// A text cut to what it may have at most.
//
// Thread-safety: a pure function.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace tutti::services::process {

// At most `bytes_max` of them, and no part of a character of UTF-8 at the end. Borrowed from
// `text`.
[[nodiscard]] constexpr std::string_view cut_utf8(std::string_view text,
                                                  std::size_t bytes_max) noexcept {
    std::size_t end = std::min(text.size(), bytes_max);
    const auto inside_a_character = [&] {
        return end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U;
    };
    while (end > 0 && inside_a_character()) --end;
    return text.substr(0, end);
}

}  // namespace tutti::services::process
