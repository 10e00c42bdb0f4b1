// The words of an entry, which may be changing while they are read, and copies of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

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

// The first bytes of words. Word by word: a copy by wider pieces would wait until words that were
// just stored are in the cache.
template <std::size_t Bytes>
[[gnu::always_inline]] inline void load_bytes(const auto& from, std::byte* to) noexcept {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < (Bytes + 7) / 8; ++i) {
        const std::uint64_t word = loaded(from[i]);
        std::memcpy(to + 8 * i, &word, std::min<std::size_t>(Bytes - 8 * i, 8));
    }
}

}  // namespace tutti::detail
