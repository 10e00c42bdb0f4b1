// What time it is for a memory cache, how old an entry is, and how long it has.
//
// Thread-safety: every function from any thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tutti/clock.hpp"
#include "tutti/detail/life.hpp"
#include "tutti/detail/recent_time.hpp"
#include "tutti/policy.hpp"

namespace tutti::detail {

[[nodiscard]] inline Duration age(const PackedLife& life, TimePoint now) noexcept {
    return std::max(Duration(nanoseconds(now) - life.written()), Duration::zero());
}
// Requires: it has not ended.
[[nodiscard]] inline Duration time_left(const PackedLife& life, TimePoint now) noexcept {
    return life.is_endless() ? Duration::max() : Duration(life.expires() - nanoseconds(now));
}

class MemoryTime {
public:
    // The clock outlives this.
    explicit MemoryTime(const Clock& clock) noexcept : clock_(&clock) {}

    [[nodiscard, gnu::always_inline]] bool is_alive(const PackedLife& life) const {
        if (life.is_endless()) return true;
        if (reads_machine_ && surely_alive(life.moment())) [[likely]]
            return true;
        return now_is_not_after(life.moment());
    }
    [[nodiscard]] Life life_from_now(Ttl ttl) const { return life_from(clock_->now(), ttl); }
    // The same, up to a tick early where that does not show.
    [[nodiscard, gnu::always_inline]] Life life(Ttl ttl) const {
        const bool roughly = reads_machine_ && (ttl.is_never() || ttl.lifetime() >= recent_margin);
        return life_from(roughly ? recent() : clock_->now(), ttl);
    }

private:
    [[nodiscard, gnu::noinline]] bool now_is_not_after(std::int64_t time) const {
        return nanoseconds(clock_->now()) <= time;
    }
    [[nodiscard, gnu::always_inline]] static Life life_from(TimePoint now, Ttl ttl) {
        return {now, ttl.is_never() ? Duration::max() : ttl.lifetime()};
    }

    const Clock* clock_;
    const bool reads_machine_ = clock_ == &system_clock();
};

}  // namespace tutti::detail
