// Personas. Every function is about those of one user, and creates the user's row when it is
// missing.
//
// Thread-safety, blocking and errors: see database.hpp.
#pragma once

#include <string>
#include <vector>

#include "api-gateway/database/refusal.hpp"
#include "common/domain/persona.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

class Sessions;

class StoredPersonas {
public:
    // Borrows the sessions.
    explicit StoredPersonas(Sessions& sessions) : sessions_(sessions) {}

    [[nodiscard]] Result<std::vector<domain::Persona>> list(const std::string& discord_id);
    [[nodiscard]] Result<Outcome<domain::Persona>> find(const std::string& discord_id,
                                                        const std::string& id);
    // A user's first persona becomes the default.
    [[nodiscard]] Result<Outcome<domain::Persona>> create(const std::string& discord_id,
                                                          const domain::PersonaEdit& edit);
    [[nodiscard]] Result<Outcome<domain::Persona>> update(const std::string& discord_id,
                                                          const std::string& id,
                                                          const domain::PersonaEdit& edit);
    [[nodiscard]] Result<Outcome<domain::Persona>> make_default(const std::string& discord_id,
                                                                const std::string& id);
    [[nodiscard]] Result<Outcome<void>> remove(const std::string& discord_id,
                                               const std::string& id);

private:
    Sessions& sessions_;
};

}  // namespace tutti::services::gateway::database
