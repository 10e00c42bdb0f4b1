// How a node ends: its engine, then the loads that run, then its own thread; each within the
// deadline, and what does not end is named and left behind. What is left keeps what it works with.
//
// Thread-safety: every function from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/home_process.hpp"
#include "base/log.hpp"
#include "node/engine.hpp"
#include "node/parts.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/node.hpp"

namespace tutti {

class NodeLife : public std::enable_shared_from_this<NodeLife> {
public:
    NodeLife(const NodeOptions& options, std::shared_ptr<NodeThreads> threads,
             std::shared_ptr<Engine> engine);

    // Whose life this is.
    [[nodiscard]] std::unique_ptr<Node> node();
    [[nodiscard]] Engine& engine() noexcept { return *engine_; }
    // In a child of the process that made the node: nothing of it may be touched.
    [[nodiscard]] bool left() const noexcept { return home_.left(); }
    [[nodiscard]] bool stopping() const;

    // As Node::stop.
    Stopped stop(Duration deadline);
    [[nodiscard]] Duration stop_deadline() const noexcept { return stop_deadline_; }
    // What the completion of a stop has thrown.
    void report(const Error& error) const noexcept;

private:
    enum class Phase : std::uint8_t { running, stopping, stopped };

    Stopped end(TimePoint until);
    [[nodiscard]] bool end_engine(TimePoint until);
    [[nodiscard]] bool end_workers(TimePoint until);
    [[nodiscard]] std::string loads_that_run() const;

    const HomeProcess home_;
    const Duration stop_deadline_;
    const Log log_;
    const std::shared_ptr<NodeThreads> threads_;
    const std::shared_ptr<Engine> engine_;

    mutable detail::Mutex mutex_;
    std::condition_variable changed_;
    Phase phase_ TUTTI_GUARDED_BY(mutex_) = Phase::running;
    Stopped outcome_ TUTTI_GUARDED_BY(mutex_);
};

}  // namespace tutti
