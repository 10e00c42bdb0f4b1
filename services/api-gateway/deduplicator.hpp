// The same request twice within a few seconds is one job: a client that sends again, because it saw no
// answer, must neither pay nor be answered twice.
//
// A request reserves its key before anything is enqueued, with ids that are derived already, so there is
// no moment at which a job exists without its reservation.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::services {

struct JobIds {
    std::string request_id;
    std::string job_id;  // "llm-" and the request's id

    friend bool operator==(const JobIds&, const JobIds&) = default;
};

struct Reservation {
    enum class Outcome : std::uint8_t {
        granted,
        duplicate,    // somebody else holds the key: `holder`
        unavailable,  // nobody can say: nothing may be enqueued
    };

    Outcome outcome = Outcome::unavailable;
    JobIds holder{};  // of a duplicate
};

class Deduplicator {
public:
    virtual ~Deduplicator() = default;

    // Blocking: within a deadline of its own.
    [[nodiscard]] virtual Reservation reserve(const std::string& key, const JobIds& ids) = 0;
    // Gives the key back if these ids still hold it; the reservation of anybody else stays.
    virtual void release(const std::string& key, const JobIds& ids) = 0;
};

// "dedup:<personality>:<user>-<channel, or dm>:<first 16 hex digits of the message's SHA-256>". Nothing
// is escaped.
[[nodiscard]] std::string dedup_key(std::string_view personality, std::string_view user_id,
                                    const std::optional<std::string>& channel_id,
                                    std::string_view message);

}  // namespace tutti::services
