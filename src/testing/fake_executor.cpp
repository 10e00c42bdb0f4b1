#include "tutti/testing/fake_executor.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <utility>

namespace tutti::testing {

namespace {

constexpr unsigned slot_bits = 24;

std::size_t slot_of(Executor::TimerId id) {
    return std::to_underlying(id) & ((std::uint64_t{1} << slot_bits) - 1);
}

}  // namespace

ManualExecutor::~ManualExecutor() {
    // Destroying a task may cancel a timer or post another task; nothing of that may hang or loop.
    for (;;) {
        std::deque<Task> posted;
        std::vector<Slot> slots;
        const detail::Lock lock(mutex_);
        if (posted_.empty() && slots_.empty()) return;
        posted.swap(posted_);
        slots.swap(slots_);
        timers_.clear();
        free_slots_.clear();
    }
}

void ManualExecutor::post(Task task) {
    const detail::Lock lock(mutex_);
    posted_.push_back(std::move(task));
    note_ready();
}

Executor::TimerId ManualExecutor::run_at(TimePoint when, Task task) {
    const detail::Lock lock(mutex_);
    if (free_slots_.empty()) {
        free_slots_.push_back(slots_.size());
        slots_.emplace_back();
    }
    const std::size_t slot = free_slots_.back();
    free_slots_.pop_back();
    const TimerId id{++last_number_ << slot_bits | slot};
    slots_[slot] = {.id = id, .task = std::move(task)};
    timers_.push_back({when, id});
    std::ranges::push_heap(timers_, std::greater());
    note_ready();
    return id;
}

bool ManualExecutor::cancel(TimerId id) {
    Task cancelled;  // destroyed after the lock is released
    const detail::Lock lock(mutex_);
    if (slot_of(id) >= slots_.size() || id == TimerId::none || slots_[slot_of(id)].id != id)
        return false;
    cancelled = clear(id);
    note_ready();
    return true;
}

Task ManualExecutor::take_ready() {
    const detail::Lock lock(mutex_);
    Task task;
    if (!posted_.empty()) {
        task = std::move(posted_.front());
        posted_.pop_front();
    } else if (!timers_.empty() && timers_.front().when <= clock_.now()) {
        task = clear(timers_.front().id);
    }
    note_ready();
    return task;
}

Task ManualExecutor::clear(TimerId id) {
    free_slots_.push_back(slot_of(id));
    Task task = std::exchange(slots_[slot_of(id)], {}).task;
    while (!timers_.empty() && slots_[slot_of(timers_.front().id)].id != timers_.front().id) {
        std::ranges::pop_heap(timers_, std::greater());
        timers_.pop_back();
    }
    return task;
}

void ManualExecutor::note_ready() noexcept {
    const TimePoint timer = timers_.empty() ? TimePoint::max() : timers_.front().when;
    const TimePoint at = posted_.empty() ? timer : TimePoint::min();
    ready_at_.store(at.time_since_epoch().count(), std::memory_order_release);
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
    return slots_.size() - free_slots_.size();
}

std::optional<TimePoint> ManualExecutor::next_timer() const {
    const detail::Lock lock(mutex_);
    if (timers_.empty()) return std::nullopt;
    return timers_.front().when;
}

}  // namespace tutti::testing
