// Who asks, and what they may use.
#pragma once

#include <algorithm>
#include <string>

#include "common/domain/domain.hpp"

namespace tutti::services::domain {

// On whose behalf something happens.
struct Principal {
    std::string discord_id;
    bool is_bot_owner = false;  // sees and may use everything
};

// The one rule wherever a personality is at hand: it is public, or theirs.
[[nodiscard]] inline bool may_use(const GetPersonalityResponse& found, const Principal& principal) {
    if (found.personality.is_public || principal.is_bot_owner) return true;
    const auto& owners = found.owner_discord_ids;
    return owners && std::ranges::find(*owners, principal.discord_id) != owners->end();
}

}  // namespace tutti::services::domain
