// The one source of time. Everything that compares times takes a `Clock`, so that a test or the
// simulator can drive it.
//
// Time points count from boot, on CLOCK_BOOTTIME: it goes on while the machine is suspended, so a
// lease cannot outlive a closed laptop lid, and it never jumps as the wall clock does. A hypervisor
// that freezes the guest's clock is not detected.
//
// Thread-safety: `now` may be called from any thread. Cost: about 20 ns. Blocking: never.
#pragma once

#include <time.h>

#include <chrono>

namespace tutti {

using Duration = std::chrono::nanoseconds;

// Satisfies the standard's Clock requirements, so `TimePoint` arithmetic is std::chrono's.
struct Boottime {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<Boottime, duration>;
    static constexpr bool is_steady = true;

    static time_point now() noexcept {
        timespec ts{};
        ::clock_gettime(CLOCK_BOOTTIME, &ts);
        return time_point{std::chrono::seconds{ts.tv_sec} + std::chrono::nanoseconds{ts.tv_nsec}};
    }
};

using TimePoint = Boottime::time_point;

class Clock {
public:
    virtual ~Clock() = default;
    // Never goes back on one Clock.
    [[nodiscard]] virtual TimePoint now() const noexcept = 0;
};

// The machine's clock. Lives for the whole program.
[[nodiscard]] inline const Clock& system_clock() noexcept {
    struct System final : Clock {
        [[nodiscard]] TimePoint now() const noexcept override { return Boottime::now(); }
    };
    static const System clock;
    return clock;
}

}  // namespace tutti
