// Model configurations.
//
// Thread-safety, blocking and errors: see database.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api-gateway/database/refusal.hpp"
#include "common/domain/llm_config.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

class Sessions;

class StoredLlmConfigs {
public:
    // Borrows the sessions.
    explicit StoredLlmConfigs(Sessions& sessions) : sessions_(sessions) {}

    enum class Default : std::uint8_t { for_all, for_free };
    [[nodiscard]] Result<std::vector<domain::LlmConfig>> list();
    [[nodiscard]] Result<Outcome<domain::LlmConfig>> find(const std::string& id);
    // A global one.
    [[nodiscard]] Result<domain::LlmConfig> create(const domain::LlmConfigEdit& edit,
                                                   const std::string& owner_discord_id);
    [[nodiscard]] Result<Outcome<domain::LlmConfig>> update(const std::string& id,
                                                            const domain::LlmConfigEdit& edit);
    // Conflict: it is not global.
    [[nodiscard]] Result<Outcome<domain::LlmConfig>> make_default(const std::string& id,
                                                                  Default which);
    // Conflict: it is a default.
    [[nodiscard]] Result<Outcome<void>> remove(const std::string& id);

private:
    Sessions& sessions_;
};

}  // namespace tutti::services::gateway::database
