// A load in progress and the readers who wait for it. All fields are guarded by the mutex of the
// CacheCore that made it, but for a waiter's completion, which is taken exactly once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tutti/detail/cache.hpp"
#include "tutti/executor.hpp"

namespace tutti {

// What a reader asks for.
struct Intent {
    enum class Kind : unsigned char { read, refresh };

    Kind kind = Kind::read;
    // A refresh takes a stored value that is no older: another instance has just done the work.
    Duration age_max = Duration::max();
    // ... and otherwise loads although another instance does.
    bool take_over = false;

    // Of the user: whatever there is.
    [[nodiscard]] static Intent forced() noexcept {
        return {.kind = Kind::refresh, .age_max = Duration::zero(), .take_over = true};
    }
    // Of the schedule.
    [[nodiscard]] static Intent scheduled(Duration age_max) noexcept {
        return {.kind = Kind::refresh, .age_max = age_max, .take_over = false};
    }

    [[nodiscard]] bool is_refresh() const noexcept { return kind == Kind::refresh; }
    void also(const Intent& other) noexcept {
        if (other.is_refresh()) kind = Kind::refresh;
        age_max = std::min(age_max, other.age_max);
        take_over |= other.take_over;
    }
};

// One reader. What takes the completion first answers it: the flight, the reader's deadline, or
// the end of the node.
class Waiter {
public:
    Waiter(Completion<detail::RawLookup> done, std::string degraded, Intent::Kind wants)
        : done_(std::move(done)), degraded_(std::move(degraded)), wants_(wants) {}

    // True for exactly one caller, who has then answered.
    bool answer(Result<detail::RawLookup> answer) {
        if (answered_.exchange(true, std::memory_order_acq_rel)) return false;
        if (answer && answer->degraded.empty()) answer->degraded = degraded_;
        std::exchange(done_, nullptr)(std::move(answer));
        return true;
    }

    [[nodiscard]] Intent::Kind wants() const noexcept { return wants_; }

    Executor::TimerId timer = Executor::TimerId::none;  // written before the waiter is shared
    std::size_t place = 0;                              // among the waiters of its flight

private:
    std::atomic<bool> answered_ = false;  // pairs with itself: one exchange wins
    Completion<detail::RawLookup> done_;
    const std::string degraded_;
    const Intent::Kind wants_;
};

struct Flight {
    using QueuePosition = std::list<std::shared_ptr<Flight>>::iterator;

    std::string text;
    std::shared_ptr<const void> key;
    Intent intent;
    std::vector<std::shared_ptr<Waiter>> waiters;
    TimePoint asked;               // when its first reader came
    TimePoint wanted_until;        // no reader waits longer
    std::uint64_t generation = 0;  // of the cache, when the flight began to read
    TimePoint began;
    Executor::TimerId timer = Executor::TimerId::none;
    std::optional<QueuePosition> queue_position;  // in the queue of loads, while it waits there
    bool reading = false;        // has begun to read; before that every reader may join
    bool asks = false;           // the store or the source, now; otherwise it waits for its turn
    bool awaits_worker = false;  // is in the line for one
    bool poisoned = false;       // invalidated since it began: its value is stored nowhere
    bool landed = false;         // answered or abandoned: a later result is dropped

    // With a store.
    LoadToken token;          // of the claim; empty: goes alone, and fills the store with nothing
    bool unreadable = false;  // what the store has: its rank counts for nothing
    TimePoint claim_wait_ends{};                 // waits for another instance's load until then
    std::optional<detail::RawLookup> last_good;  // the store's
    std::string degraded;                        // why it had to do without the store
    Executor::TimerId claim_timer = Executor::TimerId::none;  // of that wait, see StoreAccess::wait

    void add(std::shared_ptr<Waiter> waiter, TimePoint until) {
        waiter->place = waiters.size();
        waiters.push_back(std::move(waiter));
        wanted_until = std::max(wanted_until, until);
    }
    // False: it does not wait here any more.
    bool remove(const Waiter& waiter) {
        const std::size_t place_left = waiter.place;
        if (place_left >= waiters.size() || waiters[place_left].get() != &waiter) return false;
        std::swap(waiters[place_left], waiters.back());
        waiters[place_left]->place = place_left;
        waiters.pop_back();
        return true;
    }
};

}  // namespace tutti
