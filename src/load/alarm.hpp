// One timer of the executor for the earliest of many times: most of them pass unneeded, and cost no
// timer of their own.
//
// Thread-safety: none; what the cache's mutex guards.
#pragma once

#include <functional>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/executor.hpp"

namespace tutti {

class Alarm {
public:
    // executor: lives as long as this.
    explicit Alarm(Executor& executor) : executor_(executor) {}

    // What it does. Before it is set.
    void rings(std::function<void()> ring) { ring_ = std::move(ring); }
    // Rings at `when` at the latest: it may find nothing to do, and sets the alarm again.
    void set(TimePoint when) {
        if (when >= when_) return;
        executor_.cancel(timer_);
        timer_ = executor_.run_at(when, ring_);
        when_ = when;
    }
    // First thing when it rings.
    void rang(TimePoint now) {
        if (when_ <= now) when_ = TimePoint::max();
    }
    void stop() {
        executor_.cancel(timer_);
        when_ = TimePoint::max();
    }

private:
    Executor& executor_;
    std::function<void()> ring_;
    Executor::TimerId timer_ = Executor::TimerId::none;
    TimePoint when_ = TimePoint::max();  // no timer is set
};

}  // namespace tutti
