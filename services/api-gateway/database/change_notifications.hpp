// The migration that makes PostgreSQL say which cached personalities a change concerns.
#pragma once

#include "api-gateway/database/migration_step.hpp"

namespace tutti::services::gateway::database {

// PostgreSQL tells its listeners which cached personalities a change concerns; SQLite cannot, and
// has no writer besides the gateway.
extern const Step change_notifications;

}  // namespace tutti::services::gateway::database
