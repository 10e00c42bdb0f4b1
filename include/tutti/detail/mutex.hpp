// A mutex whose use Clang checks when it compiles (-Wthread-safety, an error in our own Clang
// builds):
//
//     detail::Mutex mutex_;
//     int count_ TUTTI_GUARDED_BY(mutex_) = 0;            // not touched without it
//     void grow() TUTTI_REQUIRES(mutex_) { ++count_; }    // not called without it
//
//     const detail::Lock lock(mutex_);
//     grow();
//
// A condition variable waits with `lock.waiting()`, std::condition_variable_any with the lock
// itself; the predicate is a function of its own to the compiler: [this]() TUTTI_REQUIRES(mutex_) {
// return count_ > 0; }
//
// With another compiler the annotations are nothing. In any build a Mutex is a std::mutex and a
// Lock a std::unique_lock, and cost as much.
#pragma once

#include <mutex>

#if defined(__clang__)
#define TUTTI_ANNOTATION(...) __attribute__((__VA_ARGS__))
#else
#define TUTTI_ANNOTATION(...)
#endif

#define TUTTI_GUARDED_BY(mutex) TUTTI_ANNOTATION(guarded_by(mutex))             // data
#define TUTTI_REQUIRES(...) TUTTI_ANNOTATION(requires_capability(__VA_ARGS__))  // a function

namespace tutti::detail {

class TUTTI_ANNOTATION(capability("mutex")) Mutex {
public:
    void lock() TUTTI_ANNOTATION(acquire_capability()) { mutex_.lock(); }
    void unlock() TUTTI_ANNOTATION(release_capability()) { mutex_.unlock(); }

private:
    friend class Lock;
    std::mutex mutex_;
};

class TUTTI_ANNOTATION(scoped_lockable) Lock {
public:
    [[nodiscard]] explicit Lock(Mutex& mutex) TUTTI_ANNOTATION(acquire_capability(mutex))
        : lock_(mutex.mutex_) {}
    ~Lock() TUTTI_ANNOTATION(release_capability()) {}
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    void lock() TUTTI_ANNOTATION(acquire_capability()) { lock_.lock(); }
    void unlock() TUTTI_ANNOTATION(release_capability()) { lock_.unlock(); }
    // For std::condition_variable, and for nothing else.
    [[nodiscard]] std::unique_lock<std::mutex>& waiting() { return lock_; }

private:
    std::unique_lock<std::mutex> lock_;
};

}  // namespace tutti::detail
