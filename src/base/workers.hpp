// Where blocking user code runs. Bounded: a full queue says so instead of growing.
#pragma once

#include "tutti/executor.hpp"

namespace tutti {

class Workers {
public:
    virtual ~Workers() = default;
    // Runs `task` on some worker thread. False: the queue is full, or the workers have stopped, and
    // the task was not taken. Thread-safe, never blocks.
    virtual bool try_post(Task task) = 0;
};

}  // namespace tutti
