#include "common/http/handler_pool.hpp"

#include <utility>

#include "common/process/edge.hpp"

namespace tutti::services::http {

// A thread that cannot be started leaves the others to the destructor of `threads_`, which ends
// them.
HandlerPool::HandlerPool(Options options) : options_(options), free_(options.threads) {
    threads_.reserve(options_.threads);
    for (std::size_t i = 0; i < options_.threads; ++i) {
        threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
    }
}

HandlerPool::~HandlerPool() { stop(); }

bool HandlerPool::submit(std::function<void()> job) {
    {
        const detail::Lock lock(mutex_);
        // What free threads are about to take does not count.
        if (stopped_ || queue_.size() >= options_.queued_max + free_) return false;
        queue_.push_back(std::move(job));
    }
    changed_.notify_one();
    return true;
}

void HandlerPool::stop() {
    {
        const detail::Lock lock(mutex_);
        stopped_ = true;
    }
    threads_.clear();
}

void HandlerPool::run(const std::stop_token& stop) {
    detail::Lock lock(mutex_);
    while (true) {
        changed_.wait(lock, stop, [this]() TUTTI_REQUIRES(mutex_) { return !queue_.empty(); });
        if (queue_.empty()) return;
        --free_;
        auto job = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        process::contain("a request's handler failed", job);
        job = nullptr;  // what it holds is gone before the next one is taken
        lock.lock();
        ++free_;
    }
}

}  // namespace tutti::services::http
