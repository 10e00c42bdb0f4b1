// The paid calls of one attempt of a job: what one was answered is stored before it is used, so
// that no later attempt pays for it again.
//
//     const auto text = context.paid.once("vision-0", [&] { return vision.describe(picture); });
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>

#include "common/jobs/job_source.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::jobs {

class PaidCalls {
public:
    struct Options {
        Duration command_deadline = std::chrono::seconds{2};  // of each step at the source
        const Clock* clock = &system_clock();
        std::stop_token stop{};  // when it is requested, no call begins
    };

    // Borrows the source.
    PaidCalls(JobSource& source, Lease lease, Options options);

    // The answer, from `ask` or from an earlier attempt. `ask` is called once at most. When it
    // fails with `unavailable`, `refused`, `overloaded`, `stopped` or `invalid_option` the call was
    // certainly not billed, and may be made again; after any other error, or a throw, it stays
    // unknown.
    //
    // Errors: those of `ask`; `suspect`: an earlier attempt began this call and nothing is known of
    // its end, and `ask` was not called (a failure with retry gives the answer time to arrive; the
    // last attempt leaves a dead letter that says so); `cancelled`: the lease is lost, or a stop is
    // requested; those of JobSource. Requires: an id is used for one call of the job, and is the
    // same in every attempt.
    [[nodiscard]] Result<std::string> once(const std::string& call,
                                           const std::function<Result<std::string>()>& ask);

    // What an earlier attempt was answered, learnt in another way after `once` has said `suspect`:
    // from now on `once` answers it. Returns it. Errors: `cancelled`; those of JobSource.
    [[nodiscard]] Result<std::string> settle(const std::string& call, std::string answer) {
        return store(call, std::move(answer));
    }

private:
    [[nodiscard]] Result<std::string> store(const std::string& call, std::string answer);
    [[nodiscard]] TimePoint deadline() const;

    JobSource& source_;
    const Lease lease_;
    const Options options_;
};

}  // namespace tutti::services::jobs
