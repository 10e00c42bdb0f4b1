// The machine's clock at a sixth of its price, for what needs a bound only.
//
// `recent` is never later than `Boottime::now`, and earlier by at most one tick of the kernel (1 to
// 10 ms) when ticks come in time. A virtual machine may be late with one; `recent_margin` is far
// beyond that. So: what ends later than `recent() + recent_margin` has not ended, and anything else
// is decided by the real clock.
//
// Mechanism: CLOCK_MONOTONIC_COARSE (3 ns) tells ticks apart. It stands still while the machine is
// suspended, and so does not serve as the time itself: at the first call in a tick a thread reads
// the real clock, and answers with that until the next tick. A suspension ends the tick.
#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>

#include "tutti/clock.hpp"

namespace tutti::detail {

inline constexpr Duration recent_margin = std::chrono::seconds{1};

struct Tick {
    std::int64_t coarse = -1;  // what the coarse clock showed, so that it can be told from another
    std::int64_t boottime = 0;
};
inline constinit thread_local Tick last_tick;

[[gnu::noinline]] inline void begin_tick(std::int64_t coarse) noexcept {
    last_tick = {.coarse = coarse, .boottime = Boottime::now().time_since_epoch().count()};
}
[[nodiscard, gnu::always_inline]] inline TimePoint recent() noexcept {
    constexpr unsigned nanosecond_bits = 30;
    timespec ts;
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    const std::int64_t coarse = std::int64_t{ts.tv_sec} << nanosecond_bits | ts.tv_nsec;
    if (coarse != last_tick.coarse) [[unlikely]] {
        begin_tick(coarse);
    }
    return TimePoint{Duration{last_tick.boottime}};
}

}  // namespace tutti::detail
