#include "runtime/runtime.hpp"

#include <cassert>
#include <utility>

#include "base/node_thread.hpp"

namespace tutti {

Runtime::Runtime() : work_(loop_.get_executor()), executor_(loop_) {}

Runtime::~Runtime() { stop(); }

void Runtime::start() {
    assert(!thread_.joinable());
    thread_ = std::thread([this] { run(); });
}

void Runtime::run() {
    thread_id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    const NodeThreadMark mark;
    loop_.run();
    std::shared_ptr<void> used;  // goes last: it may own this Runtime
    {
        const detail::Lock lock(mutex_);
        ended_ = true;
        changed_.notify_all();
        used.swap(used_);
    }
    // Left behind: nothing else takes what was not run.
    if (used) executor_.drop();
}

void Runtime::stop() {
    if (thread_.joinable()) {
        assert(!on_thread());
        executor_.close([this] { loop_.stop(); });
        thread_.join();
    }
    executor_.drop();
}

bool Runtime::stop(TimePoint until, std::shared_ptr<void> used) {
    if (!thread_.joinable()) return true;
    assert(!on_thread());
    executor_.close([this] { loop_.stop(); });
    {
        detail::Lock lock(mutex_);
        const auto ended = [this]() TUTTI_REQUIRES(mutex_) { return ended_; };
        if (!changed_.wait_until(lock.waiting(), until, ended)) {
            used_ = std::move(used);
            thread_.detach();
            return false;
        }
    }
    stop();
    return true;
}

void Runtime::run_alone(Task task) {
    const bool ended = [this] {
        const detail::Lock lock(mutex_);
        return ended_;
    }();
    ended || on_thread() ? task() : executor_.post(std::move(task));
}

bool Runtime::on_thread() const noexcept {
    return thread_id_.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

}  // namespace tutti
