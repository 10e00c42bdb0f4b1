// Threads that run the handlers of one kind of route, and the queue in front of them.
//
// A job that throws is an error in the log; its thread goes on.
//
// Thread-safety: all functions may be called from any thread, `stop` not from a job.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

#include "tutti/detail/mutex.hpp"

namespace tutti::services::http {

class HandlerPool {
public:
    struct Options {
        std::size_t threads = 1;
        std::size_t queued_max = 256;  // jobs that wait for a thread
    };

    // Throws std::system_error when a thread cannot be started; none is left then.
    explicit HandlerPool(Options options);
    // Stops.
    ~HandlerPool();
    HandlerPool(const HandlerPool&) = delete;
    HandlerPool& operator=(const HandlerPool&) = delete;

    // False when the queue is full, or the pool was stopped: the job does not run.
    [[nodiscard]] bool submit(std::function<void()> job);
    // Runs what waits, then ends the threads. Blocking: as long as that takes. Idempotent.
    void stop();

private:
    void run(const std::stop_token& stop);

    const Options options_;
    detail::Mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::function<void()>> queue_ TUTTI_GUARDED_BY(mutex_);
    std::size_t free_ TUTTI_GUARDED_BY(mutex_);  // threads without a job
    bool stopped_ TUTTI_GUARDED_BY(mutex_) = false;
    std::vector<std::jthread> threads_;  // last: use all of the above
};

}  // namespace tutti::services::http
