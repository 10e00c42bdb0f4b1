#include "api-gateway/database/stored_job_results.hpp"

#include <utility>

#include "api-gateway/database/rows.hpp"
#include "api-gateway/database/sessions.hpp"
#include "common/process/timestamps.hpp"

namespace tutti::services::gateway::database {

Result<std::optional<jobs::Delivery>> StoredJobResults::confirm(const std::string& job_id) {
    return sessions_.write(
        "confirm delivery", [&](soci::session& sql) -> std::optional<jobs::Delivery> {
            const auto changed =
                execute(sql,
                        "UPDATE job_results SET status = 'DELIVERED', delivered_at = "
                        ":now WHERE job_id = :id AND status = 'PENDING_DELIVERY'",
                        {process::iso_timestamp(), job_id});
            if (changed > 0) return jobs::Delivery{.status = "DELIVERED", .repeated = false};
            auto status =
                select_text(sql, "SELECT status FROM job_results WHERE job_id = :id", {job_id});
            if (!status) return std::nullopt;
            return jobs::Delivery{.status = *std::move(status), .repeated = true};
        });
}

}  // namespace tutti::services::gateway::database
