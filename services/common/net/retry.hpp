// How long to wait before the next attempt: twice as long each time up to a limit, between 80 % and
// 120 % of that, so that processes which lost the same server do not come back in step.
#pragma once

#include "tutti/clock.hpp"

namespace tutti::services::net {

struct RetryPauses {
    Duration first;
    Duration last;  // before the spread
};

[[nodiscard]] Duration retry_after(const RetryPauses& pauses, int failed_attempts);

}  // namespace tutti::services::net
