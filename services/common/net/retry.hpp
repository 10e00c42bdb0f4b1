// How long to wait before the next attempt: twice as long each time up to a limit, between 80 % and
// 120 % of that, so that processes which lost the same server do not come back in step.
#pragma once

#include <cstdint>

#include "tutti/clock.hpp"

namespace tutti::services::net {

struct RetryPauses {
    Duration first;
    Duration last;  // before the spread
};

[[nodiscard]] Duration retry_after(const RetryPauses& pauses, int failed_attempts);
// The same without chance of its own. `random`: uniform over all of its values.
[[nodiscard]] Duration retry_after(const RetryPauses& pauses, int failed_attempts,
                                   std::uint64_t random);

}  // namespace tutti::services::net
