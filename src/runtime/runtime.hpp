// The event loop of one node and the one thread that runs it.
//
// Order of life: whoever uses `executor()` or `event_loop()` is destroyed after `stop` has returned and
// before the Runtime is. Tasks that are still queued then are destroyed without having run, by the
// thread that destroys the Runtime.
//
// Thread-safety: `executor()` as Executor; `start` and `stop` from one thread, never the loop's own.
#pragma once

#include <atomic>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "runtime/asio_executor.hpp"

namespace tutti {

class Runtime {
public:
    Runtime();
    ~Runtime();  // stops
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    // Tasks may be posted before; they run from here on. Once.
    void start();

    // Runs what was posted before this call, waits for it, and ends the thread. Timers that are not yet
    // due, and everything that is posted from now on, never run. Does nothing when not running.
    // Blocking: as long as the tasks take.
    void stop();

    [[nodiscard]] Executor& executor() noexcept { return executor_; }
    [[nodiscard]] bool on_thread() const noexcept;

    // For the network adapters only.
    [[nodiscard]] boost::asio::io_context& event_loop() noexcept { return loop_; }

private:
    boost::asio::io_context loop_{1};  // a hint: one thread
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    AsioExecutor executor_;
    std::thread thread_;
    // Written by the thread before it runs anything; whoever else reads it only learns "not me".
    std::atomic<std::thread::id> thread_id_;
};

}  // namespace tutti
