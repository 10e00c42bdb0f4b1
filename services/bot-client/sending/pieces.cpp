#include "bot-client/sending/pieces.hpp"

#include <algorithm>
#include <array>

namespace tutti::services::bot::sending {
namespace {

constexpr std::string_view white = " \t\r\n";

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }
std::size_t units_of(char first) { return static_cast<unsigned char>(first) >= 0xF0 ? 2 : 1; }

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(white);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white) - first + 1);
}

// The longest beginning of whole characters with at most that many units, in bytes.
std::size_t bytes_within(std::string_view text, std::size_t units_max) {
    std::size_t units = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!begins_character(text[i])) continue;
        units += units_of(text[i]);
        if (units > units_max) return i;
    }
    return text.size();
}

// Where a piece of at most `longest` bytes ends; in its second half, so that pieces stay few.
std::size_t end_of_piece(std::string_view text, std::size_t longest) {
    constexpr std::array<std::string_view, 6> ends{"\n\n", "\n", ". ", "! ", "? ", " "};
    for (const std::string_view end : ends) {
        const std::size_t found = text.substr(0, longest + 1).rfind(end);
        if (found != std::string_view::npos && found >= longest / 2) {
            return std::min(longest, found + (end.size() == 2 && end[1] == ' ' ? 1 : 0));
        }
    }
    return longest;
}

}  // namespace

std::size_t utf16_units(std::string_view text) noexcept {
    std::size_t units = 0;
    for (const char c : text) units += begins_character(c) ? units_of(c) : 0;
    return units;
}

std::vector<std::string> pieces_of(std::string_view text, std::size_t units_max,
                                   std::size_t count_max) {
    std::vector<std::string> pieces;
    text = trimmed(text);
    while (!text.empty() && pieces.size() < count_max) {
        const std::size_t longest = bytes_within(text, units_max);
        const std::size_t end = longest == text.size() ? longest : end_of_piece(text, longest);
        pieces.emplace_back(trimmed(text.substr(0, end)));
        text = trimmed(text.substr(end));
    }
    return pieces;
}

}  // namespace tutti::services::bot::sending
