// Results that workers have stored for delivery, in the table job_results.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <optional>
#include <string>

#include "tutti/error.hpp"

namespace tutti::services::gateway::jobs {

struct Delivery {
    std::string status;     // DELIVERED
    bool repeated = false;  // it was confirmed before
};

class JobResults {
public:
    virtual ~JobResults() = default;

    // Marks a pending result as delivered. Nothing when there is no result of that id. Blocking: as
    // a query of the database. Errors: as a query of the database.
    [[nodiscard]] virtual Result<std::optional<Delivery>> confirm(const std::string& job_id) = 0;
};

}  // namespace tutti::services::gateway::jobs
