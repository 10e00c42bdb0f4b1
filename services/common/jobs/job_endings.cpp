#include "common/jobs/job_endings.hpp"

#include <list>
#include <mutex>
#include <utility>

#include "common/process/edge.hpp"

namespace tutti::services::jobs {

struct JobEndings::State {
    std::mutex
        mutex;  // held during calls: one at a time, and none after its subscription has ended
    std::list<JobFinished> subscribers;
};

JobEndings::JobEndings() : state_(std::make_shared<State>()) {}

JobSubscription JobEndings::add(JobFinished subscriber) {
    const std::lock_guard lock(state_->mutex);
    const auto place = state_->subscribers.insert(state_->subscribers.end(), std::move(subscriber));
    return {nullptr, [state = state_, place](void*) {
                const std::lock_guard ending(state->mutex);
                state->subscribers.erase(place);
            }};
}

void JobEndings::tell(const std::string& job_id) {
    const std::lock_guard lock(state_->mutex);
    for (const JobFinished& subscriber : state_->subscribers) {
        process::contain("the end of a job was not taken note of", [&] { subscriber(job_id); });
    }
}

}  // namespace tutti::services::jobs
