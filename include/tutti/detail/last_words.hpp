// How a broken requirement ends the program: with a line that says what was wrong and what to do.
#pragma once

#include <string_view>

namespace tutti::detail {

// "tutti: <text>" on stderr, then std::abort. Async-signal-unsafe; any thread.
[[noreturn]] void last_words(std::string_view text) noexcept;

}  // namespace tutti::detail
