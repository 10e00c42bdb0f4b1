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
#include <cstdint>
#include <type_traits>

namespace tutti {

// Duration::max() means "no limit" wherever a deadline, a period or a time to live is asked for.
// Write exactly that to a function: std::chrono converts what exceeds 292 years
// (`std::chrono::hours::max()`) to nonsense before the function is called. An option
// (OptionDuration) takes it for the longest one.
using Duration = std::chrono::nanoseconds;

// What is out of range is the nearest Duration that there is.
template <class Rep, class Period>
[[nodiscard]] constexpr Duration saturating_duration(std::chrono::duration<Rep, Period> duration) {
    using Wide = std::chrono::duration<long double, Duration::period>;
    if (Wide(duration) >= Wide(Duration::max())) return Duration::max();
    if (!(Wide(duration) > Wide(Duration::min()))) return Duration::min();
    return std::chrono::duration_cast<Duration>(duration);
}

// The type of every option that is a Duration, so that `.load_deadline = 5` ends in a sentence.
class OptionDuration : public Duration {
public:
    constexpr OptionDuration() noexcept : Duration(zero()) {}

    template <class Rep, class Period>
    constexpr OptionDuration(
        std::chrono::duration<Rep, Period> given)  // NOLINT(google-explicit-constructor)
        : Duration(saturating_duration(given)) {}

    template <class Number>
        requires std::is_arithmetic_v<Number>
    constexpr OptionDuration(Number) {  // NOLINT(google-explicit-constructor)
        static_assert(!std::is_arithmetic_v<Number>,
                      "an option that is a Duration (`.load_deadline`, `.deadline`, `.lease`, "
                      "`.window`, `.period`, `.every` and their likes) needs a unit: "
                      "`.load_deadline = 5s`, with `using namespace std::chrono_literals`");
    }
};

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

// Arithmetic that cannot overflow: what is out of range is the nearest value that there is, so that
// "no limit" stays none whatever is added to it. A negative duration leads into the past.
[[nodiscard]] constexpr Duration saturating_add(Duration left, Duration right) noexcept {
    Duration::rep sum{};
    if (!__builtin_add_overflow(left.count(), right.count(), &sum)) return Duration{sum};
    return right < Duration::zero() ? Duration::min() : Duration::max();
}
[[nodiscard]] constexpr TimePoint saturating_add(TimePoint begin, Duration delay) noexcept {
    return TimePoint{saturating_add(begin.time_since_epoch(), delay)};
}
[[nodiscard]] constexpr Duration saturating_multiply(Duration duration, std::int32_t by) noexcept {
    Duration::rep product{};
    if (!__builtin_mul_overflow(duration.count(), by, &product)) return Duration{product};
    return (duration < Duration::zero()) == (by < 0) ? Duration::max() : Duration::min();
}
// What is left until `deadline`: at least zero, and at most a century, because what waits for it
// (such as std::condition_variable::wait_for) adds it to a clock of its own.
[[nodiscard]] constexpr Duration time_left(TimePoint deadline, TimePoint now) noexcept {
    constexpr Duration century = std::chrono::years(100);
    if (deadline <= now) return Duration::zero();
    Duration::rep left{};
    const bool overflows = __builtin_sub_overflow(deadline.time_since_epoch().count(),
                                                  now.time_since_epoch().count(), &left);
    return overflows || Duration{left} > century ? century : Duration{left};
}

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
