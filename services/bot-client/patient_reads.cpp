#include "bot-client/patient_reads.hpp"

#include <algorithm>

#include "common/net/retry.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot {

bool PatientReads::may_pass(Errc code) noexcept {
    switch (code) {
    case Errc::unavailable:
    case Errc::timeout:
    case Errc::load_failed:
    case Errc::suspect: return true;
    // Among them `overloaded`: whatever waits already is not helped by more that does.
    default: return false;
    }
}

void PatientReads::is_well() {
    const detail::Lock lock(mutex_);
    fails_since_.reset();
}

bool PatientReads::pause(TimePoint begun, int failures) {
    const Duration wait = net::retry_after(options_.pauses, failures);
    {
        const detail::Lock lock(mutex_);
        if (stopped_) return false;
        const TimePoint now = options_.clock->now();
        const bool is_another = now - failed_last_ > options_.patience;
        if (!fails_since_ || is_another) fails_since_ = now;
        failed_last_ = now;
        if (now + wait > std::min(begun, *fails_since_) + options_.patience) return false;
    }
    return options_.wait ? options_.wait(wait) : wait_for_stop(wait);
}

bool PatientReads::wait_for_stop(Duration duration) {
    detail::Lock lock(mutex_);
    stops_.wait_for(lock.waiting(), duration, [this]() TUTTI_REQUIRES(mutex_) { return stopped_; });
    return !stopped_;
}

void PatientReads::stop() {
    const detail::Lock lock(mutex_);
    stopped_ = true;
    stops_.notify_all();
}

}  // namespace tutti::services::bot
