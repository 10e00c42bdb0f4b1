// How long to wait before the next attempt: twice as long as before up to a limit, and then a random
// part of it ("full jitter"), so that a fleet that lost one server does not come back in step.
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "tutti/clock.hpp"

namespace tutti::redis {

class Backoff {
public:
    static constexpr Duration first = std::chrono::milliseconds(50);
    static constexpr Duration longest = std::chrono::seconds(3);

    // `random`: uniform over all of its values.
    [[nodiscard]] Duration next(std::uint64_t random) noexcept {
        const Duration limit = limit_;
        limit_ = std::min(limit_ * 2, longest);
        return Duration(
                   static_cast<Duration::rep>(random % static_cast<std::uint64_t>(limit.count()))) +
               Duration(1);
    }
    void reset() noexcept { limit_ = first; }

private:
    Duration limit_ = first;
};

}  // namespace tutti::redis
