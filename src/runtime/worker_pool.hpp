// Where the user's loaders run: a fixed number of threads behind a bounded queue. The bound is the
// point: a source that has become slow must push back on the readers and not fill the memory.
//
// Tasks start in the order in which they were accepted. A task that throws ends the program: whoever
// calls user code catches first.
//
// Thread-safety: as Workers. `stop` from one thread, not from a task.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/workers.hpp"
#include "tutti/executor.hpp"

namespace tutti {

class WorkerPool final : public Workers {
public:
    struct Options {
        std::size_t threads = 4;        // at least 1
        std::size_t queued_max = 1024;  // accepted and not yet started
    };

    explicit WorkerPool(Options options);
    ~WorkerPool() override;  // stops
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    bool try_post(Task task) override;

    // Waits for the running tasks; those that have not started are destroyed without having run.
    void stop();

private:
    void work();

    const std::size_t queued_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Task> queue_;
    bool stopped_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace tutti
