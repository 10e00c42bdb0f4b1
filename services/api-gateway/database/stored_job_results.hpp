// The table job_results: one statement decides who stores and who confirms first, so two instances
// need no transaction.
//
// Thread-safety, blocking and errors: see database.hpp.
#pragma once

#include <atomic>
#include <cstdint>
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

    [[nodiscard]] Result<void> store(const jobs::JobResult& result) override;
    [[nodiscard]] Result<std::optional<jobs::JobResult>> find(const std::string& job_id) override;
    [[nodiscard]] Result<std::optional<jobs::Delivery>> confirm(const std::string& job_id) override;

private:
    Sessions& sessions_;
    std::atomic<std::uint64_t> stored_{0};  // counts only
};

}  // namespace tutti::services::gateway::database
