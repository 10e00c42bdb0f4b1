#include "common/retry.hpp"

#include <algorithm>
#include <chrono>
#include <random>

namespace tutti::services {
namespace {

constexpr int doublings_max = 16;

}  // namespace

Duration retry_after(const RetryPauses& pauses, int failed_attempts) {
    thread_local std::minstd_rand random{std::random_device{}()};
    const int doublings = std::min(failed_attempts, doublings_max);
    const Duration wanted = std::min(pauses.first * (1 << doublings), pauses.last);
    std::uniform_real_distribution<double> spread(0.8, 1.2);
    return std::chrono::duration_cast<Duration>(wanted * spread(random));
}

}  // namespace tutti::services
