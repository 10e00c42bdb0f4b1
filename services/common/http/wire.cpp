#include "common/http/wire.hpp"

#include <algorithm>
#include <array>

namespace tutti::services::http::wire {

bool is_token(std::string_view text) {
    static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               others.contains(c);
    });
}

bool is_field_value(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (static_cast<unsigned char>(c) >= 0x20 || c == '\t') && c != '\x7f';
    });
}

bool is_target(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_managed_field(std::string_view name) {
    constexpr std::array<std::string_view, 6> managed{"content-length",    "connection", "host",
                                                      "transfer-encoding", "keep-alive", "expect"};
    Headers one;
    one.add(std::string(name), {});
    return std::ranges::any_of(managed,
                               [&](std::string_view m) { return one.find(m).has_value(); });
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace tutti::services::http::wire
