// What the checker of the job protocol knows of each job, from what is carried out at the queue,
// from what the provider bills and from what is announced. It demands the promises of
// job_source.hpp:
//
//   - a job that was enqueued ends, and its end is announced once and changes no more;
//   - a lease that stands is given to no other worker, and one that is lost changes nothing;
//   - a parent begins when all its children have ended, and sees how;
//   - a call is billed once at most, and what was stored, or used, is not unknown afterwards;
//   - a job that no accident befell does not fail.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/jobs/job.hpp"
#include "common/jobs/job_queue.hpp"
#include "common/jobs/job_source.hpp"
#include "tutti/clock.hpp"

namespace tutti::simulation {

namespace jobs = services::jobs;

class JobBook {
public:
    JobBook(const Clock& clock, jobs::JobQueue& queue, jobs::LeaseOptions leases, bool accidents);

    void enqueued(const std::vector<jobs::Job>& jobs);
    void claimed(const jobs::LeasedJob& job);
    // A lease that was given before, to a call that repeats one.
    void found_again(const jobs::LeasedJob& job);
    void renewed(const jobs::Lease& lease, jobs::Hold hold);
    void given_back(const jobs::Lease& lease, jobs::Hold hold);
    void ended(const jobs::Lease& lease, jobs::Hold hold);
    void begun(const jobs::Lease& lease, const jobs::PaidCall& call);
    void stored(const jobs::Lease& lease);
    void billed(const std::string& job_id);
    void used(const std::string& job_id);
    void sees_children(const std::vector<jobs::ChildEnd>& ends);
    // Everything is gone: what was open will not end.
    void flushed();

    // Whether all that was enqueued has been announced.
    [[nodiscard]] bool all_ended() const;
    void check_all();

    [[nodiscard]] const std::string& violation() const { return violation_; }
    // How many were enqueued, of those before a flush as well.
    [[nodiscard]] std::size_t size() const { return enqueued_; }

    static std::string answer_of(const std::string& job_id) {
        return "\"answer of " + job_id + '"';
    }

private:
    struct Fact {
        std::string name{};
        std::string token{};  // of the lease that stands, as far as it goes
        TimePoint until{};
        std::string began{};  // the token under which the paid call began
        bool stored = false;
        bool used = false;
        int billed = 0;
        int announced = 0;
        std::optional<jobs::JobStatus> end{};
    };

    void announced(const std::string& job_id);
    [[nodiscard]] bool may_fail(const Fact& fact, const std::string& cause) const;
    void check(const std::string& job_id, Fact& fact);
    void violate(const std::string& what, const std::string& job_id);
    // Nothing for a job from before a flush.
    [[nodiscard]] Fact* find(const std::string& job_id);

    const Clock& clock_;
    jobs::JobQueue& queue_;
    const jobs::LeaseOptions leases_;
    const bool accidents_;
    std::map<std::string, Fact> facts_;
    std::map<std::string, std::string> tokens_;  // all that were given, to their job
    std::size_t enqueued_ = 0;
    std::string violation_;
    jobs::JobSubscription subscription_;
};

}  // namespace tutti::simulation
