// How keys are hashed, and what they are looked up by.
//
// A hash that declares `KeyView` says which type a key is looked up by, and hashes that: a
// std::string by a std::string_view, so that a lookup allocates nothing. Other keys are looked up
// by themselves.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace tutti {

template <class K>
struct KeyHash : std::hash<K> {};

template <>
struct KeyHash<std::string> {
    using KeyView = std::string_view;
    [[nodiscard]] std::size_t operator()(std::string_view key) const noexcept {
        return std::hash<std::string_view>{}(key);
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
