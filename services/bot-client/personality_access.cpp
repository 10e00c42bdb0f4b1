#include "bot-client/personality_access.hpp"

#include "common/domain/principal.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::bot {
namespace {

using namespace std::chrono_literals;

constexpr GetOptions within_deadline{.deadline = 2500ms};

}  // namespace

Result<std::shared_ptr<const domain::GetPersonalityResponse>> PersonalityAccess::find(
    const std::string& slug, const std::string& user_id) const {
    using Found = std::shared_ptr<const domain::GetPersonalityResponse>;
    const auto id = reads_.read([&] { return ids_.get(to_lower(slug), within_deadline); });
    if (!id) return fail(id.error());
    if (!id->found()) return Found();
    const auto personality = reads_.read([&] { return personalities_.get(**id, within_deadline); });
    if (!personality) return fail(personality.error());
    const domain::Principal principal{.discord_id = user_id,
                                      .is_bot_owner = bot_owner_id_ == user_id};
    if (!personality->found() || !domain::may_use(**personality, principal)) return Found();
    return personality->shared();
}

}  // namespace tutti::services::bot
