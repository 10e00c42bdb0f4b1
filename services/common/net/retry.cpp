#include "common/net/retry.hpp"

#include <algorithm>
#include <chrono>
#include <random>

namespace tutti::services::net {
namespace {

constexpr int doublings_max = 16;

}  // namespace

Duration retry_after(const RetryPauses& pauses, int failed_attempts) {
    // No random device: opening one needs a descriptor, which may be what the retry waits for.
    thread_local std::minstd_rand random{
        static_cast<std::minstd_rand::result_type>(Boottime::now().time_since_epoch().count())};
    const int doublings = std::min(failed_attempts, doublings_max);
    const Duration wanted = std::min(pauses.first * (1 << doublings), pauses.last);
    std::uniform_real_distribution<double> spread(0.8, 1.2);
    return std::chrono::duration_cast<Duration>(wanted * spread(random));
}

}  // namespace tutti::services::net
