// Reads that decide whether a message is answered at all. A gateway that is being restarted must
// not make a bot pass over what users say meanwhile, without a word: such a read is tried again. An
// outage that is older than `patience` is waited for no longer, so that a crowd of messages does
// not hold the bot's threads as long as it lasts; reads then fail at once, until one succeeds at
// the source, or none has failed for so long that it says nothing of the source any more.
//
//     PatientReads reads;
//     const auto found = reads.read([&] { return cache.get(channel_id); });
//
// Thread-safety: all functions may be called from any thread. Blocking: `read`, for one attempt
// longer than `patience`, whatever becomes of other reads meanwhile.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <optional>
#include <utility>

#include "common/net/retry.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"

namespace tutti::services::bot {

class PatientReads {
public:
    struct Options {
        Duration patience = std::chrono::seconds{10};  // from the first failure of an outage on
        net::RetryPauses pauses{.first = std::chrono::milliseconds{100},
                                .last = std::chrono::seconds{1}};
        Tier tier = Tier::source;  // whose outage it is
        const Clock* clock = &system_clock();
        // Waits, and returns false when a stop has come; empty: so it is.
        std::function<bool(Duration)> wait{};
    };

    PatientReads() : PatientReads(Options{}) {}
    explicit PatientReads(Options options) : options_(std::move(options)) {}

    // Errors: those of `ask`, of its last attempt.
    template <class Ask>
    auto read(const Ask& ask) -> decltype(ask()) {
        const TimePoint begun = options_.clock->now();
        for (int failures = 0;; ++failures) {
            auto answer = ask();
            if (answer) {
                // What a tier before it knows says nothing of it.
                if (answer->tier() >= options_.tier) is_well();
                return answer;
            }
            if (!may_pass(answer.error().code) || !pause(begun, failures)) return answer;
        }
    }

    // From now on nothing is tried again. Idempotent.
    void stop();

private:
    [[nodiscard]] static bool may_pass(Errc code) noexcept;
    void is_well();
    // Of a read that began then. False: it is to fail now.
    [[nodiscard]] bool pause(TimePoint begun, int failures);
    [[nodiscard]] bool wait_for_stop(Duration duration);

    const Options options_;
    detail::Mutex mutex_;
    std::condition_variable stops_;
    bool stopped_ TUTTI_GUARDED_BY(mutex_) = false;
    std::optional<TimePoint> fails_since_ TUTTI_GUARDED_BY(mutex_);
    TimePoint failed_last_ TUTTI_GUARDED_BY(mutex_);
};

}  // namespace tutti::services::bot
