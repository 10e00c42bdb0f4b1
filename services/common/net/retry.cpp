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
    thread_local std::mt19937_64 random{
        static_cast<std::uint64_t>(Boottime::now().time_since_epoch().count())};
    return retry_after(pauses, failed_attempts, random());
}

Duration retry_after(const RetryPauses& pauses, int failed_attempts, std::uint64_t random) {
    const int doublings = std::min(failed_attempts, doublings_max);
    const Duration wanted = std::min(pauses.first * (1 << doublings), pauses.last);
    const double spread = 0.8 + 0.4 * static_cast<double>(random >> 11U) * 0x1p-53;
    return std::chrono::duration_cast<Duration>(wanted * spread);
}

}  // namespace tutti::services::net
