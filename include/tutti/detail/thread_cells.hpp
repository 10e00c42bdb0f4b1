// Counts what many threads do many million times a second: a cell for each thread, so that counting
// is a load and a store on a cache line that no other thread writes.
//
// Mechanism: a thread that counts for the first time takes the lowest number that no living thread
// has, and with it the cell of that number in every counter; it gives the number back when it ends,
// and the next thread goes on where it stopped. Threads beyond the cells share the last one.
//
// Thread-safety: all of it. A sum may miss what is being counted in this moment.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tutti::detail {

class ThreadNumber {
public:
    static constexpr std::uint32_t own_max = 31;  // numbers below it belong to one thread alone

    [[nodiscard]] static std::uint32_t mine() noexcept {
        if (own == none) [[unlikely]]
            take();
        return own;
    }
    // Counts in the cell of that number, which is `mine()`.
    static void count(std::uint32_t number, std::atomic<std::uint64_t>& cell,
                      std::uint64_t more) noexcept {
        if (number == own_max) [[unlikely]] {
            cell.fetch_add(more, std::memory_order_relaxed);
            return;
        }
        cell.store(cell.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    static void take() noexcept {
        if (thread_ends) {
            own = own_max;
            return;
        }
        own = own_max;
        std::uint32_t taken = numbers_taken.load(std::memory_order_relaxed);
        while (~taken != 0) {
            const auto lowest = static_cast<std::uint32_t>(__builtin_ctz(~taken));
            if (lowest >= own_max) return;
            // Acquire: pairs with the end of the thread that had it, whose counts go on.
            if (numbers_taken.compare_exchange_weak(taken, taken | 1U << lowest,
                                                    std::memory_order_acquire,
                                                    std::memory_order_relaxed)) {
                own = lowest;
                break;
            }
        }
        struct AtEnd {
            ~AtEnd() {
                thread_ends = true;  // a later destructor of the thread may count, too
                const std::uint32_t number = own;
                own = own_max;
                numbers_taken.fetch_and(~(1U << number), std::memory_order_release);
            }
        };
        static thread_local const AtEnd at_end;
        static_cast<void>(at_end);
    }

    inline static constinit thread_local std::uint32_t own = none;
    inline static constinit thread_local bool thread_ends = false;
    inline static constinit std::atomic<std::uint32_t> numbers_taken = 0;  // bit by bit
};

class ThreadCells {
public:
    void add() noexcept {
        const std::uint32_t number = ThreadNumber::mine();
        ThreadNumber::count(number, cells_[number].count, 1);
    }
    // The same; a number that no other call is given.
    [[nodiscard]] std::uint64_t next() noexcept {
        const std::uint32_t number = ThreadNumber::mine();
        std::atomic<std::uint64_t>& cell = cells_[number].count;
        const bool shared = number == ThreadNumber::own_max;
        const std::uint64_t before = shared ? cell.fetch_add(1, std::memory_order_relaxed)
                                            : cell.load(std::memory_order_relaxed);
        if (!shared) cell.store(before + 1, std::memory_order_relaxed);
        return before * cells_.size() + number;
    }
    [[nodiscard]] std::uint64_t sum() const noexcept {
        std::uint64_t sum = 0;
        for (const Cell& cell : cells_) sum += cell.count.load(std::memory_order_relaxed);
        return sum;
    }

private:
    struct alignas(64) Cell {
        std::atomic<std::uint64_t> count = 0;
    };
    std::array<Cell, ThreadNumber::own_max + 1> cells_;
};

}  // namespace tutti::detail
