// How a key is written as text: in memory, in the store and on the bus, everywhere the same.
//
// Strings, integers, enumerations and types with a member `key_text()` work as they are. For another
// type specialise `KeyText`: `static std::string text(const K&)`. Two keys that are equal must have the
// same text, and two that differ must not; a composite key needs a separator that its parts cannot
// contain.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
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
    static detail::IntegerText text(K key) noexcept { return detail::IntegerText(key); }
};

template <class K>
    requires std::is_enum_v<K>
struct KeyText<K> {
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

// A type that can be a cache's key.
template <class K>
concept Key = std::copy_constructible<K> && requires(const K& key) {
    { KeyText<K>::text(key) } -> std::convertible_to<std::string_view>;
};

}  // namespace tutti
