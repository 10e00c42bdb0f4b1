// How much all parts of a memory tier may hold together. It is changed only while there is room or
// room is given back: a full one that takes in an entry for each that it evicts is only looked at.
//
// Thread-safety: all of it.
#pragma once

#include <cstddef>

#include "tutti/detail/atomic.hpp"

namespace tutti::detail {

class Budget {
public:
    explicit Budget(std::size_t limit) noexcept : limit_(limit) {}

    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
    [[nodiscard]] std::size_t taken() const noexcept {
        return taken_.load(std::memory_order_relaxed);
    }

    // False, and nothing taken, if that much is not left.
    [[nodiscard]] bool take(std::size_t weight) noexcept {
        std::size_t taken = taken_.load(std::memory_order_relaxed);
        do {
            if (weight > limit_ - taken) return false;
        } while (!taken_.compare_exchange(taken, taken + weight, std::memory_order_relaxed));
        return true;
    }
    void give(std::size_t weight) noexcept { taken_.fetch_sub(weight, std::memory_order_relaxed); }

private:
    const std::size_t limit_;
    alignas(64) Atomic<std::size_t> taken_{0};
};

}  // namespace tutti::detail
