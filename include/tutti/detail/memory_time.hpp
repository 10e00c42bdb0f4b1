// What time it is for a memory cache, how old an entry is, and how long it has.
//
// Thread-safety: every function from any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

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
    // The clock outlives this. usual: of most entries.
    MemoryTime(const Clock& clock, Ttl usual) noexcept : clock_(&clock), usual_(lifetime(usual)) {}

    // Says of what has a life whether it is alive.
    [[nodiscard, gnu::always_inline]] auto alive() const {
        return [this](const auto& seen) { return is_alive(seen.life); };
    }
    // own: none is the usual.
    [[nodiscard]] Life life_from_now(const std::optional<Ttl>& own) const {
        return {clock_->now(), own ? lifetime(*own) : usual_};
    }
    // The same, up to a tick early where that does not show.
    [[nodiscard, gnu::always_inline]] Life life() const { return life_of(usual_); }
    [[nodiscard]] Life life(Ttl ttl) const { return life_of(lifetime(ttl)); }

private:
    [[nodiscard]] static Lifetime lifetime(Ttl ttl) noexcept {
        return Lifetime(ttl.is_never() ? Duration::max() : ttl.lifetime());
    }
    [[nodiscard, gnu::always_inline]] Life life_of(const Lifetime& lasts) const {
        const bool roughly = reads_machine_ && lasts.duration() >= recent_margin;
        return {roughly ? recent() : clock_->now(), lasts};
    }
    [[nodiscard, gnu::always_inline]] bool is_alive(const PackedLife& life) const {
        if (life.is_endless()) return true;
        if (reads_machine_ && surely_alive(life.moment())) [[likely]]
            return true;
        return now_is_not_after(life.moment());
    }
    [[nodiscard, gnu::noinline]] bool now_is_not_after(std::int64_t time) const {
        return nanoseconds(clock_->now()) <= time;
    }

    const Clock* clock_;
    const bool reads_machine_ = clock_ == &system_clock();
    const Lifetime usual_;
};

}  // namespace tutti::detail
