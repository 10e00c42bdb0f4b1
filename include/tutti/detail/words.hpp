// The words of an entry, which may be changing while they are read, and copies of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tutti/detail/atomic.hpp"

namespace tutti::detail {

using Word = Atomic<std::uint64_t>;

[[nodiscard]] inline std::uint64_t loaded(const Word& word) noexcept {
    return word.load(std::memory_order_relaxed);
}
[[nodiscard]] inline std::uint64_t loaded(std::uint64_t copy) noexcept { return copy; }

template <std::size_t Size>
[[nodiscard, gnu::always_inline]] inline std::array<std::uint64_t, Size> load_words(
    const auto& from) noexcept {
    std::array<std::uint64_t, Size> words;
#pragma GCC unroll 16
    for (std::size_t i = 0; i < Size; ++i) words[i] = loaded(from[i]);
    return words;
}
template <std::size_t Size>
inline void store_words(Word* to, const std::array<std::uint64_t, Size>& words) noexcept {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < Size; ++i) to[i].store(words[i], std::memory_order_relaxed);
}

}  // namespace tutti::detail
