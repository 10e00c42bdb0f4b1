// How the memory of a cache keeps its keys: numbers as numbers, because their text can be read
// back; all others as their text.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "tutti/key.hpp"

namespace tutti::detail {

// A number whose text is its digits, and nothing that a KeyText of the user's makes of it.
template <class K>
concept NumberKey = sizeof(K) <= sizeof(std::uint64_t) &&
                    requires { requires std::same_as<typename KeyText<K>::DigitsOf, K>; };

// How the keys of a cache are kept.
template <class K>
struct MemoryKey {
    using Stored = std::string;
    static decltype(auto) of(const K& key) { return KeyText<K>::text(key); }
    static std::optional<std::string_view> of_text(std::string_view text) { return text; }
    static std::string_view text(const Stored& key) noexcept { return key; }
};
template <class K>
struct NumberOf : std::type_identity<K> {};
template <class K>
    requires std::is_enum_v<K>
struct NumberOf<K> : std::underlying_type<K> {};
template <NumberKey K>
struct MemoryKey<K> {
    using Stored = std::conditional_t<std::is_signed_v<typename NumberOf<K>::type>, std::int64_t,
                                      std::uint64_t>;
    static Stored of(K key) noexcept { return static_cast<Stored>(key); }
    static IntegerText text(Stored key) noexcept { return IntegerText(key); }
    // Nothing for what no key's text is.
    static std::optional<Stored> of_text(std::string_view text) noexcept {
        Stored number{};
        const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
        if (read.ec != std::errc{} || std::string_view(IntegerText(number)) != text) {
            return std::nullopt;
        }
        return number;
    }
};

}  // namespace tutti::detail
