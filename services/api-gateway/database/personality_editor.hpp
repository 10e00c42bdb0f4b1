// Making, changing and removing personalities: for their owner and the bot's owner.
//
// Thread-safety, blocking and errors: see database.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api-gateway/database/refusal.hpp"
#include "common/domain/domain.hpp"
#include "common/domain/principal.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

class Sessions;

// What a change of a personality concerns besides the personality.
struct PersonalityChange {
    std::string id;
    std::vector<std::string> channel_ids;  // whose activation shows it, or showed it
};

struct ChangedPersonality {
    PersonalityChange change;
    domain::GetPersonalityResponse now;  // as the same transaction saw it
};

class PersonalityEditor {
public:
    // Borrows the sessions.
    explicit PersonalityEditor(Sessions& sessions) : sessions_(sessions) {}

    // For the owner and the bot's owner. `png` is what `edit.avatar_data` stands for; an empty one
    // takes the picture away.
    [[nodiscard]] Result<Outcome<ChangedPersonality>> create(const domain::PersonalityEdit& edit,
                                                             const std::optional<std::string>& png,
                                                             const domain::Principal& principal);
    [[nodiscard]] Result<Outcome<ChangedPersonality>> update(const std::string& id,
                                                             const domain::PersonalityEdit& edit,
                                                             const std::optional<std::string>& png,
                                                             const domain::Principal& principal);
    [[nodiscard]] Result<Outcome<PersonalityChange>> remove(const std::string& id,
                                                            const domain::Principal& principal);

private:
    Sessions& sessions_;
};

}  // namespace tutti::services::gateway::database
