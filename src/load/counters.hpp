// What a cache counts. Relaxed: each number is right by itself, and nothing is decided by them.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <tuple>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/detail/thread_cells.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/inventory.hpp"

namespace tutti {

class Counter {
public:
    void add(std::uint64_t more = 1) noexcept { count_.fetch_add(more, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t get() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint64_t> count_ = 0;
};

// Makes the histogram, in cells of each thread: readers that are answered at one time write to
// lines of their own.
template <class OfTimes>
class Timer {
public:
    void add(Duration taken) noexcept {
        constexpr auto& limits = OfTimes::limits_seconds;
        const double seconds = std::chrono::duration<double>(taken).count();
        const auto limit = std::ranges::lower_bound(limits, seconds) - limits.begin();
        const std::uint32_t number = detail::ThreadNumber::mine();
        Cells& mine = cells_[number];
        detail::ThreadNumber::count(number, mine.counts[static_cast<std::size_t>(limit)], 1);
        detail::ThreadNumber::count(
            number, mine.total,
            static_cast<std::uint64_t>(std::max(taken, Duration::zero()).count()));
    }
    [[nodiscard]] OfTimes get() const noexcept {
        OfTimes times;
        for (const Cells& cells : cells_) {
            for (std::size_t i = 0; i < cells.counts.size(); ++i)
                times.counts[i] += cells.counts[i].load(std::memory_order_relaxed);
            times.total += Duration(cells.total.load(std::memory_order_relaxed));
        }
        return times;
    }

private:
    struct alignas(64) Cells {
        std::array<std::atomic<std::uint64_t>, std::tuple_size_v<decltype(OfTimes::counts)>>
            counts{};
        std::atomic<std::uint64_t> total = 0;  // in units of Duration
    };
    std::array<Cells, detail::ThreadNumber::own_max + 1> cells_;
};

struct LoadCounters {
#define TUTTI_COUNTER(member, kind, words, help) Counter member;
    TUTTI_CACHE_COUNTERS(TUTTI_COUNTER)
#undef TUTTI_COUNTER
    Timer<LoadTimes> load_times;
    Timer<WaitTimes> wait_times;
    std::unique_ptr<Timer<HitTimes>> hit_times = nullptr;  // null: they are not measured

    void add(Invalidation::Outcome outcome) noexcept {
        switch (outcome) {
        case Invalidation::Outcome::done: return invalidate_done.add();
        case Invalidation::Outcome::published: return invalidate_published.add();
        case Invalidation::Outcome::unconfirmed: return invalidate_unconfirmed.add();
        }
    }

    // What only the memory knows (the gauges, evictions and expirations) is zero here.
    [[nodiscard]] CacheCounters snapshot() const {
        CacheCounters snapshot;
        // NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name cannot stand in them
#define TUTTI_GET(member, kind, words, help) snapshot.member = member.get();
        TUTTI_CACHE_COUNTERS(TUTTI_GET)
#undef TUTTI_GET
        snapshot.load_times = load_times.get();
        snapshot.wait_times = wait_times.get();
        if (hit_times) snapshot.hit_times = hit_times->get();
        return snapshot;
    }
};

// Counts what `done` is told. The owner has the counters.
[[nodiscard]] inline std::move_only_function<void(Invalidation)> counting(
    std::shared_ptr<const void> owner, LoadCounters& counters,
    std::move_only_function<void(Invalidation)> done) {
    return
        [owner = std::move(owner), &counters, done = std::move(done)](Invalidation told) mutable {
            counters.add(told.outcome);
            done(std::move(told));
        };
}

}  // namespace tutti
