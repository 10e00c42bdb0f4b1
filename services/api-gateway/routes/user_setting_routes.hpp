// /user/model-override and /wallet: what a user has chosen for themselves.
//
// A key that is set is told and forgotten: no program here reads one, and what is not stored cannot
// leak.
//
// Thread-safety: the handlers may be called from any thread. What the routes refer to outlives
// them.
#pragma once

#include <vector>

#include "api-gateway/database/user_settings.hpp"
#include "api-gateway/routes/principals.hpp"
#include "api-gateway/routes/route.hpp"

namespace tutti::services::gateway::routes {

[[nodiscard]] std::vector<GatewayRoute> user_setting_routes(database::StoredUserSettings& settings,
                                                            Principals principals);

}  // namespace tutti::services::gateway::routes
