// A worker for the queue in this process, as a test plays it: it takes what comes and ends it when
// it is told to.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/jobs/job_source.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::testing {

class OneWorker {
public:
    explicit OneWorker(jobs::JobSource& source) : source_(source) {}

    // Nothing when no job waits.
    std::optional<jobs::Job> take() {
        const auto leased = source_.claim("a-test", Boottime::now());
        if (!leased || !*leased) return std::nullopt;
        leases_.insert_or_assign((*leased)->job.job_id, (*leased)->lease);
        return (*leased)->job;
    }
    // Requires: it was taken.
    void finish(const std::string& job_id, const jobs::JobOutcome& outcome) {
        (void)source_.end(leases_.at(job_id), outcome, Boottime::now());
    }

private:
    jobs::JobSource& source_;
    std::map<std::string, jobs::Lease> leases_;
};

}  // namespace tutti::services::testing
