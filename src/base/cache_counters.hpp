// The counters of a cache, one after the other, with what each is called: what the inventory, the
// audit and the metrics print. A counter that is not here fails to compile.
//
// Thread-safety: constants.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tutti/inventory.hpp"

namespace tutti {

struct CounterName {
    std::uint64_t CacheCounters::* count;
    std::string_view name;   // of the member
    std::string_view words;  // in a line of text
    std::string_view help;   // as a sentence
    bool is_gauge = false;   // goes up and down
};

inline constexpr std::array counter_names{
    CounterName{&CacheCounters::hits, "hits", "hits", "Reads answered by the cache."},
    CounterName{&CacheCounters::misses, "misses", "misses", "Reads that needed a load."},
    CounterName{&CacheCounters::loads, "loads", "loads", "Calls of the loader."},
    CounterName{&CacheCounters::load_failures, "load_failures", "failed loads",
                "Calls of the loader that failed."},
    CounterName{&CacheCounters::joined, "joined", "joined",
                "Reads that waited for a load that was already running."},
    CounterName{&CacheCounters::poisoned, "poisoned", "poisoned",
                "Loads whose value was not stored because it was invalidated meanwhile."},
    CounterName{&CacheCounters::invalidations, "invalidations", "invalidations",
                "Keys dropped because something changed."},
    CounterName{&CacheCounters::flushes, "flushes", "flushes",
                "Times that everything was dropped."},
    CounterName{&CacheCounters::suspect_reads, "suspect_reads", "suspect reads",
                "Reads while the lease had lapsed."},
    CounterName{&CacheCounters::store_hits, "store_hits", "store hits",
                "Misses that the store answered."},
    CounterName{&CacheCounters::store_failures, "store_failures", "store failures",
                "Operations of the store that failed."},
    CounterName{&CacheCounters::unreadable, "unreadable", "unreadable",
                "Stored values that are old, foreign or corrupt."},
    CounterName{&CacheCounters::refused, "refused", "refused",
                "Values that the admission check refused."},
    CounterName{&CacheCounters::stale_served, "stale_served", "served stale",
                "Reads answered past the TTL because the source fails."},
    CounterName{&CacheCounters::refreshes, "refreshes", "refreshes", "Forced and scheduled loads."},
    CounterName{&CacheCounters::refresh_failures, "refresh_failures", "failed refreshes",
                "Forced and scheduled loads that failed."},
    CounterName{&CacheCounters::evictions, "evictions", "evictions",
                "Entries dropped because the bound was reached."},
    CounterName{&CacheCounters::entries, "entries", "entries", "Entries in memory now.", true},
};
static_assert(sizeof(CacheCounters) == counter_names.size() * sizeof(std::uint64_t),
              "say what the new counter is called");

}  // namespace tutti
