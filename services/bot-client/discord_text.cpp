#include "bot-client/discord_text.hpp"

namespace tutti::services::bot {

std::string shortened(std::string text, std::size_t units_max) {
    std::size_t units = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xC0U) == 0x80) continue;
        units += byte >= 0xF0 ? 2 : 1;
        if (units <= units_max) continue;
        text.resize(i);
        break;
    }
    return text;
}

std::string shown_as_is(std::string_view name, std::size_t units_max) {
    constexpr std::string_view markup = "\\*_~`|<>[]()#:@";
    std::string shown;
    for (const char c : shortened(std::string(name), units_max)) {
        const bool control = static_cast<unsigned char>(c) < 0x20 || c == '\x7F';
        if (markup.contains(c)) shown += '\\';
        shown += control ? ' ' : c;
    }
    return shown;
}

}  // namespace tutti::services::bot
