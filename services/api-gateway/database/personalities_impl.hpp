// How a personality is read inside of a transaction. Includes SOCI.
#pragma once

#include <soci/session.h>

#include <optional>
#include <string>

#include "api-gateway/database/refusal.hpp"
#include "common/domain/domain.hpp"

namespace tutti::services::gateway::database {

// A personality with everything that is merged into it. Nothing: there is none.
[[nodiscard]] std::optional<Outcome<domain::GetPersonalityResponse>> load_personality(
    soci::session& sql, const std::string& id);

}  // namespace tutti::services::gateway::database
