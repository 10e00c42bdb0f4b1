// How long to wait before the next attempt: twice as long as before, up to a limit.
//
// Thread-safety: none.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tutti/clock.hpp"

namespace tutti {

class Backoff {
public:
    Backoff(Duration first, Duration longest) noexcept
        : first_(first), longest_(longest), pause_(first) {}

    [[nodiscard]] Duration next() noexcept {
        const Duration pause = pause_;
        pause_ = std::min(pause_ * 2, longest_);
        return pause;
    }
    // A random part of it ("full jitter"), so that a fleet that lost one server does not come back
    // in step. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ `random`:
    // uniform over all of its values. Requires: `first` is above zero.
    [[nodiscard]] Duration next(std::uint64_t random) noexcept { return part_of(next(), random); }
    // Requires: `pause` is above zero.
    [[nodiscard]] static Duration part_of(Duration pause, std::uint64_t random) noexcept {
        const auto parts = static_cast<std::uint64_t>(pause.count());
        return Duration(static_cast<Duration::rep>(random % parts)) + Duration(1);
    }
    // The next failure is again the first.
    void reset() noexcept { pause_ = first_; }

private:
    Duration first_;
    Duration longest_;
    Duration pause_;
};

}  // namespace tutti
