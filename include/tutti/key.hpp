// How a key is written as text: in memory, in the store and on the bus, everywhere the same.
//
// Strings, integers, enumerations and types with a member `key_text()` work as they are. For
// another type specialise `KeyText`: `static std::string text(const K&)`. A key owns its text:
// views and pointers are refused. Two keys that are equal must have the same text, and two that
// differ must not; a composite key needs a separator that its parts cannot contain. When `text`
// throws, the call answers Errc::invalid_option; where it cannot say so (`forget`, a cooldown) the
// exception leaves the call.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <functional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>

namespace tutti {

template <class K>
struct KeyText;

namespace detail {

// Decimal digits without an allocation.
class IntegerText {
public:
    template <std::integral I>
    explicit IntegerText(I value) noexcept {
        size_ = static_cast<std::size_t>(
            std::to_chars(digits_.data(), digits_.data() + digits_.size(), value).ptr -
            digits_.data());
    }
    operator std::string_view() const noexcept {  // NOLINT(google-explicit-constructor)
        return {digits_.data(), size_};
    }

private:
    std::array<char, 24> digits_{};
    std::size_t size_ = 0;
};

}  // namespace detail

template <class K>
    requires std::convertible_to<const K&, std::string_view>
struct KeyText<K> {
    static std::string_view text(const K& key) noexcept { return key; }
};

template <class K>
    requires(std::integral<K> && !std::same_as<K, bool> && !std::same_as<K, char>)
struct KeyText<K> {
    using DigitsOf = K;  // not of a type whose KeyText makes use of this one
    static detail::IntegerText text(K key) noexcept { return detail::IntegerText(key); }
};

template <class K>
    requires std::is_enum_v<K>
struct KeyText<K> {
    using DigitsOf = K;
    static detail::IntegerText text(K key) noexcept {
        return detail::IntegerText(static_cast<std::underlying_type_t<K>>(key));
    }
};

template <class K>
    requires(!std::convertible_to<const K&, std::string_view>) && requires(const K& key) {
        { key.key_text() } -> std::convertible_to<std::string_view>;
    }
struct KeyText<K> {
    static decltype(auto) text(const K& key) { return key.key_text(); }
};

// A type that has a text.
template <class K>
concept TextKey = requires(const K& key) {
    { KeyText<K>::text(key) } -> std::convertible_to<std::string_view>;
};

namespace detail {

// A key that points to characters that another object owns.
template <class K>
inline constexpr bool borrows_its_text =
    std::is_pointer_v<K> || std::ranges::view<K> || std::ranges::borrowed_range<K> || requires {
        typename K::type;
        requires std::same_as<K, std::reference_wrapper<typename K::type>>;
    };

template <class K>
consteval bool owns_its_text() {
    static_assert(std::same_as<K, std::remove_cvref_t<K>>,
                  "a cache's key type K is a plain type, without const, volatile and &: "
                  "`node.coherent<std::string, V>`; what a cache keeps is const by itself");
    static_assert(
        !borrows_its_text<K>,
        "a cache's key must own its text, because it outlives the call that names it: a load "
        "goes on when its reader has timed out; use std::string instead of std::string_view, "
        "const char*, std::span or std::reference_wrapper");
    return true;
}

}  // namespace detail

// A type that can be a cache's key. It is copied, and the copy is used when the call has returned.
template <class K>
concept Key = std::copy_constructible<K> && TextKey<K> && detail::owns_its_text<K>();

}  // namespace tutti
