#include "bot-client/speakers.hpp"

#include <chrono>
#include <optional>
#include <string>

#include "common/caches/catalogue.hpp"
#include "common/process/logging.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"

namespace tutti::services::bot {
namespace {

using namespace std::chrono_literals;

constexpr Duration call_within = 1s;

}  // namespace

void Speakers::note(const std::string& message_id, const Speaker& speaker) {
    if (speaker.slug.empty()) return;
    if (const auto kept = keep(message_id, speaker.slug); !kept) {
        log::warn("who has said a message is not noted", kept.error().message());
    }
}

Result<void> Speakers::keep(const std::string& message_id, const std::string& slug) {
    if (redis_ == nullptr) {
        const auto kept = cache_.offer(message_id, slug, {.deadline = call_within});
        return kept ? Result<void>() : fail(kept.error());
    }
    const std::chrono::seconds life = caches::webhook_speakers_ttl;
    const auto kept = redis_->command({"SET", caches::webhook_speakers_prefix + message_id, slug,
                                       "EX", std::to_string(life.count())},
                                      Boottime::now() + call_within);
    return kept ? Result<void>() : fail(kept.error());
}

Result<std::optional<std::string>> Speakers::slug_of(const std::string& message_id) {
    const auto found = reads_.read([&]() -> Result<Lookup<std::string>> {
        auto answer = cache_.get(message_id, {.deadline = call_within});
        // Without Redis the source is asked, which knows none.
        const bool is_guess = answer && !answer->found() && !answer->degraded().empty();
        if (!is_guess) return answer;
        return fail(Errc::unavailable, "find who has said a message", answer->degraded());
    });
    if (!found) return fail(found.error());
    if (!found->found()) return std::nullopt;
    return **found;
}

}  // namespace tutti::services::bot
