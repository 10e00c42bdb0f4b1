// Where the user's loaders run: a fixed number of threads behind a bounded queue. The bound is the
// point: a source that has become slow must push back on the readers and not fill the memory.
//
// Tasks start in the order in which they were accepted. A task that throws ends the program: whoever
// calls user code catches first.
//
// The threads share what they work with and keep it: a task that does not end when the pool does is left
// behind and hurts nothing but itself. So the pool may also be destroyed by one of its own tasks.
//
// Thread-safety: as Workers. `stop` from one thread, not from a task.
#pragma once

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "base/workers.hpp"
#include "tutti/clock.hpp"
#include "tutti/executor.hpp"

namespace tutti {

class WorkerPool final : public Workers {
public:
    struct Options {
        std::size_t threads = 4;        // at least 1
        std::size_t queued_max = 1024;  // accepted and not yet started
    };

    explicit WorkerPool(Options options);
    ~WorkerPool() override;  // does not wait for tasks; `stop` does
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    bool try_post(Task task) override;

    // Takes no more tasks; those that have not started are destroyed without having run. Never blocks.
    void close();
    // Whether the tasks that run end by then.
    [[nodiscard]] bool wait(TimePoint until) const;
    // Closes, and ends the threads when their tasks end by then. False: some still run, and their
    // threads end with them.
    [[nodiscard]] bool stop(TimePoint until);
    // Of tasks that run.
    [[nodiscard]] std::size_t running() const;

private:
    struct State;

    const std::shared_ptr<State> state_;
    std::vector<std::thread> threads_;
};

}  // namespace tutti
