// The generations of a memory: dropping everything is beginning the next one, and an entry of
// another than the present one is not served. It is taken out later.
#pragma once

#include <cstdint>

#include "tutti/detail/atomic.hpp"

namespace tutti::detail {

// Comes again after 2^30 of them, all entries of the first of which have been taken out by then.
struct Generations {
    static constexpr unsigned bits = 30;
    static constexpr std::uint32_t mask = (1U << bits) - 1;

    // As an entry has it.
    [[nodiscard]] static std::uint32_t kept(std::uint64_t generation) noexcept {
        return static_cast<std::uint32_t>(generation) & mask;
    }
    [[nodiscard]] static bool is_before(std::uint32_t one, std::uint64_t other) noexcept {
        return kept(one - other) > mask / 2;
    }
};

// Thread-safety: all of it.
class PresentGeneration {
public:
    [[nodiscard]] std::uint64_t number() const noexcept {
        return number_.load(std::memory_order_acquire);
    }
    [[nodiscard]] std::uint32_t kept() const noexcept { return Generations::kept(number()); }
    // Pairs with `number`. Returns the next one.
    std::uint64_t begin_next() noexcept {
        return number_.fetch_add(1, std::memory_order_acq_rel) + 1;
    }

    // All of earlier ones has been taken out.
    void note_swept(std::uint64_t generation) noexcept {
        std::uint64_t swept = swept_.load(std::memory_order_relaxed);
        while (swept < generation &&
               !swept_.compare_exchange(swept, generation, std::memory_order_relaxed)) {
        }
    }
    [[nodiscard]] bool is_swept() const noexcept {
        return swept_.load(std::memory_order_relaxed) == number();
    }

private:
    Atomic<std::uint64_t> number_{1};
    Atomic<std::uint64_t> swept_{1};  // the last one before which there is nothing left
};

}  // namespace tutti::detail
