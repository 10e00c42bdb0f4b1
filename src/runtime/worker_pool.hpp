// Where the user's loaders run: threads behind bounded queues. The bound is the point: a source
// that has become slow must push back on the readers and not fill the memory.
//
// `threads` of them are there from the beginning and are shared. When all are busy, a lane none of
// whose tasks runs is given a further one, so there are never more than `threads` and one for each
// lane; which task is next is the matter of `Lanes`. When the system has no further thread to give,
// the task waits. A task that throws ends the program: a task that calls user code catches first.
//
// The threads share what they work with and keep it: a task that does not end when the pool does is
// left behind and hurts nothing but itself. So the pool may also be destroyed by one of its own
// tasks.
//
// Thread-safety: as Workers. `stop` from one thread, not from a task.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/workers.hpp"
#include "tutti/clock.hpp"
#include "tutti/executor.hpp"

namespace tutti {

class WorkerPool final : public Workers {
public:
    struct Options {
        std::size_t threads = 4;        // at least 1
        std::size_t queued_max = 1024;  // of each lane, accepted and not yet started
    };

    explicit WorkerPool(Options options);
    ~WorkerPool() override;  // does not wait for tasks; `stop` does
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    Lane open_lane(std::string name, std::size_t running_max) override;
    bool try_post(Lane lane, Task task) override;

    // Takes no more tasks; those that have not started are destroyed without having run. Never
    // blocks.
    void close();
    // Whether the tasks that run end by then.
    [[nodiscard]] bool wait(TimePoint until) const;
    // Closes, and ends the threads when their tasks end by then. False: some still run, and their
    // threads end with them.
    [[nodiscard]] bool stop(TimePoint until);
    // Whose tasks run, and how many: "cache numbers (2)".
    [[nodiscard]] std::vector<std::string> busy() const;

private:
    struct State;

    const std::shared_ptr<State> state_;
};

}  // namespace tutti
