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
        };
    }
};

}  // namespace tutti
