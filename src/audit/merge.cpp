#include <algorithm>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "audit/describe.hpp"
#include "tutti/inventory.hpp"

namespace tutti {
namespace {

std::string join_nodes(const std::string& left, const std::string& right) {
    std::set<std::string> names;
    for (const std::string& nodes : {left, right}) {
        for (std::string& name : audit::split_nodes(nodes)) names.insert(std::move(name));
    }
    std::string joined;
    for (const std::string& name : names) joined.append(joined.empty() ? "" : ", ").append(name);
    return joined;
}

bool sorts_before(const InventoryRow& left, const InventoryRow& right) {
    return std::tie(left.service, left.declaration.name, left.node) <
           std::tie(right.service, right.declaration.name, right.node);
}

bool same_cache(const InventoryRow& left, const InventoryRow& right) {
    return left.service == right.service && left.declaration.name == right.declaration.name;
}

bool is_one(const InventoryRow& left, const InventoryRow& right) {
    return left.declaration == right.declaration && left.backend == right.backend;
}

}  // namespace

Inventory merge(std::span<const Inventory> inventories) {
    Inventory all;
    for (const Inventory& inventory : inventories) {
        all.insert(all.end(), inventory.begin(), inventory.end());
    }
    std::ranges::sort(all, sorts_before);

    Inventory merged;
    std::size_t first = 0;  // of the rows with this service and name
    for (InventoryRow& row : all) {
        if (!merged.empty() && !same_cache(merged.back(), row)) first = merged.size();
        const auto same =
            std::find_if(merged.begin() + static_cast<std::ptrdiff_t>(first), merged.end(),
                         [&](const InventoryRow& other) { return is_one(other, row); });
        if (same == merged.end()) {
            merged.push_back(std::move(row));
        } else {
            same->node = join_nodes(same->node, row.node);
            same->counters += row.counters;
        }
    }
    return merged;
}

}  // namespace tutti
