// Where work runs. A node never creates a thread behind the back of its tests: everything that it
// does later or elsewhere goes through an `Executor`, so that the simulator can run a whole fleet
// on one thread, in an order that a seed decides.
//
// Thread-safety: every function may be called from any thread, also from a task.
#pragma once

#include <cstdint>
#include <functional>

#include "tutti/clock.hpp"

namespace tutti {

using Task = std::move_only_function<void()>;

class Executor {
public:
    enum class TimerId : std::uint64_t { none = 0 };

    virtual ~Executor() = default;

    // Runs `task` later, never inside `post`. Tasks of one caller run in order. Does not block.
    // A task that throws ends the program: a task that calls user code catches first.
    virtual void post(Task task) = 0;

    // Runs `task` once at `when` or soon after, on the thread that runs posted tasks.
    // A time in the past means "now". Timers that are equally due run in the order of their ids.
    virtual TimerId run_at(TimePoint when, Task task) = 0;

    // Returns true when the task will not run. False: it has run, is running, or was never known.
    virtual bool cancel(TimerId id) = 0;
};

}  // namespace tutti
