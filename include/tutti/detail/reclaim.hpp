// When what was taken out of a table may be destroyed: at once, unless a thread is reading that may
// have found it before; then when that read has ended.
//
// Mechanism: epochs. A reader notes the present one in a slot of its thread; a removal begins the
// next one, and looks whether a slot still shows an older one. A reader pays one locked instruction
// on a line of its own; a plain store would be cheaper, but then every removal would need a system
// call (membarrier), would have to be batched, and values would live on for an unknown while. What
// has no destructor never comes here.
//
// Ordering: `enter` and `dispose` each write and then read what the other writes, with a full fence
// between. Either the reader is seen, or it does not find what was taken out. `leave` has no such
// fence: what a removal hands over in the very nanoseconds in which the read ends may wait for the
// next read, removal or end of a cache.
//
// Waiting: in order of epochs, so that a thread looks at the first only, and a read that began
// after the last removal looks at nothing. No thread ever waits for another one: a destructor and a
// reader's code may hold locks of the user's.
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
        // Acquire: what was taken out before this epoch began is not found. Release: a removal that
        // sees this epoch sees the end of the thread's reads before it, too.
        slot.epoch.store(epoch_now.load(std::memory_order_acquire), std::memory_order_release);
        fence(std::memory_order_seq_cst);
    }
    static void leave() noexcept {
        ReaderSlot& slot = *own_slot;
        if (--slot.depth > 0) return;
        const std::uint64_t epoch = slot.epoch.load(std::memory_order_relaxed);
        slot.epoch.store(0, std::memory_order_release);  // pairs with `oldest_reader`
        if (thread_ends) give_back();
        if (epoch <= latest_waiting.load(std::memory_order_relaxed)) destroy_waiting();
    }

    // Takes a list of what no later reader can find.
    static void dispose(Retired* list) noexcept {
        if (list == nullptr) return;
        fence(std::memory_order_seq_cst);
        const std::uint64_t epoch = epoch_now.fetch_add(1, std::memory_order_acq_rel);
        if (oldest_reader() > epoch) return destroy(list);
        wait_for_readers(list, epoch);
        destroy_waiting();  // the reader may have left in between
    }

    // What no thread reads any more.
    static void destroy_waiting() noexcept {
        Retired* ready = nullptr;
        {
            const std::lock_guard lock(waiting_guard);
            fence(std::memory_order_seq_cst);
            const std::uint64_t oldest = oldest_reader();
            Retired** end = &waiting_first;
            while (*end != nullptr && (*end)->epoch < oldest) end = &(*end)->next_retired;
            if (end == &waiting_first) return;
            ready = waiting_first;
            waiting_first = std::exchange(*end, nullptr);
            if (waiting_first == nullptr) {
                waiting_tail = &waiting_first;
                latest_waiting.store(0, std::memory_order_relaxed);
            }
        }
        destroy(ready);
    }

private:
    friend struct testing::MemoryCacheInspector;
    static constexpr std::uint64_t no_reader = ~std::uint64_t{0};

    static std::uint64_t oldest_reader() noexcept {
        std::uint64_t oldest = no_reader;
        for (const ReaderSlot* slot = all_slots.load(std::memory_order_acquire); slot != nullptr;
             slot = slot->next) {
            const std::uint64_t epoch = slot->epoch.load(std::memory_order_acquire);
            if (epoch != 0 && epoch < oldest) oldest = epoch;
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
        const std::lock_guard lock(waiting_guard);
        *waiting_tail = list;
        waiting_tail = &last->next_retired;
        // Pairs with nothing: `leave` may miss it, see above.
        const std::uint64_t latest = latest_waiting.load(std::memory_order_relaxed);
        if (epoch > latest) latest_waiting.store(epoch, std::memory_order_relaxed);
    }

    static ReaderSlot& mine() {
        if (own_slot == nullptr) [[unlikely]]
            take_slot();
        return *own_slot;
    }
    static void take_slot() {
        ReaderSlot* slot = all_slots.load(std::memory_order_acquire);
        while (slot != nullptr && slot->taken.exchange(true, std::memory_order_acquire)) {
            slot = slot->next;
        }
        if (slot == nullptr) {
            slot = new ReaderSlot;
            slot->next = all_slots.load(std::memory_order_relaxed);
            while (!all_slots.compare_exchange(slot->next, slot, std::memory_order_acq_rel)) {
            }
        }
        own_slot = slot;
        if (thread_ends) return;  // a later destructor of the thread reads: `leave` gives back
        struct AtEnd {
            ~AtEnd() {
                thread_ends = true;
                if (own_slot != nullptr && own_slot->depth == 0) give_back();
            }
        };
        static thread_local const AtEnd at_end;
        static_cast<void>(at_end);
    }
    static void give_back() noexcept {
        std::exchange(own_slot, nullptr)->taken.store(false, std::memory_order_release);
    }

    inline static constinit thread_local ReaderSlot* own_slot = nullptr;
    inline static constinit thread_local bool thread_ends = false;  // of the thread's objects
    inline static constinit Atomic<std::uint64_t> epoch_now{1};
    inline static constinit Atomic<ReaderSlot*> all_slots{nullptr};
    inline static constinit SpinLock waiting_guard;  // guards what follows
    inline static constinit Atomic<std::uint64_t> latest_waiting{
        0};  // the latest epoch; zero: none. Read without
    inline static constinit Retired* waiting_first = nullptr;
    inline static constinit Retired** waiting_tail = &waiting_first;
};

// Collects what was taken out under a lock, and disposes of it at its end: declared before the lock
// is taken, it does so after.
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
    void append(RetiredList&& others) noexcept {
        if (others.first_ == nullptr) return;
        (last_ == nullptr ? first_ : last_->next_retired) = std::exchange(others.first_, nullptr);
        last_ = std::exchange(others.last_, nullptr);
    }

    void for_each(auto visit) const {
        for (Retired* one = first_; one != nullptr; one = one->next_retired) visit(*one);
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
