// Step 8 of the schema: who changes what a cache holds also writes a row into the outbox
// (tutti/outbox.hpp), in the same transaction. The source says which change concerns which channel.
#pragma once

#include "api-gateway/database/migration_step.hpp"

namespace tutti::services::gateway::database {

[[nodiscard]] Step change_rows();

}  // namespace tutti::services::gateway::database
