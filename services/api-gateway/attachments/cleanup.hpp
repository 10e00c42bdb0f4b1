// When the files of a request go: a few seconds after its job has ended, so that a reader that has
// begun can end; and an hour after the last of them came, whatever happened, which is how long a
// job is known at all. The latter also takes what a process left behind that was killed.
//
// Time comes in as arguments, so tests need not wait; `start` gives it a thread with the machine's
// clock.
//
// Thread-safety: all functions may be called from any thread. Shutdown: `stop` ends the thread;
// files that were due later stay for the next process. The store outlives it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <string>
#include <string_view>
#include <thread>

#include "api-gateway/attachments/store.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::gateway::attachments {

class AttachmentCleanup {
public:
    struct Options {
        Duration after_job = std::chrono::seconds{5};
        std::chrono::seconds age_max{3600};
        Duration sweep_every = std::chrono::minutes{1};
    };

    AttachmentCleanup(AttachmentStore& store, Options options) : store_(store), options_(options) {}
    ~AttachmentCleanup() { stop(); }
    AttachmentCleanup(const AttachmentCleanup&) = delete;
    AttachmentCleanup& operator=(const AttachmentCleanup&) = delete;

    // Once.
    void start();
    // Idempotent.
    void stop();

    // Ids of jobs that have no files of their own ("audio-...") are ignored. Told again, or to
    // several gateways: harmless.
    void job_ended(std::string_view job_id, TimePoint now = Boottime::now());

    // Does what is due; returns when to come again. `wall` is what the age of files is compared
    // with.
    TimePoint step(TimePoint now, AttachmentStore::WallTime wall);

private:
    void run(const std::stop_token& stop);

    AttachmentStore& store_;
    const Options options_;
    detail::Mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::string, TimePoint, std::less<>> due_ TUTTI_GUARDED_BY(mutex_);  // request id
    TimePoint next_sweep_ TUTTI_GUARDED_BY(mutex_){};
    bool heard_ TUTTI_GUARDED_BY(mutex_) = false;  // of a job since the last step
    std::jthread thread_;
};

}  // namespace tutti::services::gateway::attachments
