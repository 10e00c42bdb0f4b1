// What a handle of a cache says of its declaration: the pattern, and the types of keys and values.
#pragma once

#include "tutti/cache.hpp"
#include "tutti/detail/spec.hpp"
#include "tutti/near.hpp"
#include "tutti/pattern.hpp"

namespace tutti::detail {

template <class Handle>
struct HandleOf;

template <class K, class V>
struct HandleOf<Coherent<K, V>> {
    static constexpr Pattern pattern = Pattern::coherent;
    using Types = CacheOf<K, V>;
};
template <class K, class V>
struct HandleOf<Shared<K, V>> {
    static constexpr Pattern pattern = Pattern::shared;
    using Types = CacheOf<K, V>;
};
template <class K, class V>
struct HandleOf<Local<K, V>> {
    static constexpr Pattern pattern = Pattern::local;
    using Types = CacheOf<K, V>;
};
template <class K, class V>
struct HandleOf<Near<K, V>> {
    static constexpr Pattern pattern = Pattern::near;
    using Types = CacheOf<K, V>;
};

template <class Handle>
concept IsCacheHandle = requires { typename HandleOf<Handle>::Types; };

}  // namespace tutti::detail
