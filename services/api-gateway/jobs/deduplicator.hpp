// The same request twice within a few seconds is one job: a client that sends again, because it saw
// no answer, must neither pay nor be answered twice.
//
// A request reserves its key before anything is enqueued, with ids that are derived already, so
// there is no moment at which a job exists without its reservation. When the store cannot say, or
// what it holds cannot be read, nothing may be enqueued.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/caches/catalogue.hpp"

namespace tutti::services::gateway::jobs {

struct JobIds {
    std::string request_id;
    std::string job_id;  // "llm-" and the request's id

    friend bool operator==(const JobIds&, const JobIds&) = default;
};

struct Reserved {
    enum class Outcome : std::uint8_t {
        granted,
        duplicate,    // another request holds the key: `holder`
        unavailable,  // it is not known: nothing may be enqueued
    };

    Outcome outcome = Outcome::unavailable;
    JobIds holder{};  // of a duplicate
    // Of a granted one: gives the key back, if it still holds it; the reservation of
    // another request stays.
    std::function<void()> release = nullptr;
};

class Deduplicator {
public:
    virtual ~Deduplicator() = default;

    // Blocking: within a deadline of its own.
    [[nodiscard]] virtual Reserved reserve(const std::string& key, const JobIds& ids) = 0;
};

// For all gateways on one store.
class FleetDeduplicator final : public Deduplicator {
public:
    FleetDeduplicator(caches::RequestReservations reservations, std::chrono::seconds window)
        : reservations_(std::move(reservations)), window_(window) {}

    [[nodiscard]] Reserved reserve(const std::string& key, const JobIds& ids) override;

private:
    caches::RequestReservations reservations_;
    std::chrono::seconds window_;
};

// "<personality>:<user>-<channel, or dm>:<first 16 hex digits of the message's SHA-256>". Nothing
// is escaped.
[[nodiscard]] std::string dedup_key(std::string_view personality, std::string_view user_id,
                                    const std::optional<std::string>& channel_id,
                                    std::string_view message);
// The same with 32 digits of the client's key's hash: one message to several personalities may go
// out under one key, and the keys of two users never meet.
[[nodiscard]] std::string client_dedup_key(std::string_view personality, std::string_view user_id,
                                           const std::optional<std::string>& channel_id,
                                           std::string_view client_key);

}  // namespace tutti::services::gateway::jobs
