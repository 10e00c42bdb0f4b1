// How keys are hashed, and what they are looked up by.
//
// A hash that declares `KeyView` says which type a key is looked up by, and hashes that: a
// std::string by a std::string_view, so that a lookup allocates nothing. Other keys are looked up
// by themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace tutti {

namespace detail {

__extension__ typedef unsigned __int128 Wide;  // NOLINT(modernize-use-using): `using` warns

// Both halves of a product: each bit of the result depends on all.
[[nodiscard]] inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Half of their bits are set; the fractions of the golden ratio, of pi and of e.
inline constexpr std::uint64_t odd_numbers[] = {0x9e3779b97f4a7c15, 0x243f6a8885a308d3,
                                                0xb7e151628aed2a6b};

// A factor may be zero; then the other one is left.
[[nodiscard]] inline std::uint64_t added(std::uint64_t a, std::uint64_t b) noexcept {
    const std::uint64_t one = a ^ odd_numbers[1];
    return mixed(one, b ^ odd_numbers[2]) ^ one;
}
[[nodiscard]] inline std::uint64_t eight_bytes(const char* from) noexcept {
    std::uint64_t word{};
    std::memcpy(&word, from, sizeof word);
    return word;
}
// Every byte of a text of up to 16 is in one of two words. Its length is not.
[[nodiscard]] inline std::pair<std::uint64_t, std::uint64_t> ends(const char* text,
                                                                  std::size_t length) noexcept {
    if (length >= 8) return {eight_bytes(text), eight_bytes(text + length - 8)};
    std::uint64_t word = 0;
    if (length >= 4) {
        std::uint32_t low{};
        std::uint32_t high{};
        std::memcpy(&low, text, sizeof low);
        std::memcpy(&high, text + length - sizeof high, sizeof high);
        word = std::uint64_t{high} << 32 | low;
    } else if (length > 0) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
        word = std::uint64_t{byte(0)} | std::uint64_t{byte(length / 2)} << 8 |
               std::uint64_t{byte(length - 1)} << 16;
    }
    return {word, 0};
}

}  // namespace detail

template <class K>
struct KeyHash : std::hash<K> {};

// Of all bytes, eight at a time, by folded multiplication: a third of the instructions of std::hash
// for twenty characters.
template <>
struct KeyHash<std::string> {
    using KeyView = std::string_view;
    [[nodiscard]] std::size_t operator()(std::string_view key) const noexcept {
        const char* at = key.data();
        std::size_t left = key.size();
        std::uint64_t state = left * detail::odd_numbers[0];
        for (; left > 16; left -= 16, at += 16) {
            state = detail::added(state ^ detail::eight_bytes(at), detail::eight_bytes(at + 8));
        }
        const auto [first, last] = detail::ends(at, left);
        return detail::added(state ^ first, last);
    }
};

namespace detail {

template <class K, class Hash>
struct KeyViewOf {
    using type = const K&;
};
template <class K, class Hash>
    requires requires { typename Hash::KeyView; }
struct KeyViewOf<K, Hash> {
    using type = typename Hash::KeyView;
};

}  // namespace detail

// What a key is looked up by; converts from K.
template <class K, class Hash>
using KeyViewOf = typename detail::KeyViewOf<K, Hash>::type;

}  // namespace tutti
