// A node's own clock: it has its own zero and runs slower than the true time by a fixed rate, and
// it may stand still for a while, which breaks what a node has to rely on. The
// true time is the fastest clock of the fleet, so that a relative drift of rho leaves rates from
// 1/(1+rho) to 1. Integer arithmetic, so that `truth_at` is exact.
#pragma once

#include <algorithm>

#include "tutti/clock.hpp"

namespace tutti::simulation {

class DriftingClock final : public Clock {
public:
    DriftingClock(const Clock& truth, TimePoint start, int permille)
        : truth_(truth), true_start_(truth.now()), start_(start), permille_(permille) {}

    [[nodiscard]] TimePoint now() const noexcept override {
        const Duration passed = std::max(truth_.now() - true_start_, Duration::zero());
        return start_ + passed * permille_ / 1000;
    }
    // From now on, and at least for so long.
    void stand_still(Duration length) noexcept {
        start_ = now();
        true_start_ = std::max(true_start_, truth_.now() + length);
    }
    // The first true time at which this clock shows `local` or more; TimePoint::min(): it does.
    [[nodiscard]] TimePoint truth_at(TimePoint local) const noexcept {
        if (local <= start_) return TimePoint::min();
        const Duration passed = local - start_;
        return true_start_ + (passed * 1000 + Duration{permille_ - 1}) / permille_;
    }

private:
    const Clock& truth_;
    TimePoint true_start_;
    TimePoint start_;
    int permille_;
};

}  // namespace tutti::simulation
