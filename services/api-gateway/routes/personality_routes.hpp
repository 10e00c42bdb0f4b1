// /user/personality: what a user may talk to, and who makes it. Denied and absent look the same to
// those who read.
//
// Thread-safety: the handlers may be called from any thread. What the routes refer to outlives
// them.
#pragma once

#include <vector>

#include "api-gateway/database/personalities.hpp"
#include "api-gateway/database/personality_editor.hpp"
#include "api-gateway/gateway_node.hpp"
#include "api-gateway/routes/principals.hpp"
#include "api-gateway/routes/route.hpp"

namespace tutti::services::gateway::routes {

struct PersonalityParts {
    database::StoredPersonalities& personalities;
    database::PersonalityEditor& editor;
    const GatewayNode& node;
    Principals principals;
};

[[nodiscard]] std::vector<GatewayRoute> personality_routes(PersonalityParts parts);

}  // namespace tutti::services::gateway::routes
