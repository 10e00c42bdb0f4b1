// When what was taken out of a table may be destroyed: at once, unless a thread is reading that may have found it
// before; then when that read has ended.
//
// Mechanism: epochs. A reader notes the present one in a slot of its thread; a removal begins the next one, and
// looks whether a slot still shows an older one. A reader pays one locked instruction on a line of its own; a plain store
// would be cheaper, but then every removal would need a system call (membarrier), would have to be batched, and
// values would live on for an unknown while. What has no destructor never comes here.
//
// Ordering: `Pin` and `dispose` each write and then read what the other writes, with a full fence between.
// Either the reader is seen, or it does not find what was taken out.
//
// Thread-safety: all of it. Destructors run outside of every lock, and may do anything.
#pragma once

#include <cstdint>
#include <mutex>
#include <utility>

#include "tutti/detail/atomic.hpp"

namespace tutti::testing {
struct MemoryCacheInspector;  // the tests' view of the invariants
}

namespace tutti::detail {

// The base of what is handed to readers by address.
struct Retired {
    Retired() = default;
    Retired(const Retired&) = delete;
    Retired& operator=(const Retired&) = delete;
    virtual ~Retired() = default;

    Retired* next_retired = nullptr;
    std::uint64_t epoch = 0;  // in which it was taken out
};

// Where a thread says that it reads. Never given back to the system, but to the next thread.
struct alignas(64) ReaderSlot {
    Atomic<std::uint64_t> epoch{0};  // zero: does not read
    Atomic<bool> taken{true};
    ReaderSlot* next = nullptr;
    unsigned depth = 0;  // of its thread's pins
};

class Reclaim {
public:
    static void enter() {
        ReaderSlot& slot = mine();
        if (slot.depth++ > 0) return;
        // Acquire: an object of this epoch was published before it began.
        slot.epoch.store(now_.load(std::memory_order_acquire), std::memory_order_relaxed);
        fence(std::memory_order_seq_cst);
    }
    static void leave() noexcept {
        ReaderSlot& slot = *mine_;
        if (--slot.depth > 0) return;
        slot.epoch.store(0, std::memory_order_release);
        if (ending_) give_back();
        if (waiting_.load(std::memory_order_relaxed)) destroy_waiting();
    }

    // Takes a list of what no later reader can find.
    static void dispose(Retired* list) noexcept {
        if (list == nullptr) return;
        fence(std::memory_order_seq_cst);
        const std::uint64_t epoch = now_.fetch_add(1, std::memory_order_acq_rel);
        if (oldest_reader() > epoch) return destroy(list);
        wait_for_readers(list, epoch);
        destroy_waiting();  // the reader may have left in between
    }

    // Returns when no other thread reads what was taken out before, and after destroying it.
    static void settle() noexcept {
        const std::uint64_t epoch = now_.fetch_add(1, std::memory_order_acq_rel);
        for (Backoff backoff;
             waiting_.load(std::memory_order_acquire) && oldest_reader(mine_) <= epoch;) {
            backoff.wait();
        }
        destroy_waiting();
    }

private:
    friend struct testing::MemoryCacheInspector;
    static constexpr std::uint64_t no_reader = ~std::uint64_t{0};

    static std::uint64_t oldest_reader(const ReaderSlot* but = nullptr) noexcept {
        std::uint64_t oldest = no_reader;
        for (const ReaderSlot* slot = slots_.load(std::memory_order_acquire); slot != nullptr;
             slot = slot->next) {
            const std::uint64_t epoch = slot->epoch.load(std::memory_order_acquire);
            if (epoch != 0 && epoch < oldest && slot != but) oldest = epoch;
        }
        return oldest;
    }

    static void destroy(Retired* list) noexcept {
        while (list != nullptr) delete std::exchange(list, list->next_retired);
    }

    static void wait_for_readers(Retired* list, std::uint64_t epoch) noexcept {
        Retired* last = list;
        for (;; last = last->next_retired) {
            last->epoch = epoch;
            if (last->next_retired == nullptr) break;
        }
        const std::lock_guard lock(waiting_lock_);
        last->next_retired = std::exchange(waiting_list_, list);
        waiting_.store(true, std::memory_order_release);
    }

    static void destroy_waiting() noexcept {
        Retired* ready = nullptr;
        {
            const std::lock_guard lock(waiting_lock_);
            fence(std::memory_order_seq_cst);
            const std::uint64_t oldest = oldest_reader();
            for (Retired** place = &waiting_list_; *place != nullptr;) {
                Retired* const one = *place;
                if (one->epoch < oldest) {
                    *place = std::exchange(one->next_retired, ready);
                    ready = one;
                } else {
                    place = &one->next_retired;
                }
            }
            waiting_.store(waiting_list_ != nullptr, std::memory_order_release);
        }
        destroy(ready);
    }

    static ReaderSlot& mine() {
        if (mine_ == nullptr) [[unlikely]]
            take_slot();
        return *mine_;
    }
    static void take_slot() {
        ReaderSlot* slot = slots_.load(std::memory_order_acquire);
        while (slot != nullptr && slot->taken.exchange(true, std::memory_order_acquire)) {
            slot = slot->next;
        }
        if (slot == nullptr) {
            slot = new ReaderSlot;
            slot->next = slots_.load(std::memory_order_relaxed);
            while (!slots_.compare_exchange(slot->next, slot, std::memory_order_acq_rel)) {
            }
        }
        mine_ = slot;
        if (ending_) return;  // a later destructor of the thread reads: `leave` gives back
        struct AtEnd {
            ~AtEnd() {
                ending_ = true;
                if (mine_ != nullptr && mine_->depth == 0) give_back();
            }
        };
        static thread_local const AtEnd at_end;
        static_cast<void>(at_end);
    }
    static void give_back() noexcept {
        std::exchange(mine_, nullptr)->taken.store(false, std::memory_order_release);
    }

    inline static constinit thread_local ReaderSlot* mine_ = nullptr;
    inline static constinit thread_local bool ending_ = false;  // of the thread's objects
    inline static constinit Atomic<std::uint64_t> now_{1};
    inline static constinit Atomic<ReaderSlot*> slots_{nullptr};
    inline static constinit Atomic<bool> waiting_{false};
    inline static constinit SpinLock waiting_lock_;  // guards the list
    inline static constinit Retired* waiting_list_ = nullptr;
};

// Collects what was taken out under a lock, and disposes of it at its end: declared before the lock is taken, it does so
// after.
class RetiredList {
public:
    RetiredList() = default;
    RetiredList(RetiredList&& other) noexcept
        : first_(std::exchange(other.first_, nullptr)),
          last_(std::exchange(other.last_, nullptr)) {}
    RetiredList& operator=(RetiredList&& other) noexcept {
        std::swap(first_, other.first_);
        std::swap(last_, other.last_);
        return *this;
    }
    ~RetiredList() { Reclaim::dispose(first_); }

    // Null is nothing.
    void push(Retired* one) noexcept {
        if (one == nullptr) return;
        (last_ == nullptr ? first_ : last_->next_retired) = one;
        last_ = one;
    }

private:
    Retired* first_ = nullptr;
    Retired* last_ = nullptr;
};

// What a table's reader finds stays alive while this lives.
class Pin {
public:
    // needed: false makes it nothing.
    explicit Pin(bool needed) : needed_(needed) {
        if (needed_) Reclaim::enter();
    }
    ~Pin() {
        if (needed_) Reclaim::leave();
    }
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;

private:
    const bool needed_;
};

}  // namespace tutti::detail
