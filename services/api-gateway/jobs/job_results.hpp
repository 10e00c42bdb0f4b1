// Results on their way to a channel, in the table job_results: PENDING_DELIVERY from the end of the
// job until a bot confirms that it has said the reply, DELIVERED for a day after.
//
// Thread-safety: all functions may be called from any thread. Blocking and errors: as a query of
// the database.
#pragma once

#include <optional>
#include <string>

#include "tutti/error.hpp"

namespace tutti::services::gateway::jobs {

struct Delivery {
    std::string status;     // DELIVERED
    bool repeated = false;  // it was confirmed before
};

struct JobResult {
    std::string job_id;
    std::string request_id;
    std::string result;  // JSON
    std::string status = "PENDING_DELIVERY";

    friend bool operator==(const JobResult&, const JobResult&) = default;
};

class JobResults {
public:
    virtual ~JobResults() = default;

    // Keeps a pending result, unless there is one of that id. Text that is no JSON, or that a
    // database does not take as JSON, is kept as null. Forgets old ones now and then: delivered a
    // day ago, or never within a week.
    [[nodiscard]] virtual Result<void> store(const JobResult& result) = 0;
    // Nothing when there is no result of that id.
    [[nodiscard]] virtual Result<std::optional<JobResult>> find(const std::string& job_id) = 0;
    // Marks a pending result as delivered. Nothing when there is no result of that id.
    [[nodiscard]] virtual Result<std::optional<Delivery>> confirm(const std::string& job_id) = 0;
};

}  // namespace tutti::services::gateway::jobs
