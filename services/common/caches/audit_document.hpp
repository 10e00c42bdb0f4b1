// docs/caching-audit.md, written from what the services declare: the inventory by tier and service,
// how each cache is invalidated, the pools of HTTP connections, the decision tree, and what several
// instances take.
//
//     tutti audit --format document > docs/caching-audit.md
//
// Thread-safety: a pure function.
#pragma once

#include <span>
#include <string>

#include "tutti/inventory.hpp"

namespace tutti::services::caches {

[[nodiscard]] std::string audit_document(std::span<const InventoryRow> rows);

}  // namespace tutti::services::caches
