// Names that occur nowhere else: 128 random bits as 32 hexadecimal digits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace tutti {

inline constexpr std::size_t token_bytes = 32;

[[nodiscard]] inline std::string random_token(const std::function<std::uint64_t()>& random) {
    constexpr const char* digits = "0123456789abcdef";
    std::string token;
    token.reserve(token_bytes);
    while (token.size() < token_bytes) {
        const std::uint64_t drawn = random();
        for (int shift = 60; shift >= 0; shift -= 4) token += digits[drawn >> shift & 0xf];
    }
    return token;
}

}  // namespace tutti
