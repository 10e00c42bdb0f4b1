// The rows of users, which everything that a user has refers to. Includes SOCI.
#pragma once

#include <soci/session.h>

#include <optional>
#include <string>

#include "api-gateway/database/sessions.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

// The id of a user's row.
[[nodiscard]] std::optional<std::string> find_user(soci::session& sql,
                                                   const std::string& discord_id);
// The same in what writes: the row is made when it is missing.
[[nodiscard]] std::string ensure_user(soci::session& sql, const std::string& discord_id);
// The same for what otherwise only reads.
[[nodiscard]] Result<std::string> user_id(Sessions& sessions, const std::string& discord_id);

}  // namespace tutti::services::gateway::database
