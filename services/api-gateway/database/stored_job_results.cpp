#include "api-gateway/database/stored_job_results.hpp"

#include <chrono>

#include <boost/describe/class.hpp>

#include "api-gateway/database/rows.hpp"
#include "api-gateway/database/sessions.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::jobs {

BOOST_DESCRIBE_STRUCT(JobResult, (), (job_id, request_id, result, status))

}  // namespace tutti::services::gateway::jobs

namespace tutti::services::gateway::database {
namespace {

constexpr std::chrono::hours delivered_kept{24};
constexpr std::chrono::hours pending_kept{7 * 24};
constexpr std::uint64_t forget_every = 20;  // results that are stored

// PostgreSQL takes no escaped NUL.
bool is_storable(const std::string& text) {
    return !text.contains("\\u0000") && json::parse(text, json::any_length).has_value();
}

void forget_old(soci::session& sql) {
    const auto now = process::unix_now();
    execute(sql, "DELETE FROM job_results WHERE status = 'DELIVERED' AND delivered_at < :before",
            {process::iso_timestamp(now - delivered_kept)});
    execute(sql,
            "DELETE FROM job_results WHERE status = 'PENDING_DELIVERY' AND created_at < :before",
            {process::iso_timestamp(now - pending_kept)});
}

}  // namespace

Result<void> StoredJobResults::store(const jobs::JobResult& result) {
    const bool forgets = stored_.fetch_add(1, std::memory_order_relaxed) % forget_every == 0;
    return sessions_.write("store a result", [&](soci::session& sql, Transaction& transaction) {
        const std::string now = process::iso_timestamp();
        execute(sql,
                "INSERT INTO job_results (job_id, request_id, result, status, created_at, "
                "completed_at) VALUES (:id, :request, :result, 'PENDING_DELIVERY', :now, :ended) "
                "ON CONFLICT (job_id) DO NOTHING",
                {result.job_id, result.request_id,
                 is_storable(result.result) ? result.result : "null", now, now});
        if (forgets) forget_old(sql);
        transaction.commit_in_silence();
    });
}

Result<std::optional<jobs::JobResult>> StoredJobResults::find(const std::string& job_id) {
    static const auto columns = Columns<jobs::JobResult>("r");
    return sessions_.read("find a result", [&](soci::session& sql) {
        return select_one(sql, columns, "FROM job_results r WHERE r.job_id = :id", {job_id});
    });
}

Result<std::optional<jobs::Delivery>> StoredJobResults::confirm(const std::string& job_id) {
    return sessions_.write(
        "confirm delivery",
        [&](soci::session& sql, Transaction& transaction) -> std::optional<jobs::Delivery> {
            // Asked first: one that is stored meanwhile is not there yet, and not one that was
            // confirmed before.
            if (!select_text(sql, "SELECT status FROM job_results WHERE job_id = :id", {job_id}))
                return std::nullopt;
            const auto changed =
                execute(sql,
                        "UPDATE job_results SET status = 'DELIVERED', delivered_at = "
                        ":now WHERE job_id = :id AND status = 'PENDING_DELIVERY'",
                        {process::iso_timestamp(), job_id});
            transaction.commit_in_silence();
            return jobs::Delivery{.status = "DELIVERED", .repeated = changed == 0};
        });
}

}  // namespace tutti::services::gateway::database
