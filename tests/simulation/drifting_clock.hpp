// A node's own clock: it has its own zero and runs slower than the true time by a fixed rate. The
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
        return start_ + (truth_.now() - true_start_) * permille_ / 1000;
    }
    // The first true time at which this clock shows `local` or more.
    [[nodiscard]] TimePoint truth_at(TimePoint local) const noexcept {
        const Duration passed = std::max(local - start_, Duration::zero());
        return true_start_ + (passed * 1000 + Duration{permille_ - 1}) / permille_;
    }

private:
    const Clock& truth_;
    TimePoint true_start_;
    TimePoint start_;
    int permille_;
};

}  // namespace tutti::simulation
