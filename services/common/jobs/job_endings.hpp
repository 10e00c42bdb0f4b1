// Who is told when a job has ended: any number of subscribers, one call at a time, in the order of
// the endings. What one of them throws is logged, and the others are told.
//
// Thread-safety: all functions may be called from any thread. A subscriber may neither subscribe
// nor give up a subscription, nor end a job.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace tutti::services::jobs {

using JobFinished = std::function<void(const std::string& job_id)>;
// Calls come as long as it is held; letting go of it waits for one that is running.
using JobSubscription = std::shared_ptr<void>;

class JobEndings {
public:
    JobEndings();

    [[nodiscard]] JobSubscription add(JobFinished subscriber);
    void announce(const std::string& job_id);

private:
    struct State;

    std::shared_ptr<State> state_;  // outlives this object as long as a subscription is held
};

}  // namespace tutti::services::jobs
