#include "runtime/worker_pool.hpp"

#include <cassert>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "base/node_thread.hpp"

namespace tutti {

struct WorkerPool::State {
    explicit State(std::size_t queued) : queued_max(queued) {}

    void work();

    const std::size_t queued_max;
    std::mutex mutex;  // guards all below
    std::condition_variable changed;
    std::deque<Task> queue;
    bool stopped = false;
    std::size_t running = 0;  // tasks
    std::condition_variable ended;
};

WorkerPool::WorkerPool(Options options) : state_(std::make_shared<State>(options.queued_max)) {
    assert(options.threads > 0);
    threads_.reserve(options.threads);
    try {
        while (threads_.size() < options.threads) {
            threads_.emplace_back([state = state_] { state->work(); });
        }
    } catch (...) {
        (void)stop(TimePoint{});  // those that there are
        throw;
    }
}

WorkerPool::~WorkerPool() { (void)stop(TimePoint{}); }

bool WorkerPool::try_post(Task task) {
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->stopped || state_->queue.size() >= state_->queued_max) return false;
        state_->queue.push_back(std::move(task));
    }
    state_->changed.notify_one();
    return true;
}

void WorkerPool::close() {
    std::deque<Task> dropped;  // destroyed after the lock: a task may own anything
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopped = true;
        dropped.swap(state_->queue);
    }
    state_->changed.notify_all();
}

bool WorkerPool::wait(TimePoint until) const {
    std::unique_lock lock(state_->mutex);
    return state_->ended.wait_until(lock, until, [this] { return state_->running == 0; });
}

bool WorkerPool::stop(TimePoint until) {
    close();
    const bool ended = wait(until);
    for (auto& thread : std::exchange(threads_, {})) {
        // A thread between its tasks and its end is waited for, one that runs a task is not.
        ended ? thread.join() : thread.detach();
    }
    return ended;
}

std::size_t WorkerPool::running() const {
    const std::lock_guard lock(state_->mutex);
    return state_->running;
}

void WorkerPool::State::work() {
    const NodeThreadMark mark;
    std::unique_lock lock(mutex);
    for (;;) {
        changed.wait(lock, [this] { return stopped || !queue.empty(); });
        if (stopped) return;
        ++running;
        {
            Task task = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            task();
        }
        lock.lock();
        if (--running == 0) ended.notify_all();
    }
}

}  // namespace tutti
