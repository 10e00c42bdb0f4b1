// One statement decides who confirms first, so two instances need no transaction.
#include "api-gateway/jobs/job_results.hpp"

#include "api-gateway/database/database_impl.hpp"
#include "api-gateway/database/rows.hpp"
#include "common/http/errors.hpp"

namespace tutti::services {

Result<std::optional<Delivery>> Database::confirm_delivery(const std::string& job_id) {
    return impl_->write("confirm delivery", [&](soci::session& sql) -> std::optional<Delivery> {
        const auto changed = execute(sql,
                                     "UPDATE job_results SET status = 'DELIVERED', delivered_at = "
                                     ":now WHERE job_id = :id AND status = 'PENDING_DELIVERY'",
                                     {iso_timestamp(), job_id});
        if (changed > 0) return Delivery{.status = "DELIVERED", .repeated = false};
        auto row =
            select_one(sql, "SELECT status FROM job_results WHERE job_id = :id", 1, {job_id});
        if (!row) return std::nullopt;
        return Delivery{.status = row->text(), .repeated = true};
    });
}

Result<std::optional<Delivery>> StoredJobResults::confirm(const std::string& job_id) {
    return database_.confirm_delivery(job_id);
}

}  // namespace tutti::services
