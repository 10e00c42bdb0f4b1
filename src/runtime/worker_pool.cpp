#include "runtime/worker_pool.hpp"

#include <cassert>
#include <condition_variable>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/node_thread.hpp"
#include "runtime/lanes.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti {

struct WorkerPool::State : std::enable_shared_from_this<State> {
    explicit State(const Options& options) : lanes(options.threads, options.queued_max) {}

    void work();
    void hire() TUTTI_REQUIRES(mutex);         // a thread
    void find_worker() TUTTI_REQUIRES(mutex);  // for a task that may start

    detail::Mutex mutex;
    std::condition_variable changed;
    std::condition_variable ended;
    Lanes lanes TUTTI_GUARDED_BY(mutex);
    std::size_t idle TUTTI_GUARDED_BY(mutex) = 0;  // threads
    bool stopped TUTTI_GUARDED_BY(mutex) = false;
    std::vector<std::thread> threads TUTTI_GUARDED_BY(mutex);  // empty once it has stopped
};

WorkerPool::WorkerPool(Options options) : state_(std::make_shared<State>(options)) {
    assert(options.threads > 0);
    try {
        const detail::Lock lock(state_->mutex);
        while (state_->threads.size() < options.threads) state_->hire();
    } catch (...) {
        (void)stop(TimePoint{});  // those that there are
        throw;
    }
}

WorkerPool::~WorkerPool() { (void)stop(TimePoint{}); }

Workers::Lane WorkerPool::open_lane(std::string name, std::size_t running_max) {
    assert(running_max > 0);
    const detail::Lock lock(state_->mutex);
    return state_->lanes.open(std::move(name), running_max);
}

bool WorkerPool::try_post(Lane lane, Task task) {
    const detail::Lock lock(state_->mutex);
    if (state_->stopped || !state_->lanes.push(lane, std::move(task))) return false;
    state_->find_worker();
    return true;
}

void WorkerPool::close() {
    std::vector<Task> dropped;  // destroyed after the lock: a task may own anything
    {
        const detail::Lock lock(state_->mutex);
        state_->stopped = true;
        dropped = state_->lanes.drop();
    }
    state_->changed.notify_all();
}

bool WorkerPool::wait(TimePoint until) const {
    detail::Lock lock(state_->mutex);
    const auto idle = [this]()
                          TUTTI_REQUIRES(state_->mutex) { return state_->lanes.running() == 0; };
    return state_->ended.wait_until(lock.waiting(), until, idle);
}

bool WorkerPool::stop(TimePoint until) {
    close();
    const bool ended = wait(until);
    std::vector<std::thread> threads;
    {
        const detail::Lock lock(state_->mutex);
        threads.swap(state_->threads);
    }
    for (auto& thread : threads) {
        // A thread between its tasks and its end is waited for, one that runs a task is not.
        ended ? thread.join() : thread.detach();
    }
    return ended;
}

std::vector<std::string> WorkerPool::busy() const {
    const detail::Lock lock(state_->mutex);
    return state_->lanes.busy();
}

void WorkerPool::State::hire() {
    threads.emplace_back([state = shared_from_this()] { state->work(); });
    ++idle;
}

// A thread that is new, or was woken, counts as idle until it has the mutex; it then looks whether
// more may start.
void WorkerPool::State::find_worker() {
    if (!lanes.ready()) return;
    if (idle > 0) return changed.notify_one();
    try {
        hire();
    } catch (const std::system_error&) {
        return;  // the next thread that becomes free takes it
    }
}

void WorkerPool::State::work() {
    const NodeThreadMark mark;
    detail::Lock lock(mutex);
    for (;;) {
        changed.wait(lock.waiting(),
                     [this]() TUTTI_REQUIRES(mutex) { return stopped || lanes.ready(); });
        --idle;
        if (stopped) return;
        auto started = lanes.take();
        find_worker();
        lock.unlock();
        started->task();
        started->task = nullptr;  // what it owns may take long to destroy
        lock.lock();
        lanes.ended(started->lane);
        ++idle;
        if (lanes.running() == 0) ended.notify_all();
    }
}

}  // namespace tutti
