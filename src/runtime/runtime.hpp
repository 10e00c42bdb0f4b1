// The event loop of one node and the one thread that runs it.
//
// Order of life: what uses `executor()` or `event_loop()` is destroyed before the Runtime is. When
// `stop` has returned, the executor takes nothing any more, and what it had taken is destroyed; so
// nothing that a task owns, the Runtime's own owner included, is kept by a loop that does not run.
//
// Thread-safety: `executor()` and `run_alone` as Executor; `start` and `stop` from one thread,
// never the loop's own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "runtime/asio_executor.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti {

class Runtime {
public:
    Runtime();
    ~Runtime();  // stops, and waits for the task that runs
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    // Tasks may be posted before; they run from here on. Once.
    void start();

    // Runs what was posted before this call, waits for it, and ends the thread. Timers that are not
    // yet due, and everything that is posted from now on, never run. Does nothing when not running.
    // Blocking: as long as the tasks take.
    void stop();
    // The same, at most until then. False: a task still runs. The thread ends with it, and keeps
    // `used` until then, which owns the Runtime and whatever else the task works with.
    [[nodiscard]] bool stop(TimePoint until, std::shared_ptr<void> used);

    [[nodiscard]] Executor& executor() noexcept { return executor_; }
    // Runs `task` where it alone touches what belongs to the loop: at once on the loop's thread, or
    // when that has ended, otherwise posted.
    void run_alone(Task task);
    [[nodiscard]] bool on_thread() const noexcept;

    // For the network adapters only.
    [[nodiscard]] boost::asio::io_context& event_loop() noexcept { return loop_; }

private:
    void run();

    boost::asio::io_context loop_{1};  // a hint: one thread
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    AsioExecutor executor_;
    std::thread thread_;
    // Written by the thread before it runs anything; another thread that reads it only learns "not
    // me".
    std::atomic<std::thread::id> thread_id_;

    detail::Mutex mutex_;
    std::condition_variable changed_;
    bool ended_ TUTTI_GUARDED_BY(mutex_) = false;  // the thread runs nothing any more
    std::shared_ptr<void> used_ TUTTI_GUARDED_BY(mutex_);
};

}  // namespace tutti
