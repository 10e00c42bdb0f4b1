// Where blocking user code runs, on threads that the caches of a node share. Each kind of work has
// a lane of its own, so that a source that hangs holds up its own cache and no other. Bounded: a
// full lane says so instead of growing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tutti/executor.hpp"

namespace tutti {

class Workers {
public:
    // The tasks that wait in one queue: the loads of one cache, for instance.
    enum class Lane : std::uint32_t {};

    virtual ~Workers() = default;
    // At most `running_max` (at least 1) of its tasks run at a time. A lane lasts as long as the
    // workers. `name` says whose tasks they are, to people. Thread-safe.
    virtual Lane open_lane(std::string name, std::size_t running_max) = 0;
    // Runs `task` on some worker thread. False: the lane is full, or the workers have stopped, and
    // the task was not taken. Thread-safe, never blocks.
    virtual bool try_post(Lane lane, Task task) = 0;
};

}  // namespace tutti
