#include "runtime/worker_pool.hpp"

#include <cassert>
#include <utility>

#include "base/node_thread.hpp"

namespace tutti {

WorkerPool::WorkerPool(Options options) : queued_max_(options.queued_max) {
    assert(options.threads > 0);
    threads_.reserve(options.threads);
    for (std::size_t i = 0; i < options.threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() { stop(); }

bool WorkerPool::try_post(Task task) {
    {
        const std::lock_guard lock(mutex_);
        if (stopped_ || queue_.size() >= queued_max_) return false;
        queue_.push_back(std::move(task));
    }
    changed_.notify_one();
    return true;
}

void WorkerPool::stop() {
    std::deque<Task> dropped;  // destroyed after the lock: a task may own anything
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        dropped.swap(queue_);
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

void WorkerPool::work() {
    const NodeThreadMark mark;
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
        if (stopped_) return;
        {
            Task task = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            task();
        }
        lock.lock();
    }
}

}  // namespace tutti
