// What is text: which bytes a JSON document, a terminal and a line of a log take as they are.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tutti/clock.hpp"

namespace tutti {

// The length of the well-formed UTF-8 sequence at the start of `text`, or 0. Requires: not empty.
[[nodiscard]] std::size_t utf8_sequence(std::string_view text) noexcept;

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;
// The same, without control characters.
[[nodiscard]] bool is_plain_text(std::string_view text) noexcept;

// "1500 ms", as every message says it.
[[nodiscard]] std::string in_milliseconds(Duration duration);

// For an error or a terminal, of bytes that come from outside: the first `bytes_max` of them, with
// a question mark in place of each that is not printable ASCII.
[[nodiscard]] std::string shown(std::string_view text, std::size_t bytes_max);

}  // namespace tutti
