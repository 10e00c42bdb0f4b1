// The atomics of the memory tier and of a handle's hit: all of them are these, so that a test can
// decide which thread runs next before each one. With TUTTI_INTERLEAVE defined, in an executable of
// its own, `interleave` is the test's; otherwise it is nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace tutti::detail {

#ifdef TUTTI_INTERLEAVE
void interleave() noexcept;
inline void give_way() noexcept {}
#else
inline void interleave() noexcept {}
inline void give_way() noexcept { std::this_thread::yield(); }
#endif

template <class T>
class Atomic {
public:
    Atomic() noexcept = default;
    constexpr explicit Atomic(T value) noexcept : value_(value) {}

    [[nodiscard]] T load(std::memory_order order) const noexcept {
        interleave();
        return value_.load(order);
    }
    void store(T value, std::memory_order order) noexcept {
        interleave();
        value_.store(value, order);
    }
    T exchange(T value, std::memory_order order) noexcept {
        interleave();
        return value_.exchange(value, order);
    }
    T fetch_add(T value, std::memory_order order) noexcept {
        interleave();
        return value_.fetch_add(value, order);
    }
    T fetch_sub(T value, std::memory_order order) noexcept {
        interleave();
        return value_.fetch_sub(value, order);
    }
    // Sets `expected` to what was there instead.
    bool compare_exchange(T& expected, T value, std::memory_order order) noexcept {
        interleave();
        return value_.compare_exchange_strong(expected, value, order, std::memory_order_relaxed);
    }

private:
    std::atomic<T> value_;
};

inline void fence(std::memory_order order) noexcept {
    interleave();
    std::atomic_thread_fence(order);
}

// So that what is used a while later is near by then.
inline void fetch_ahead(const void* address) noexcept { __builtin_prefetch(address); }

// Between two attempts at what another thread is about to finish. After a few the processor goes to
// that thread: it may have been interrupted.
class Backoff {
public:
    void wait() noexcept {
        interleave();
        constexpr unsigned attempts_before_yield = 32;
        if (++attempts_ < attempts_before_yield) {
            std::atomic_signal_fence(std::memory_order_seq_cst);
        } else {
            give_way();
        }
    }

private:
    unsigned attempts_ = 0;
};

// For sections of some ten nanoseconds that run no code of the user's but hash and equality.
// Leaving costs a plain store, where std::mutex has a second locked instruction.
class SpinLock {
public:
    void lock() noexcept {
        Backoff backoff;
        while (!try_lock()) {
            while (held_.load(std::memory_order_relaxed)) backoff.wait();
        }
    }
    bool try_lock() noexcept { return !held_.exchange(true, std::memory_order_acquire); }
    void unlock() noexcept { held_.store(false, std::memory_order_release); }

private:
    Atomic<bool> held_{false};
};

}  // namespace tutti::detail
