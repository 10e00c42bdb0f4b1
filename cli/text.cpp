#include "cli/text.hpp"

#include <algorithm>

namespace tutti::cli {

std::string printable(std::string_view text) {
    constexpr std::size_t shown_max = 200;
    std::string shown(text.substr(0, shown_max));
    std::ranges::replace_if(shown, [](char c) { return c < ' ' || c > '~'; }, '?');
    return text.size() > shown_max ? shown + "..." : shown;
}

std::string in_quotes(std::string_view text) { return "'" + printable(text) + "'"; }

std::string left_aligned(std::string_view text, std::size_t width) {
    return std::string(text).append(width - std::min(width, text.size()), ' ');
}

std::string right_aligned(std::string_view text, std::size_t width) {
    return std::string(width - std::min(width, text.size()), ' ').append(text);
}

}  // namespace tutti::cli
