// What several instances of a service take, from the declarations of its caches: what must be done because
// an instance would be wrong, what should be, and what can be skipped because counting or differing for a
// while harms nobody.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/inventory.hpp"

namespace tutti::services {

// A line each, "must do: channel-activation: <why>; <remedy>"; rows of other services are left out. A service
// that has nothing to do is told so.
[[nodiscard]] std::vector<std::string> instance_advice(const Inventory& inventory,
                                                       std::string_view service);

// To the log, for several instances.
void log_instance_advice(const Inventory& inventory, std::string_view service,
                         std::size_t instances);

}  // namespace tutti::services
