#include "runtime/runtime.hpp"

#include <cassert>

#include "base/node_thread.hpp"

namespace tutti {

Runtime::Runtime() : work_(loop_.get_executor()), executor_(loop_) {}

Runtime::~Runtime() { stop(); }

void Runtime::start() {
    assert(!thread_.joinable());
    thread_ = std::thread([this] {
        thread_id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
        const NodeThreadMark mark;
        loop_.run();
    });
}

void Runtime::stop() {
    if (!thread_.joinable()) return;
    assert(!on_thread());
    executor_.post([this] { loop_.stop(); });
    thread_.join();
}

bool Runtime::on_thread() const noexcept {
    return thread_id_.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

}  // namespace tutti
