// The fleet as it runs for real: a process for each service, found beside this program, on one
// Redis.
#pragma once

#include <memory>

#include "fleet/fleet.hpp"
#include "fleet/plan.hpp"
#include "tutti/error.hpp"

namespace tutti::services::fleet {

// Each service answers on /health when it returns. Errors: what kept a service from starting.
[[nodiscard]] Result<std::unique_ptr<Fleet>> start_process_fleet(Plan plan);

}  // namespace tutti::services::fleet
