// /user/persona: who a user is. Every change is told, so that no bot speaks to yesterday's persona.
//
// Thread-safety: the handlers may be called from any thread. What the routes refer to outlives
// them.
#pragma once

#include <vector>

#include "api-gateway/database/personas.hpp"
#include "api-gateway/routes/principals.hpp"
#include "api-gateway/routes/route.hpp"

namespace tutti::services::gateway::routes {

[[nodiscard]] std::vector<GatewayRoute> persona_routes(database::StoredPersonas& personas,
                                                       Principals principals);

}  // namespace tutti::services::gateway::routes
