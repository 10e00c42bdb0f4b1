// Text for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tutti::cli {

// With a question mark for each byte that a terminal might obey; cut when it is long.
[[nodiscard]] std::string printable(std::string_view text);
// The same in quotes.
[[nodiscard]] std::string in_quotes(std::string_view text);

// Filled with spaces to a width; as it is when it is wider.
[[nodiscard]] std::string left_aligned(std::string_view text, std::size_t width);
[[nodiscard]] std::string right_aligned(std::string_view text, std::size_t width);

}  // namespace tutti::cli
