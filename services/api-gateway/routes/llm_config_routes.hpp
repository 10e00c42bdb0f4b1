// /admin/llm-config: the model configurations that every user may use. Any service may read them,
// the bot's owner changes them.
//
// Thread-safety: the handlers may be called from any thread. What the routes refer to outlives
// them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api-gateway/database/llm_configs.hpp"
#include "api-gateway/routes/route.hpp"

namespace tutti::services::gateway::routes {

[[nodiscard]] std::vector<GatewayRoute> llm_config_routes(
    database::StoredLlmConfigs& configs, const std::optional<std::string>& bot_owner_id);

}  // namespace tutti::services::gateway::routes
