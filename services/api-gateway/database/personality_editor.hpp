// Making, changing and removing personalities: for their owner and the bot's owner.
//
// Thread-safety, blocking and errors: see database.hpp.
#pragma once

#include <optional>
#include <string>

#include "api-gateway/database/refusal.hpp"
#include "common/domain/domain.hpp"
#include "common/domain/principal.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

class Sessions;

class PersonalityEditor {
public:
    // Borrows the sessions.
    explicit PersonalityEditor(Sessions& sessions) : sessions_(sessions) {}

    // For the owner and the bot's owner. `png` is what `edit.avatar_data` stands for; an empty one
    // takes the picture away. Returns it as the same transaction saw it.
    [[nodiscard]] Result<Outcome<domain::GetPersonalityResponse>> create(
        const domain::PersonalityEdit& edit, const std::optional<std::string>& png,
        const domain::Principal& principal);
    [[nodiscard]] Result<Outcome<domain::GetPersonalityResponse>> update(
        const std::string& id, const domain::PersonalityEdit& edit,
        const std::optional<std::string>& png, const domain::Principal& principal);
    [[nodiscard]] Result<Outcome<void>> remove(const std::string& id,
                                               const domain::Principal& principal);

private:
    Sessions& sessions_;
};

}  // namespace tutti::services::gateway::database
