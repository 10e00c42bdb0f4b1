// Optionals of values of many words, without what GCC 12 does with them beside.
#pragma once

#include <optional>

namespace tutti::detail {

// What `make` returns, built where it is returned.
[[gnu::always_inline]] inline auto built(auto make) {
    return std::optional<int>(0).transform([&](int)
                                               __attribute__((always_inline)) { return make(); });
}
// Declared empty, all of it would be filled with zeros.
template <class T>
[[gnu::always_inline]] inline std::optional<T> nothing() noexcept {
    return std::nullopt;
}

}  // namespace tutti::detail
