// What users have chosen for themselves: models, and that they have keys.
//
// Thread-safety, blocking and errors: see database.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api-gateway/database/refusal.hpp"
#include "common/domain/llm_config.hpp"
#include "common/domain/principal.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

class Sessions;

class StoredUserSettings {
public:
    // Borrows the sessions.
    explicit StoredUserSettings(Sessions& sessions) : sessions_(sessions) {}

    // What a user has chosen instead of a personality's configuration.
    [[nodiscard]] Result<domain::ListModelOverridesResponse> list_overrides(
        const std::string& discord_id);
    [[nodiscard]] Result<Outcome<domain::ModelOverride>> set_override(
        const domain::SetModelOverrideRequest& request, const domain::Principal& principal);
    [[nodiscard]] Result<bool> remove_override(const std::string& personality_id,
                                               const std::string& discord_id);
    // Without a configuration: none any more.
    [[nodiscard]] Result<Outcome<void>> set_default_override(
        const std::optional<std::string>& config_id, const domain::Principal& principal);

    // Which providers a user has a key for. The keys are not kept.
    [[nodiscard]] Result<std::vector<std::string>> list_key_providers(
        const std::string& discord_id);
    [[nodiscard]] Result<void> note_key(const std::string& discord_id, const std::string& provider);
    [[nodiscard]] Result<bool> forget_key(const std::string& discord_id,
                                          const std::string& provider);

private:
    Sessions& sessions_;
};

}  // namespace tutti::services::gateway::database
