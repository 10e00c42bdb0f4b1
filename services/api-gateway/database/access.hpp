// Who may use a personality, as a condition in SQL: every user a public one, its owner and its
// co-owners theirs, and the bot's owner every one. `may_use` (common/domain/principal.hpp) says the
// same of one that is at hand.
#pragma once

#include <string>
#include <vector>

#include "common/domain/principal.hpp"

namespace tutti::services::gateway::database {

// Of the personality `p`. Its parameters are those of `access_of`. A user without a row owns
// nothing.
inline constexpr const char* allowed =
    "(:is_bot_owner = '1' OR p.is_public "
    "OR p.owner_id = (SELECT u.id FROM users u WHERE u.discord_id = :owner) "
    "OR EXISTS (SELECT 1 FROM personality_owners o JOIN users u ON u.id = o.user_id "
    "WHERE o.personality_id = p.id AND u.discord_id = :co_owner)) ";

[[nodiscard]] inline std::vector<std::string> access_of(const domain::Principal& principal) {
    return {principal.is_bot_owner ? "1" : "0", principal.discord_id, principal.discord_id};
}

}  // namespace tutti::services::gateway::database
