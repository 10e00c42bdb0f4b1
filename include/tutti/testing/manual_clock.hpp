// A clock that stands still until a test moves it.
//
// Thread-safety: `now` and `advance` may be called from any thread.
#pragma once

#include <atomic>

#include "tutti/clock.hpp"

namespace tutti::testing {

class ManualClock final : public Clock {
public:
    // Starts well above zero, so that a test may ask about times before its start.
    explicit ManualClock(TimePoint start = TimePoint{std::chrono::hours{1}}) noexcept
        : now_(start.time_since_epoch().count()) {}

    [[nodiscard]] TimePoint now() const noexcept override {
        return TimePoint{Duration{now_.load(std::memory_order_acquire)}};
    }

    // Requires: not negative.
    void advance(Duration by) noexcept { now_.fetch_add(by.count(), std::memory_order_acq_rel); }

private:
    std::atomic<Duration::rep> now_;  // pairs with itself: readers see every advance that returned
};

}  // namespace tutti::testing
