// A text in pieces that Discord takes as messages: it counts UTF-16 units.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::services::bot::sending {

// As many messages as a reply may be; what is longer is cut.
inline constexpr std::size_t pieces_max = 10;

[[nodiscard]] std::size_t utf16_units(std::string_view text) noexcept;

// The same text always gives the same pieces. Each ends where it hurts least: at a paragraph, a
// line, a sentence, a word, and never inside of a character. Without white space at their ends,
// which Discord does not keep; none is empty.
[[nodiscard]] std::vector<std::string> pieces_of(std::string_view text, std::size_t units_max,
                                                 std::size_t count_max = pieces_max);

}  // namespace tutti::services::bot::sending
