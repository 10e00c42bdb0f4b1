#include "common/jobs/paid_calls.hpp"

#include <utility>

namespace tutti::services::jobs {
namespace {

bool surely_not_billed(Errc code) {
    switch (code) {
    case Errc::unavailable:
    case Errc::refused:
    case Errc::overloaded:
    case Errc::stopped:
    case Errc::invalid_option: return true;
    default: return false;
    }
}

std::unexpected<Error> lease_lost() {
    return fail(Errc::cancelled, "make a paid call", "another worker has the job by now");
}

}  // namespace

PaidCalls::PaidCalls(JobSource& source, Lease lease, Options options)
    : source_(source), lease_(std::move(lease)), options_(std::move(options)) {}

Result<std::string> PaidCalls::once(const std::string& call,
                                    const std::function<Result<std::string>()>& ask) {
    auto known = source_.begin_paid(lease_, call, deadline());
    if (!known) {
        // It may have begun, and was certainly not made.
        (void)source_.cancel_paid(lease_, call, deadline());
        return fail(std::move(known).error());
    }
    switch (known->state) {
    case PaidCall::State::lost: return lease_lost();
    case PaidCall::State::stored: return std::move(known->answer);
    case PaidCall::State::unknown:
        return fail(Errc::suspect, "make a paid call",
                    "an attempt before began it, and nothing is known of its answer");
    case PaidCall::State::begun: break;
    }
    if (options_.stop.stop_requested()) {
        (void)source_.cancel_paid(lease_, call, deadline());
        return fail(Errc::cancelled, "make a paid call", "the job is to stop");
    }
    auto answer = ask();
    if (!answer) {
        if (surely_not_billed(answer.error().code)) {
            (void)source_.cancel_paid(lease_, call, deadline());
        }
        return answer;
    }
    return store(call, *std::move(answer));
}

Result<std::string> PaidCalls::store(const std::string& call, std::string answer) {
    auto stored = source_.store_paid(lease_, call, answer, deadline());
    // Storing again does the same again.
    if (!stored) stored = source_.store_paid(lease_, call, answer, deadline());
    if (!stored) return fail(std::move(stored).error());
    if (*stored == Hold::lost) return lease_lost();
    return answer;
}

TimePoint PaidCalls::deadline() const {
    return saturating_add(options_.clock->now(), options_.command_deadline);
}

}  // namespace tutti::services::jobs
