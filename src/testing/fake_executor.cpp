#include "tutti/testing/fake_executor.hpp"

#include <cassert>

namespace tutti::testing {

ManualExecutor::~ManualExecutor() {
    // Destroying a task may cancel a timer or post another task; nothing of that may hang or loop.
    for (;;) {
        std::deque<Task> posted;
        std::map<TimerKey, Task> timers;
        const detail::Lock lock(mutex_);
        if (posted_.empty() && timers_.empty()) return;
        posted.swap(posted_);
        timers.swap(timers_);
        due_.clear();
    }
}

void ManualExecutor::post(Task task) {
    const detail::Lock lock(mutex_);
    posted_.push_back(std::move(task));
}

Executor::TimerId ManualExecutor::run_at(TimePoint when, Task task) {
    const detail::Lock lock(mutex_);
    const TimerId id{++last_id_};
    timers_.emplace(TimerKey{when, id}, std::move(task));
    due_.emplace(id, when);
    return id;
}

bool ManualExecutor::cancel(TimerId id) {
    Task cancelled;  // destroyed after the lock is released
    const detail::Lock lock(mutex_);
    const auto due = due_.find(id);
    if (due == due_.end()) return false;
    const auto timer = timers_.find({due->second, id});
    cancelled = std::move(timer->second);
    timers_.erase(timer);
    due_.erase(due);
    return true;
}

Task ManualExecutor::take_ready() {
    const detail::Lock lock(mutex_);
    Task task;
    if (!posted_.empty()) {
        task = std::move(posted_.front());
        posted_.pop_front();
    } else if (!timers_.empty() && timers_.begin()->first.first <= clock_.now()) {
        const auto timer = timers_.begin();
        task = std::move(timer->second);
        due_.erase(timer->first.second);
        timers_.erase(timer);
    }
    return task;
}

bool ManualExecutor::run_one() {
    Task task = take_ready();
    if (!task) return false;
    task();
    return true;
}

std::size_t ManualExecutor::run_ready() {
    std::size_t count = 0;
    while (run_one()) ++count;
    return count;
}

void ManualExecutor::move_clock_to(TimePoint when) {
    assert(manual_ != nullptr && "a test moves this executor's clock by itself");
    if (when > manual_->now()) manual_->advance(when - manual_->now());
}

void ManualExecutor::advance(Duration by) {
    const TimePoint end = saturating_add(clock_.now(), by);
    run_ready();
    for (auto next = next_timer(); next && *next <= end; next = next_timer()) {
        move_clock_to(*next);
        run_ready();
    }
    move_clock_to(end);
}

bool ManualExecutor::run_until(const std::function<bool()>& done, Duration limit) {
    const TimePoint end = saturating_add(clock_.now(), limit);
    for (;;) {
        while (!done()) {
            if (!run_one()) break;
        }
        if (done()) return true;
        const auto next = next_timer();
        if (!next || *next > end) break;
        move_clock_to(*next);
    }
    move_clock_to(end);
    return false;
}

std::size_t ManualExecutor::posted_count() const {
    const detail::Lock lock(mutex_);
    return posted_.size();
}

std::size_t ManualExecutor::timer_count() const {
    const detail::Lock lock(mutex_);
    return timers_.size();
}

bool ManualExecutor::ready() const {
    const detail::Lock lock(mutex_);
    if (!posted_.empty()) return true;
    return !timers_.empty() && timers_.begin()->first.first <= clock_.now();
}

std::optional<TimePoint> ManualExecutor::next_timer() const {
    const detail::Lock lock(mutex_);
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first.first;
}

}  // namespace tutti::testing
