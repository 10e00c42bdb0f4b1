// Personalities, as those who ask may see them.
//
// Thread-safety, blocking and errors: see database.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/domain/avatar.hpp"
#include "common/domain/domain.hpp"
#include "common/domain/principal.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

class Sessions;

class StoredPersonalities {
public:
    // Borrows the sessions.
    explicit StoredPersonalities(Sessions& sessions) : sessions_(sessions) {}

    [[nodiscard]] Result<std::vector<domain::PersonalitySummary>> list(
        const domain::Principal& principal);
    // The id of what a user means by a text: an id, else a name, else a slug, else an alias; names
    // without regard to case, the oldest first. Only of what this user may use.
    [[nodiscard]] Result<std::optional<std::string>> resolve(const std::string& text,
                                                             const domain::Principal& principal);
    // For every user.
    [[nodiscard]] Result<std::optional<std::string>> of_slug(const std::string& slug);
    // For every user; see `may_use`. Errors: also too_large, for a row that another program has
    // written.
    [[nodiscard]] Result<std::optional<domain::GetPersonalityResponse>> load(const std::string& id);
    // The picture of the personality with this slug. Nothing: there is none.
    [[nodiscard]] Result<std::optional<domain::AvatarPtr>> find_avatar(const std::string& slug);

private:
    Sessions& sessions_;
};

}  // namespace tutti::services::gateway::database
