#include "runtime/asio_executor.hpp"

#include <boost/asio/post.hpp>

namespace tutti {

AsioExecutor::AsioExecutor(boost::asio::io_context& loop) : loop_(loop), alarm_(loop) {}

void AsioExecutor::post(Task task) {
    {
        const detail::Lock lock(mutex_);
        if (closed_) return;  // the caller destroys it, behind the lock
        tasks_.push_back(std::move(task));
        if (std::exchange(draining_, true)) return;
    }
    boost::asio::post(loop_, [this] { drain(); });
}

// What is there now, so that tasks that post tasks cannot starve sockets and timers.
void AsioExecutor::drain() {
    std::deque<Task> now;
    {
        const detail::Lock lock(mutex_);
        now.swap(tasks_);
    }
    // noexcept: a task that throws ends the program here, and not in some unwound event loop.
    const auto run = [](Task task) noexcept { task(); };
    while (!now.empty()) {
        Task task = std::move(now.front());
        now.pop_front();
        run(std::move(task));
    }
    const detail::Lock lock(mutex_);
    draining_ = !tasks_.empty();
    if (draining_) boost::asio::post(loop_, [this] { drain(); });
}

Executor::TimerId AsioExecutor::run_at(TimePoint when, Task task) {
    bool first = false;
    TimerId id{};
    {
        const detail::Lock lock(mutex_);
        if (closed_) return TimerId::none;
        id = TimerId{++last_id_};
        const auto place = timers_.emplace(Due{when, id}, std::move(task)).first;
        due_at_.emplace(id, when);
        first = place == timers_.begin();
    }
    if (first) boost::asio::post(loop_, [this] { arm(); });
    return id;
}

void AsioExecutor::close(Task last) {
    {
        const detail::Lock lock(mutex_);
        if (std::exchange(closed_, true)) return;
        tasks_.push_back(std::move(last));
        if (std::exchange(draining_, true)) return;
    }
    boost::asio::post(loop_, [this] { drain(); });
}

// They are destroyed behind the lock: what a task owns may cancel timers.
void AsioExecutor::drop() {
    std::deque<Task> tasks;
    std::map<Due, Task> timers;
    const detail::Lock lock(mutex_);
    closed_ = true;
    tasks.swap(tasks_);
    timers.swap(timers_);
    due_at_.clear();
}

bool AsioExecutor::cancel(TimerId id) {
    std::map<Due, Task>::node_type cancelled;  // destroyed after the lock: a task may own anything
    const detail::Lock lock(mutex_);
    const auto due = due_at_.find(id);
    if (due == due_at_.end()) return false;
    cancelled = timers_.extract(Due{due->second, id});
    due_at_.erase(due);
    return true;
}

// Cancelling the first timer leaves the alarm armed: it then fires once for nothing.
void AsioExecutor::arm() {
    TimePoint next{};
    {
        const detail::Lock lock(mutex_);
        if (timers_.empty()) return;
        next = timers_.begin()->first.first;
    }
    alarm_.expires_at(next);
    alarm_.async_wait([this](const boost::system::error_code& error) {
        if (!error) run_due();
    });
}

// Only what was set before this round, so that timers that set timers cannot starve the rest.
void AsioExecutor::run_due() {
    const TimePoint now = Boottime::now();
    std::uint64_t newest = 0;
    {
        const detail::Lock lock(mutex_);
        newest = last_id_;
    }
    const auto run = [](Task& task) noexcept { task(); };
    while (auto task = take_due(now, newest)) run(*task);
    arm();
}

std::optional<Task> AsioExecutor::take_due(TimePoint now, std::uint64_t newest) {
    const detail::Lock lock(mutex_);
    if (timers_.empty()) return std::nullopt;
    const auto [due, id] = timers_.begin()->first;
    if (due > now || std::to_underlying(id) > newest) return std::nullopt;
    auto first = timers_.extract(timers_.begin());
    due_at_.erase(id);
    return std::move(first.mapped());
}

}  // namespace tutti
