// What several instances of a service take, from the declarations of its caches: what must be done because
// an instance would be wrong, what should be, and what can be skipped because counting or differing for a
// while harms nobody.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/inventory.hpp"

namespace tutti::services {

// A line each, "must do: channel-activation: <why>; <remedy>"; rows of other services are left out. A service
// that has nothing to do is told so.
[[nodiscard]] std::vector<std::string> instance_advice(const Inventory& inventory,
                                                       std::string_view service);

// To the log at start, when there is more than one. INSTANCE_COUNT says so: a process does not know how
// many others it has before it is too late to tell.
void log_instance_advice(const Inventory& inventory, std::string_view service,
                         std::uint32_t instances);

}  // namespace tutti::services
