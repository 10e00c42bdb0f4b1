// The fleet in this process: the services share one embedded hub, and talk HTTP as they always do.
#pragma once

#include <memory>

#include "fleet/fleet.hpp"
#include "fleet/plan.hpp"
#include "tutti/error.hpp"

namespace tutti::services::fleet {

// Each service answers on /health when it returns. Errors: what kept a service from starting.
[[nodiscard]] Result<std::unique_ptr<Fleet>> start_embedded_fleet(Plan plan);

}  // namespace tutti::services::fleet
