#include "node/life.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

namespace tutti {

namespace {

// Before the log says who is waited for.
constexpr Duration quiet_for = std::chrono::milliseconds{200};
// What is the node's own has so long in any case, also when the deadline was used up by others.
constexpr Duration own_part = std::chrono::seconds{1};
constexpr Duration forever = std::chrono::years{1};

TimePoint after(Duration duration) {
    return Boottime::now() + std::clamp(duration, Duration::zero(), forever);
}

// What a thread that is left behind works with. The engine goes first.
struct Used {
    std::shared_ptr<NodeThreads> threads;
    std::shared_ptr<Engine> engine;
};

}  // namespace

NodeLife::NodeLife(const NodeOptions& options, std::shared_ptr<NodeThreads> threads,
                   std::shared_ptr<Engine> engine)
    : stop_deadline_(options.stop_deadline),
      log_(options.log),
      threads_(std::move(threads)),
      engine_(std::move(engine)) {}

std::unique_ptr<Node> NodeLife::node() {
    return std::unique_ptr<Node>(new Node(shared_from_this()));
}

bool NodeLife::stopping() const {
    const detail::Lock lock(mutex_);
    return phase_ != Phase::running;
}

Stopped NodeLife::stop(Duration deadline) {
    if (left()) return {.left = {HomeProcess::reason}};
    const TimePoint until = after(deadline);
    detail::Lock lock(mutex_);
    if (phase_ == Phase::stopped) return outcome_;
    if (phase_ == Phase::stopping) {
        const auto stopped = [this]() TUTTI_REQUIRES(mutex_) { return phase_ == Phase::stopped; };
        if (changed_.wait_until(lock.waiting(), until, stopped)) return outcome_;
        return {.left = {"an earlier call of stop, which has more time"}};
    }
    phase_ = Phase::stopping;
    lock.unlock();
    Stopped outcome = end(until);
    lock.lock();
    phase_ = Phase::stopped;
    outcome_ = std::move(outcome);
    changed_.notify_all();
    return outcome_;
}

void NodeLife::report(const Error& error) const noexcept { log_(LogLevel::error, error.message()); }

Stopped NodeLife::end(TimePoint until) {
    const TimePoint began = Boottime::now();
    Stopped outcome;
    if (!end_engine(std::max(until, began + own_part))) engine_->end_calls();
    if (!end_workers(until)) {
        // Empty: they have ended at the last moment.
        if (auto loads = loads_that_run(); !loads.empty()) outcome.left.push_back(std::move(loads));
    }
    const TimePoint own = std::max(until, Boottime::now() + own_part);
    if (threads_->runtime().stop(own, std::make_shared<Used>(threads_, engine_))) {
        engine_->disconnect();
    } else {
        outcome.left.emplace_back("the node's own thread, which runs a function of the program");
    }
    if (outcome.complete()) return outcome;
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(Boottime::now() - began).count();
    std::string left;
    for (const std::string& one : outcome.left) left += (left.empty() ? "" : "; ") + one;
    log_(LogLevel::error,
         "stop waited for " + std::to_string(ms) + " ms and leaves behind: " + left);
    return outcome;
}

bool NodeLife::end_engine(TimePoint until) {
    // Shared: the answer may come when the caller waits no longer.
    auto stopped = std::make_shared<std::promise<void>>();
    auto done = stopped->get_future();
    engine_->stop([stopped] { stopped->set_value(); });
    stopped.reset();
    return done.wait_until(until) == std::future_status::ready;
}

bool NodeLife::end_workers(TimePoint until) {
    WorkerPool& workers = threads_->workers();
    workers.close();
    if (!workers.wait(std::min(until, after(quiet_for)))) {
        log_(LogLevel::info, "stop waits for " + loads_that_run());
    }
    return workers.stop(until);
}

std::string NodeLife::loads_that_run() const {
    std::string names;
    for (const std::string& one : threads_->workers().busy()) {
        names += (names.empty() ? "" : ", ") + one;
    }
    return names;
}

}  // namespace tutti
