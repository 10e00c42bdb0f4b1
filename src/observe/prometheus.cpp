#include "observe/prometheus.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "tutti/inventory.hpp"

namespace tutti {
namespace {

struct CacheMetric {
    std::string_view name;
    std::uint64_t CacheCounters::* count;
    std::string_view help;
    MetricText::Type type = MetricText::Type::counter;
};

constexpr std::array cache_metrics{
    CacheMetric{"tutti_cache_hits_total", &CacheCounters::hits, "Reads answered by the cache."},
    CacheMetric{"tutti_cache_misses_total", &CacheCounters::misses, "Reads that needed a load."},
    CacheMetric{"tutti_cache_loads_total", &CacheCounters::loads, "Calls of the loader."},
    CacheMetric{"tutti_cache_load_failures_total", &CacheCounters::load_failures,
                "Calls of the loader that failed."},
    CacheMetric{"tutti_cache_joined_total", &CacheCounters::joined,
                "Reads that waited for a load that was already running."},
    CacheMetric{"tutti_cache_poisoned_total", &CacheCounters::poisoned,
                "Loads whose value was not stored because it was invalidated meanwhile."},
    CacheMetric{"tutti_cache_invalidations_total", &CacheCounters::invalidations,
                "Keys dropped because something changed."},
    CacheMetric{"tutti_cache_flushes_total", &CacheCounters::flushes,
                "Times that everything was dropped."},
    CacheMetric{"tutti_cache_suspect_reads_total", &CacheCounters::suspect_reads,
                "Reads while the lease had lapsed."},
    CacheMetric{"tutti_cache_store_hits_total", &CacheCounters::store_hits,
                "Misses that the store answered."},
    CacheMetric{"tutti_cache_store_failures_total", &CacheCounters::store_failures,
                "Operations of the store that failed."},
    CacheMetric{"tutti_cache_unreadable_total", &CacheCounters::unreadable,
                "Stored values that are old, foreign or corrupt."},
    CacheMetric{"tutti_cache_refused_total", &CacheCounters::refused,
                "Values that the admission check refused."},
    CacheMetric{"tutti_cache_stale_served_total", &CacheCounters::stale_served,
                "Reads answered past the TTL because the source fails."},
    CacheMetric{"tutti_cache_refreshes_total", &CacheCounters::refreshes,
                "Forced and scheduled loads."},
    CacheMetric{"tutti_cache_refresh_failures_total", &CacheCounters::refresh_failures,
                "Forced and scheduled loads that failed."},
    CacheMetric{"tutti_cache_evictions_total", &CacheCounters::evictions,
                "Entries dropped because the bound was reached."},
    CacheMetric{"tutti_cache_entries", &CacheCounters::entries, "Entries in memory now.",
                MetricText::Type::gauge},
};

}  // namespace

std::string prometheus_text(std::span<const InventoryRow> rows, const MetricText& extra) {
    std::map<std::string_view, CacheCounters> caches;
    for (const InventoryRow& row : rows) caches[row.declaration.name] += row.counters;

    MetricText text;
    if (!caches.empty()) {
        for (const auto& [name, count, help, type] : cache_metrics) {
            text.metric(name, type, help);
            for (const auto& [cache, counters] : caches) {
                text.sample({{"cache", cache}}, counters.*count);
            }
        }
    }
    return text.add(extra).text();
}

}  // namespace tutti
