// The schema and how it came about: numbered steps, applied once each, in order, all pending ones
// in one transaction.
#pragma once

#include <soci/session.h>

#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

// Errors: unsupported, when the database was written by a newer version. Throws what SOCI throws.
[[nodiscard]] Result<void> migrate(soci::session& sql);

}  // namespace tutti::services::gateway::database
