// The permission to serve from memory: valid until a point in time, moved forward by renewals.
//
// One thread at a time writes (the node's), any thread reads. Order in a reader: take `end`
// (acquire), then read the clock, then look up. Order in the applier: remove or flush, then move
// the lease (release). So a reader that sees a lease also sees every removal that this lease
// presupposes.
#pragma once

#include "tutti/clock.hpp"
#include "tutti/detail/atomic.hpp"

namespace tutti::detail {

class Lease {
public:
    // Served from memory only before this. Pairs with `extend`.
    [[nodiscard]] TimePoint end() const noexcept {
        return TimePoint{Duration{end_.load(std::memory_order_acquire)}};
    }
    // When the request of the renewal that is in force was sent: everything that was published
    // before is applied. Pairs with `extend`.
    [[nodiscard]] TimePoint since() const noexcept {
        return TimePoint{Duration{since_.load(std::memory_order_acquire)}};
    }

    void extend(TimePoint since, TimePoint end) noexcept {
        since_.store(since.time_since_epoch().count(), std::memory_order_release);
        end_.store(end.time_since_epoch().count(), std::memory_order_release);
    }
    void end_now() noexcept { end_.store(0, std::memory_order_release); }

private:
    Atomic<Duration::rep> end_{0};
    Atomic<Duration::rep> since_{0};
};

}  // namespace tutti::detail
