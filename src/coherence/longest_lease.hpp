// How long a writer has to wait out, as far as its node knows: the longest lease that a member of
// the channel may hold.
//
// The server keeps the members' leases, and while the epoch stays what it says is all there is to
// know. Another epoch may be that of a server that has lost them, while leases that it granted
// before are still in force: what was known before counts on until those have ended.
//
// Thread-safety: none; the node's executor.
#pragma once

#include <algorithm>

#include "tutti/bus.hpp"

namespace tutti {

// A lease that was granted so long ago has ended, by whichever clock: clock_drift_max is below 1.
[[nodiscard]] constexpr Duration lease_life(Duration lease) noexcept { return 2 * lease; }

class LongestLease {
public:
    // What the server said, in an answer that arrived at `now`.
    void heard(Epoch epoch, Duration lease, TimePoint now) {
        if (epoch != epoch_) {
            lost_ = longest(now);
            lost_until_ = now + lease_life(lost_);
        }
        present_ = lease;
        if (epoch != epoch_) {
            epoch_ = epoch;
            since_ = now;
            granted_before_ = longest(now);
        }
    }

    [[nodiscard]] Duration longest(TimePoint now) const {
        return now < lost_until_ ? std::max(present_, lost_) : present_;
    }

    // When the first answer of the present epoch came, and the longest lease that may have been in
    // force then: what was granted in an earlier epoch was granted before.
    [[nodiscard]] TimePoint epoch_since() const noexcept { return since_; }
    [[nodiscard]] Duration granted_before() const noexcept { return granted_before_; }

private:
    Epoch epoch_ = Epoch::none;
    TimePoint since_{};
    Duration present_{};
    Duration granted_before_{};
    Duration lost_{};  // of the epochs before
    TimePoint lost_until_{};
};

}  // namespace tutti
