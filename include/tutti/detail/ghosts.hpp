// Remembers by hash which entries have been evicted lately, and from which queue.
//
// Mechanism: lines of eight hashes, the latest first; a new one pushes out the oldest of its line.
// About as many as there are entries; four to eight bytes for each.
//
// Thread-safety: none.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <vector>

#include "tutti/detail/atomic.hpp"

namespace tutti::detail {

class Ghosts {
public:
    // Keeps room for `entries`. What it knew is gone when it has to grow; without memory it stays
    // as it is.
    void fit(std::size_t entries) noexcept {
        if (entries > lines_.size() * line_length) [[unlikely]]
            grow(entries);
    }

    // Requires: hash < 2^30, queue < 2.
    void add(std::uint32_t hash, unsigned queue) noexcept {
        if (lines_.empty()) return;
        Line& line = line_of(hash);
        if (line.back() != 0) --counts_[queue_of(line.back())];
        const Line before = line;
        line.front() = word_of(hash, queue);
        std::copy_n(before.begin(), line_length - 1, line.begin() + 1);
        ++counts_[queue];
    }

    // `take` is going to be asked for it.
    void expect(std::uint32_t hash) const noexcept {
        if (!lines_.empty()) fetch_ahead(&lines_[hash & (lines_.size() - 1)]);
    }
    // The queue that it was evicted from, if that is remembered, and forgets it.
    std::optional<unsigned> take(std::uint32_t hash) noexcept {
        if (lines_.empty()) return std::nullopt;
        Line& line = line_of(hash);
        const std::uint32_t wanted = word_of(hash, 1);
        if (!has(line, wanted)) return std::nullopt;
        auto* const found = std::ranges::find(line, wanted, [](std::uint32_t word) {
            return word | 1U;  // an empty place is not it: it lacks the highest bit
        });
        const unsigned queue = queue_of(*found);
        --counts_[queue];
        std::shift_left(found, line.end(), 1);
        line.back() = 0;
        return queue;
    }

    [[nodiscard]] std::size_t count(unsigned queue) const noexcept { return counts_[queue]; }

private:
    static constexpr std::size_t line_length = 8;
    using Line = std::array<std::uint32_t, line_length>;

    [[gnu::noinline]] void grow(std::size_t entries) noexcept {
        try {
            lines_.assign(std::bit_ceil((entries + line_length - 1) / line_length), Line{});
            counts_ = {};
        } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): it remembers less
        }
    }

    // Never zero.
    static std::uint32_t word_of(std::uint32_t hash, unsigned queue) noexcept {
        return 1U << 31 | hash << 1 | queue;
    }
    static unsigned queue_of(std::uint32_t word) noexcept { return word & 1U; }
    // Whichever queue it has. All words at once, as most hashes are not remembered.
    static bool has(const Line& line, std::uint32_t wanted) noexcept {
        using Words [[gnu::vector_size(16)]] = std::uint32_t;
        const auto halves = std::bit_cast<std::array<Words, 2>>(line);
        const auto equal = ((halves[0] | 1U) == wanted) | ((halves[1] | 1U) == wanted);
        const auto any = std::bit_cast<std::array<std::uint64_t, 2>>(equal);
        return (any[0] | any[1]) != 0;
    }
    Line& line_of(std::uint32_t hash) noexcept { return lines_[hash & (lines_.size() - 1)]; }

    std::vector<Line> lines_;
    std::array<std::size_t, 2> counts_{};
};

}  // namespace tutti::detail
