// How keys are hashed, and what they are looked up by.
//
// A hash that declares `KeyView` says which type a key is looked up by, and hashes that: a
// std::string by a std::string_view, so that a lookup allocates nothing. Other keys are looked up
// by themselves.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

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

// A factor may be zero; then what is added to the product tells texts apart.
[[nodiscard]] inline std::uint64_t added(std::uint64_t a, std::uint64_t b) noexcept {
    const std::uint64_t one = a ^ odd_numbers[1];
    return mixed(one, b ^ odd_numbers[2]) ^ one ^ b;
}
[[nodiscard]] inline std::uint64_t eight_bytes(const char* from) noexcept {
    std::uint64_t word{};
    std::memcpy(&word, from, sizeof word);
    return word;
}
[[nodiscard]] inline std::uint64_t four_bytes(const char* from) noexcept {
    std::uint32_t word{};
    std::memcpy(&word, from, sizeof word);
    return word;
}
// Up to seven bytes, zeros behind them. Requires: length is below 8.
[[nodiscard, gnu::always_inline]] inline std::uint64_t few_bytes(const char* from,
                                                                 std::size_t length) noexcept {
    if (length >= 4) {
        return four_bytes(from) | four_bytes(from + length - 4) << (8 * (length - 4));
    }
    if (length == 0) return 0;
    const auto byte = [&](std::size_t i) {
        return std::uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
    };
    return byte(0) | byte(length / 2) | byte(length - 1);
}

// Text of up to 23 characters: zeros behind it, and in the last byte its length.
using ShortText = std::array<std::uint64_t, 3>;
inline constexpr std::size_t short_text_max = 23;
static_assert(std::endian::native == std::endian::little);

[[nodiscard, gnu::always_inline]] inline ShortText short_text(std::string_view text) noexcept {
    const char* const begin = text.data();
    const std::size_t length = text.size();
    const std::uint64_t last = std::uint64_t{length} << 56;
    if (length < 8) return {few_bytes(begin, length), 0, last};
    const auto behind = [&](std::size_t words) {  // the last of `words` words, if there is any
        return eight_bytes(begin + length - 8) >> (8 * (8 * words - length));
    };
    const std::uint64_t first = eight_bytes(begin);
    if (length == 8) return {first, 0, last};
    if (length < 16) return {first, behind(2), last};
    if (length == 16) return {first, eight_bytes(begin + 8), last};
    return {first, eight_bytes(begin + 8), behind(3) | last};
}
[[nodiscard, gnu::always_inline]] inline std::size_t hash_of(const ShortText& text) noexcept {
    return added(text[0], text[1]) ^ mixed(text[2] ^ odd_numbers[1], odd_numbers[0]);
}

}  // namespace detail

template <class K>
struct KeyHash : std::hash<K> {};

// Of all bytes, eight at a time, by folded multiplication: a quarter of the instructions of
// std::hash for twenty characters.
template <>
struct KeyHash<std::string> {
    using KeyView = std::string_view;
    [[nodiscard]] std::size_t operator()(std::string_view key) const noexcept {
        if (key.size() <= detail::short_text_max) return detail::hash_of(detail::short_text(key));
        const char* const end = key.data() + key.size();
        std::uint64_t state = key.size() * detail::odd_numbers[0];
        for (const char* at = key.data(); end - at > 16; at += 16) {
            state = detail::added(state ^ detail::eight_bytes(at), detail::eight_bytes(at + 8));
        }
        return detail::added(state ^ detail::eight_bytes(end - 16), detail::eight_bytes(end - 8));
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
