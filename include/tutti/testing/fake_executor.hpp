// An executor that runs nothing until a test says so, and then always in the same order: posted
// tasks as they were posted, then due timers by (time, id). One thread runs it; a simulator
// interleaves several of them with `run_one`.
//
// Thread-safety: `post`, `run_at`, `cancel` and the counts may be called from any thread; the
// functions that run tasks from one thread at a time, and not from a task. Whatever was not run is
// destroyed with the executor.
#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/executor.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti::testing {

class ManualExecutor final : public Executor {
public:
    explicit ManualExecutor(ManualClock& clock) : clock_(clock), manual_(&clock) {}
    // Over a clock that is moved elsewhere, a drifting one for instance; `advance` and `run_until`
    // must not be called then.
    explicit ManualExecutor(const Clock& clock) : clock_(clock), manual_(nullptr) {}
    ~ManualExecutor() override;

    void post(Task task) override;
    TimerId run_at(TimePoint when, Task task) override;
    bool cancel(TimerId id) override;

    // Runs one posted task, or when there is none, one due timer. False: nothing was ready.
    bool run_one();
    // Runs until nothing is ready, what the tasks add included. Returns how many ran.
    std::size_t run_ready();

    // Lets time pass: the clock stops at every timer on the way, and `run_ready` runs there.
    void advance(Duration by);
    // Lets time pass timer by timer, until `done` holds or `limit` has passed. Returns whether it
    // holds.
    bool run_until(const std::function<bool()>& done, Duration limit);

    [[nodiscard]] std::size_t posted_count() const;
    [[nodiscard]] std::size_t timer_count() const;  // due ones included
    // From when on `run_one` runs something: TimePoint::min() is now, TimePoint::max() is never.
    // Takes no lock.
    [[nodiscard]] TimePoint ready_at() const noexcept {
        return TimePoint{Duration{ready_at_.load(std::memory_order_acquire)}};
    }
    [[nodiscard]] bool ready() const noexcept { return ready_at() <= clock_.now(); }
    [[nodiscard]] std::optional<TimePoint> next_timer() const;

private:
    struct Timer {
        TimePoint when;
        TimerId id;

        friend auto operator<=>(const Timer&, const Timer&) = default;
    };
    struct Slot {
        TimerId id = TimerId::none;  // none: it is free
        Task task;
    };

    Task take_ready();
    Task clear(TimerId id) TUTTI_REQUIRES(mutex_);
    void note_ready() noexcept TUTTI_REQUIRES(mutex_);
    void move_clock_to(TimePoint when);

    const Clock& clock_;
    ManualClock* manual_;
    mutable detail::Mutex mutex_;  // never held while a task runs or is destroyed
    std::deque<Task> posted_ TUTTI_GUARDED_BY(mutex_);
    // A heap, whose first is the next one. It has also those that were cancelled, but not in front.
    std::vector<Timer> timers_ TUTTI_GUARDED_BY(mutex_);
    // The low bits of an id are the place of its task.
    std::vector<Slot> slots_ TUTTI_GUARDED_BY(mutex_);
    std::vector<std::size_t> free_slots_ TUTTI_GUARDED_BY(mutex_);
    std::uint64_t last_number_ TUTTI_GUARDED_BY(mutex_) = 0;
    // Pairs with itself: who was told of a task sees when it is ready.
    std::atomic<Duration::rep> ready_at_{Duration::max().count()};
};

}  // namespace tutti::testing
