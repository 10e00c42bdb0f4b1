// The table job_results: one statement decides who confirms first, so two instances need no
// transaction.
//
// Thread-safety, blocking and errors: see database.hpp.
#pragma once

#include <optional>
#include <string>

#include "api-gateway/jobs/job_results.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

class Sessions;

class StoredJobResults final : public jobs::JobResults {
public:
    // Borrows the sessions.
    explicit StoredJobResults(Sessions& sessions) : sessions_(sessions) {}

    [[nodiscard]] Result<std::optional<jobs::Delivery>> confirm(const std::string& job_id) override;

private:
    Sessions& sessions_;
};

}  // namespace tutti::services::gateway::database
