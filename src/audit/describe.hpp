// The cells of the audit's tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tutti/inventory.hpp"

namespace tutti::audit {

// Whether the cache keeps values in memory; a shared cache may do without.
[[nodiscard]] bool keeps_memory(const Declaration& declaration);

[[nodiscard]] std::string describe_place(const Declaration& declaration);  // "memory + store"
[[nodiscard]] std::string describe_ttl(const Declaration& declaration);    // "5 min / 24 h"
[[nodiscard]] std::string describe_bound(const Declaration& declaration);  // "1000 entries"

// "spot checks: 30000 the same, 0 stale within 10 s: of the hits at least 99.99 % are true (95 %
// certain)". Empty: the cache is not checked, or does not run.
[[nodiscard]] std::string describe_checks(const InventoryRow& row);

// What is said of an option that a cache of this pattern has no use for.
[[nodiscard]] std::string means_nothing_for(Pattern pattern);

// `text` without what would move the cursor of a terminal or break a line.
[[nodiscard]] std::string printable(std::string_view text);

// The names in a merged row's `node`.
[[nodiscard]] std::vector<std::string> split_nodes(std::string_view nodes);

}  // namespace tutti::audit
