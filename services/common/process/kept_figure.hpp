// A figure, or anything else, that costs a question to another process, kept for a moment: however
// many ask for it, the other process is asked once in that time.
//
//     KeptFigure<std::size_t> count(3s, [&] { return ask_redis(500ms); });
//     if (const auto known = count.get()) ...
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <optional>
#include <utility>

#include "common/process/edge.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::process {

template <class T>
class KeptFigure {
public:
    // Nothing: it cannot be said now, which is kept as long. Blocking, with a bound of its own.
    using Ask = std::function<std::optional<T>()>;

    KeptFigure(Duration kept_for, Ask ask) : kept_for_(kept_for), ask_(std::move(ask)) {}

    // Blocking: as long as `ask` takes for the one caller who asks; the others get the last answer,
    // and wait only while there has never been one.
    [[nodiscard]] std::optional<T> get() {
        detail::Lock lock(mutex_);
        answered_.wait(lock.waiting(),
                       [this]() TUTTI_REQUIRES(mutex_) { return known_ || !asking_; });
        if (asking_ || (known_ && Boottime::now() < ask_again_)) return value_;
        asking_ = true;
        lock.unlock();
        std::optional<T> value;
        contain("a figure cannot be asked for", [&] { value = ask_(); });
        lock.lock();
        value_ = std::move(value);
        known_ = true;
        asking_ = false;
        ask_again_ = Boottime::now() + kept_for_;
        answered_.notify_all();
        return value_;
    }

private:
    const Duration kept_for_;
    const Ask ask_;
    detail::Mutex mutex_;
    std::condition_variable answered_;
    bool known_ TUTTI_GUARDED_BY(mutex_) = false;  // there has been an answer
    bool asking_ TUTTI_GUARDED_BY(mutex_) = false;
    std::optional<T> value_ TUTTI_GUARDED_BY(mutex_);
    TimePoint ask_again_ TUTTI_GUARDED_BY(mutex_){};
};

}  // namespace tutti::services::process
