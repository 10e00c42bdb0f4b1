#include "observe/prometheus.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/cache_counters.hpp"
#include "tutti/inventory.hpp"

namespace tutti {
std::string prometheus_text(std::span<const InventoryRow> rows, const MetricText& extra) {
    std::map<std::string_view, CacheCounters> caches;
    for (const InventoryRow& row : rows) caches[row.declaration.name] += row.counters;

    MetricText text;
    if (!caches.empty()) {
        for (const CounterName& counter : counter_names) {
            const std::string name = "tutti_cache_" + std::string(counter.name);
            counter.is_gauge
                ? text.metric(name, MetricText::Type::gauge, counter.help)
                : text.metric(name + "_total", MetricText::Type::counter, counter.help);
            for (const auto& [cache, counters] : caches) {
                text.sample({{"cache", cache}}, counters.*counter.count);
            }
        }
    }
    return text.add(extra).text();
}

}  // namespace tutti
