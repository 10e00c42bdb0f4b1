// The life of a process: it ends on SIGINT or SIGTERM, in order, awaited, and within a bound.
//
// Construct it first in `main`, before any thread exists: it blocks the two signals, and threads
// inherit that, so a signal reaches `wait` alone. Steps run in the reverse order of their
// registration, each to its end, on the thread that calls `wait`. A step that hangs is named on
// stderr when the bound is over, and the process exits with 1; a second signal does the same at
// once (130).
//
//     Lifecycle lifecycle;
//     auto server = ...;  lifecycle.on_stop("http server", [&] { server->stop(); });
//     return lifecycle.wait();
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace tutti::services::process {

class Lifecycle {
public:
    struct Options {
        std::chrono::milliseconds stop_bound{10'000};  // for all steps together
    };

    explicit Lifecycle(Options options);
    Lifecycle() : Lifecycle(Options{}) {}
    // Runs no step: an early return from `main` has destroyed what the steps refer to, and stopped
    // it by that.
    ~Lifecycle();
    Lifecycle(const Lifecycle&) = delete;
    Lifecycle& operator=(const Lifecycle&) = delete;

    // What a step throws is logged, and the next one runs.
    void on_stop(std::string name, std::function<void()> step);

    // Makes `wait` return as a signal would. From any thread.
    void request_stop() noexcept;

    // Blocks until a signal or `request_stop`, then runs the steps. Returns the exit code: 0.
    [[nodiscard]] int wait();

private:
    void run_steps();

    Options options_;
    int signals_ = -1;  // signalfd
    int request_ = -1;  // eventfd
    std::vector<std::pair<std::string, std::function<void()>>> steps_;
};

}  // namespace tutti::services::process
