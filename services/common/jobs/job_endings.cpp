#include "common/jobs/job_endings.hpp"

#include <list>
#include <utility>

#include "common/process/edge.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::jobs {

struct JobEndings::State {
    // Held during calls: one at a time, and none after its subscription has ended.
    detail::Mutex mutex;
    std::list<JobFinished> subscribers TUTTI_GUARDED_BY(mutex);
};

JobEndings::JobEndings() : state_(std::make_shared<State>()) {}

JobSubscription JobEndings::add(JobFinished subscriber) {
    const detail::Lock lock(state_->mutex);
    const auto place = state_->subscribers.insert(state_->subscribers.end(), std::move(subscriber));
    return {nullptr, [state = state_, place](void*) {
                const detail::Lock ending(state->mutex);
                state->subscribers.erase(place);
            }};
}

void JobEndings::announce(const std::string& job_id) {
    const detail::Lock lock(state_->mutex);
    for (const JobFinished& subscriber : state_->subscribers) {
        process::contain("the end of a job was not taken note of", [&] { subscriber(job_id); });
    }
}

}  // namespace tutti::services::jobs
