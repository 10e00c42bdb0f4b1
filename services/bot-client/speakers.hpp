// Which personality has said a message through a webhook, for who answers that message: kept for a
// week, for all bots.
//
// It is a fact, and no copy of what a source could say again. In Redis it is written plainly, as
// programs without Tutti do, and read through the cache: what the cache stores itself is absent
// behind a restart of Redis.
//
// Thread-safety: all functions may be called from any thread; `keep_in` and `stop` from one.
// Blocking: `note` a second at most, `slug_of` ten more through an outage of Redis.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "bot-client/discord.hpp"
#include "bot-client/patient_reads.hpp"
#include "common/caches/catalogue.hpp"
#include "common/redis/client.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"

namespace tutti::services::bot {

class Speakers {
public:
    explicit Speakers(caches::WebhookSpeakers cache) : cache_(std::move(cache)) {}

    // Before the first `note`. Borrows it. Without one the cache keeps all, as long as the process.
    void keep_in(redis::RedisClient& redis) { redis_ = &redis; }

    // What cannot be noted is logged: a reply to it is then for no personality.
    void note(const std::string& message_id, const Speaker& speaker);
    // Nothing: none, as far as is known. Errors: it cannot be known now.
    [[nodiscard]] Result<std::optional<std::string>> slug_of(const std::string& message_id);

    // From now on an outage is not waited for. Idempotent.
    void stop() { reads_.stop(); }

private:
    [[nodiscard]] Result<void> keep(const std::string& message_id, const std::string& slug);

    caches::WebhookSpeakers cache_;
    redis::RedisClient* redis_ = nullptr;
    PatientReads reads_{{.tier = Tier::store}};
};

}  // namespace tutti::services::bot
