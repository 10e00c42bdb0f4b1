#include "tutti/canonical.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <span>
#include <string>
#include <string_view>

namespace tutti {
namespace {

// A list without parts: no part can end in a lone '%'.
constexpr const char* no_parts = "%";

void append_escaped(std::string& out, std::string_view part) {
    for (const char c : part) {
        switch (c) {
        case ':': out += "%3A"; break;
        case '%': out += "%25"; break;
        default: out += c;
        }
    }
}

}  // namespace

std::string without_query(std::string_view url) {
    return std::string(url.substr(0, url.find_first_of("?#")));
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lower;
}

std::string sha256_hex(std::string_view text) {
    std::array<unsigned char, 32> digest{};
    // It fails only for want of memory, or when the process has no SHA-256 at all.
    if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
        throw std::bad_alloc();
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(2 * digest.size());
    for (const unsigned char byte : digest) {
        hex += digits[byte >> 4U];
        hex += digits[byte & 0xFU];
    }
    return hex;
}

std::string composite(std::span<const std::string_view> parts) {
    if (parts.empty()) return no_parts;
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) text += ':';
        append_escaped(text, parts[i]);
    }
    return text;
}

}  // namespace tutti
