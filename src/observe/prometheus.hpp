// Prometheus' text format 0.0.4: what the caches of a process count.
//
// Thread-safety: a pure function.
#pragma once

#include <span>
#include <string>

#include "tutti/inventory.hpp"
#include "tutti/metrics/metric_text.hpp"

namespace tutti {

// The counters of every row, labelled with the name of the cache, and then `extra`. Rows of one
// name are added up: a series must be unique.
[[nodiscard]] std::string prometheus_text(std::span<const InventoryRow> rows,
                                          const MetricText& extra = {});

}  // namespace tutti
