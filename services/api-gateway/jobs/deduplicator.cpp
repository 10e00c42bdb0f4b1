#include "api-gateway/jobs/deduplicator.hpp"

#include <utility>

#include "common/process/logging.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::gateway::jobs {
namespace {

using namespace std::chrono_literals;

// A client waits, and one of the gateway's workers with it.
constexpr Duration deadline = 1s;

// Wall clock: other programs read it. The store's TTL decides, not this.
caches::RequestNote note_of(const JobIds& ids, std::chrono::seconds window) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    return {.request_id = ids.request_id,
            .job_id = ids.job_id,
            .timestamp = now.count(),
            .expires_at = (now + window).count()};
}

std::string key_of(std::string_view personality, std::string_view user_id,
                   const std::optional<std::string>& channel_id, std::string_view digest) {
    std::string key(personality);
    key.append(":").append(user_id).append("-");
    return key.append(channel_id.value_or("dm")).append(":").append(digest);
}

}  // namespace

Reserved FleetDeduplicator::reserve(const std::string& key, const JobIds& ids) {
    auto attempt = reservations_.reserve(key, note_of(ids, window_), deadline);
    if (!attempt) {
        log::warn("a request was refused", attempt.error().message());
        return {.outcome = Reserved::Outcome::unavailable};
    }
    if (attempt->granted()) {
        auto release = [reservations = reservations_, attempt = *std::move(attempt)] {
            const auto released = reservations.release(attempt, deadline);
            if (!released)
                log::warn("a reservation was not given back", released.error().message());
        };
        return {.outcome = Reserved::Outcome::granted, .holder = {}, .release = std::move(release)};
    }
    if (attempt->held()) {
        return {.outcome = Reserved::Outcome::duplicate,
                .holder = {.request_id = attempt->held()->request_id,
                           .job_id = attempt->held()->job_id}};
    }
    log::warn("a request was refused", "its reservation in the store cannot be read");
    return {.outcome = Reserved::Outcome::unavailable};
}

std::string dedup_key(std::string_view personality, std::string_view user_id,
                      const std::optional<std::string>& channel_id, std::string_view message) {
    return key_of(personality, user_id, channel_id, sha256_hex(message).substr(0, 16));
}

std::string client_dedup_key(std::string_view personality, std::string_view user_id,
                             const std::optional<std::string>& channel_id,
                             std::string_view client_key) {
    return key_of(personality, user_id, channel_id, sha256_hex(client_key).substr(0, 32));
}

}  // namespace tutti::services::gateway::jobs
