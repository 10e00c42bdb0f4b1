#include "observe/prometheus.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ranges>
#include <span>
#include <string>
#include <string_view>

#include "base/cache_counters.hpp"
#include "tutti/inventory.hpp"
#include "tutti/metrics/metric_text.hpp"
#include "tutti/policy.hpp"

namespace tutti {
namespace {

using Type = MetricText::Type;

// All rows of one name.
struct Cache {
    CacheCounters counters{};
    bool in_bytes = false;  // its bound
};
using Caches = std::map<std::string_view, Cache>;

Caches caches_of(std::span<const InventoryRow> rows) {
    Caches caches;
    for (const InventoryRow& row : rows) {
        Cache& cache = caches[row.declaration.name];
        cache.counters += row.counters;
        const auto& bound = row.declaration.bound;
        cache.in_bytes |= bound && bound->unit() == Bound::Unit::bytes;
    }
    return caches;
}

void add_counter(MetricText& text, const Caches& caches, const CounterName& counter) {
    const std::string name = "tutti_cache_" + std::string(counter.name);
    counter.is_gauge() ? text.metric(name, Type::gauge, counter.help)
                       : text.metric(name + "_total", Type::counter, counter.help);
    for (const auto& [name_of_cache, cache] : caches) {
        if (counter.kind == CounterName::Kind::gauge_of_bytes && !cache.in_bytes) continue;
        text.sample({{"cache", name_of_cache}}, cache.counters.*counter.count);
    }
}

template <const auto& Limits>
void add_times(MetricText& text, std::string_view cache, const Times<Limits>& times) {
    std::uint64_t within = 0;
    for (std::size_t i = 0; i < times.counts.size(); ++i) {
        within += times.counts[i];
        const std::string limit =
            i < Limits.size() ? MetricText::number(Limits[i]) : std::string("+Inf");
        text.part("_bucket", {{"cache", cache}, {"le", limit}}, static_cast<double>(within));
    }
    text.part("_sum", {{"cache", cache}}, std::chrono::duration<double>(times.total).count());
    text.part("_count", {{"cache", cache}}, static_cast<double>(within));
}

void add_histograms(MetricText& text, const Caches& caches) {
    text.metric("tutti_cache_load_seconds", Type::histogram, "How long calls of the loader took.");
    for (const auto& [name, cache] : caches) add_times(text, name, cache.counters.load_times);
    text.metric("tutti_cache_wait_seconds", Type::histogram,
                "How long reads took that memory has not answered.");
    for (const auto& [name, cache] : caches) add_times(text, name, cache.counters.wait_times);
    const auto measured = [](const auto& named) {
        return named.second.counters.hit_times.has_value();
    };
    if (std::ranges::none_of(caches, measured)) return;
    text.metric("tutti_cache_hit_seconds", Type::histogram,
                "How long reads took that memory has answered.");
    for (const auto& [name, cache] : caches | std::views::filter(measured)) {
        add_times(text, name, *cache.counters.hit_times);
    }
}

}  // namespace

std::string prometheus_text(std::span<const InventoryRow> rows, const MetricText& extra) {
    const Caches caches = caches_of(rows);
    MetricText text;
    if (!caches.empty()) {
        for (const CounterName& counter : counter_names) add_counter(text, caches, counter);
        add_histograms(text, caches);
    }
    return text.add(extra).text();
}

}  // namespace tutti
