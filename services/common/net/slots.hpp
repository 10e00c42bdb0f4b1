// A bounded number of things at a time, and a bounded number that wait for their turn: what keeps
// one slow upstream from taking every thread of a process.
//
//     Slots slots({.concurrent_max = 16, .queued_max = 64});
//     auto slot = slots.take(deadline);
//     if (!slot) return fail(slot.error());   // overloaded: at once when the queue is full
//     ...                                     // the slot is given back with the object
//
// Turns are taken in the order of arrival: no call overtakes the queue.
//
// Thread-safety: all functions may be called from any thread. Shutdown: `stop` ends the waiting;
// every `Slot` must be gone before the object is.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <list>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::net {

class Slots {
public:
    struct Limits {
        std::size_t concurrent_max = 64;  // zero lets no call in
        std::size_t queued_max = 256;     // zero: who finds no slot is refused at once
    };
    struct Load {
        std::size_t in_use = 0;
        std::size_t queued = 0;
    };

    // One turn, given back by the destructor.
    class Slot {
    public:
        Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
        Slot& operator=(Slot&&) = delete;
        ~Slot() {
            if (slots_ != nullptr) slots_->give_back();
        }

    private:
        friend class Slots;
        explicit Slot(Slots& slots) noexcept : slots_(&slots) {}
        Slots* slots_;
    };

    explicit Slots(Limits limits) : limits_(limits) {}
    Slots(const Slots&) = delete;
    Slots& operator=(const Slots&) = delete;

    // Blocking: until `deadline` at most. Errors: overloaded (the queue is full, or no turn came
    // before the deadline), stopped.
    [[nodiscard]] Result<Slot> take(TimePoint deadline);
    // Refuses all calls from now on, also those who wait. Idempotent.
    void stop();
    [[nodiscard]] Load load() const;

private:
    struct Queued {
        std::condition_variable changed;
        bool granted = false;
    };

    void give_back();

    const Limits limits_;
    mutable detail::Mutex mutex_;
    std::list<Queued> queue_ TUTTI_GUARDED_BY(mutex_);  // in the order of arrival
    std::size_t in_use_ TUTTI_GUARDED_BY(mutex_) = 0;
    bool stopped_ TUTTI_GUARDED_BY(mutex_) = false;
};

}  // namespace tutti::services::net
