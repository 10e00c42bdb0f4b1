// What a cache counts. Relaxed: each number is right by itself, and nothing is decided by them.
#pragma once

#include <atomic>
#include <cstdint>

#include "tutti/inventory.hpp"

namespace tutti {

class Counter {
public:
    void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t get() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint64_t> count_ = 0;
};

struct LoadCounters {
    Counter hits;
    Counter misses;
    Counter loads;
    Counter load_failures;
    Counter joined;
    Counter poisoned;
    Counter invalidations;
    Counter flushes;
    Counter suspect_reads;
    Counter store_hits;
    Counter store_failures;
    Counter unreadable;
    Counter refused;
    Counter stale_served;
    Counter refreshes;
    Counter refresh_failures;

    [[nodiscard]] CacheCounters snapshot() const {
        return {
            .hits = hits.get(),
            .misses = misses.get(),
            .loads = loads.get(),
            .load_failures = load_failures.get(),
            .joined = joined.get(),
            .poisoned = poisoned.get(),
            .invalidations = invalidations.get(),
            .flushes = flushes.get(),
            .suspect_reads = suspect_reads.get(),
            .store_hits = store_hits.get(),
            .store_failures = store_failures.get(),
            .unreadable = unreadable.get(),
            .refused = refused.get(),
            .stale_served = stale_served.get(),
            .refreshes = refreshes.get(),
            .refresh_failures = refresh_failures.get(),
        };
    }
};

}  // namespace tutti
