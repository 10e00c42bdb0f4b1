// Whether a cache may answer from memory now: what a hit asks before it looks there.
//
// Thread-safety: all from any thread, but `open` and `close`, which are the cache's core's.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/detail/atomic.hpp"
#include "tutti/detail/forks.hpp"
#include "tutti/detail/lease.hpp"

namespace tutti::detail {

class Serving {
public:
    // `watched` is open, too: each hit is told of or measured, so a look that does neither finds
    // none. So a hit that is not watched asks nothing about it. `validated`: open, but what memory
    // has is worth nothing before the server was asked (R10), which only the core does.
    enum class Phase : std::uint8_t { declared, open, watched, validated, closed };

    // lease: null if the cache needs none. The clock lives for the whole program.
    Serving(const Clock& clock, std::shared_ptr<const Lease> lease,
            Phase when_open = Phase::open) noexcept
        : clock_(clock), when_open_(when_open), lease_(std::move(lease)) {}

    // No time at all. No optional: GCC 12 copies that through memory, and the copy waits.
    static constexpr TimePoint not_now = TimePoint::min();

    // Asked before anything is done for a key. watched: it is told of.
    [[nodiscard, gnu::always_inline]] bool is_open_to_hits(bool watched) const noexcept {
        const Phase seen = phase();
        return seen == Phase::open || (watched && seen == Phase::watched);
    }
    // The time, if the lease is effective: R2 says that the lease's end is taken first, then the
    // time, and then memory is looked at. Otherwise `not_now`: the core knows what happens.
    [[nodiscard, gnu::always_inline]] TimePoint now() const noexcept {
        if (this_process() != made_in_) return not_now;
        if (!lease_) return time();
        const TimePoint end = lease_->end();
        const TimePoint now = time();
        return now >= end ? not_now : now;
    }

    // The same for a look that is no read.
    [[nodiscard]] TimePoint now_to_look() const noexcept {
        return is_open_to_hits(true) ? now() : not_now;
    }

    // Whether it serves or not.
    [[nodiscard]] TimePoint time() const noexcept {
        return is_machine_ ? Boottime::now() : clock_.now();
    }

    [[nodiscard]] Phase phase() const noexcept { return phase_.load(std::memory_order_acquire); }
    [[nodiscard]] bool is_open() const noexcept {
        const Phase now = phase();
        return now == Phase::open || now == Phase::watched || now == Phase::validated;
    }
    void open() noexcept { phase_.store(when_open_, std::memory_order_release); }
    void close() noexcept { phase_.store(Phase::closed, std::memory_order_release); }

private:
    const Clock& clock_;
    const bool is_machine_ = &clock_ == &system_clock();  // spares a virtual call
    const Phase when_open_;
    const std::uint32_t made_in_ = this_process();
    const std::shared_ptr<const Lease> lease_;
    Atomic<Phase> phase_{Phase::declared};  // pairs with itself
};

}  // namespace tutti::detail
