// The executor of a real node: tasks and timers on a Boost.Asio event loop that one thread runs.
//
// Timers are a sorted table of our own with a single Asio timer armed for the first of them, so
// that equally due timers run in the order of their ids, `cancel` knows exactly whether it came in
// time, and a timer costs no system call unless it becomes the next one.
//
// Posted tasks wait in a queue of our own, too, so that what never runs can be destroyed while the
// event loop lives on: a task may own what owns the loop, and would keep it for ever.
//
// The thread that runs the loop is the only one that touches the Asio timer; queue and table are
// guarded by the mutex, and no task runs or is destroyed under it. Thread-safety: as Executor.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>

#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/executor.hpp"

namespace tutti {

class AsioExecutor final : public Executor {
public:
    // `loop` must outlive the executor, and must be run by one thread only.
    explicit AsioExecutor(boost::asio::io_context& loop);

    void post(Task task) override;
    TimerId run_at(TimePoint when, Task task) override;
    bool cancel(TimerId id) override;

    // Takes no more tasks and timers: they are destroyed within the call that brings them. What was
    // posted before runs, and then `last`.
    void close(Task last);
    // Closes, and destroys whatever has not run. Requires: no thread runs the loop any more.
    void drop();

private:
    using Due = std::pair<TimePoint, TimerId>;

    void drain();
    void arm();
    void run_due();
    std::optional<Task> take_due(TimePoint now, std::uint64_t newest);

    boost::asio::io_context& loop_;
    boost::asio::basic_waitable_timer<Boottime> alarm_;

    detail::Mutex mutex_;
    std::deque<Task> tasks_ TUTTI_GUARDED_BY(mutex_);
    bool draining_ TUTTI_GUARDED_BY(mutex_) = false;  // the loop knows that there are tasks
    bool closed_ TUTTI_GUARDED_BY(mutex_) = false;
    std::map<Due, Task> timers_ TUTTI_GUARDED_BY(mutex_);
    std::unordered_map<TimerId, TimePoint> due_at_ TUTTI_GUARDED_BY(mutex_);
    std::uint64_t last_id_ TUTTI_GUARDED_BY(mutex_) = 0;
};

}  // namespace tutti
