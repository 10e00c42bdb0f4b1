// Every query names the owner, so no user reaches the persona of another one.
#include "api-gateway/database/personas.hpp"

#include <string>
#include <utility>
#include <vector>

#include "api-gateway/database/rows.hpp"
#include "api-gateway/database/sessions.hpp"
#include "api-gateway/database/transaction.hpp"
#include "api-gateway/database/users.hpp"
#include "common/domain/limits.hpp"
#include "common/domain/text_bytes.hpp"
#include "common/domain/uuid.hpp"
#include "common/process/timestamps.hpp"

namespace tutti::services::gateway::database {
namespace {

std::vector<domain::Persona> select_personas(soci::session& sql, const std::string& condition,
                                             const std::vector<std::string>& parameters) {
    static const auto columns = Columns<domain::Persona>("p").as(
        "is_default", "CASE WHEN u.default_persona_id = p.id THEN 1 ELSE 0 END");
    return select(
        sql, columns,
        "FROM personas p JOIN users u ON u.id = p.owner_id WHERE p.owner_id = :owner " + condition,
        parameters);
}

Outcome<domain::Persona> find_persona(soci::session& sql, const std::string& owner,
                                      const std::string& id) {
    if (!domain::is_uuid(id)) return std::unexpected(Refusal::not_found);
    auto found = select_personas(sql, "AND p.id = :id", {owner, id});
    if (found.empty()) return std::unexpected(Refusal::not_found);
    return std::move(found.front());
}

std::vector<domain::Persona> all_of(soci::session& sql, const std::string& owner) {
    return select_personas(sql, "ORDER BY p.name, p.id", {owner});
}

// The user gets all of them in one answer, and so do the bots.
bool fit_into_an_answer(soci::session& sql, const std::string& owner) {
    const auto all = all_of(sql, owner);
    return all.size() <= domain::personas_max && text_bytes(all) <= domain::personas_bytes_max;
}

void set_default(soci::session& sql, const std::string& owner, const std::string& id) {
    RowWriter()
        .set("default_persona_id", id)
        .set("updated_at", process::iso_timestamp())
        .update(sql, "users", owner);
}

}  // namespace

Result<std::vector<domain::Persona>> StoredPersonas::list(const std::string& discord_id) {
    const auto owner = user_id(sessions_, discord_id);
    if (!owner) return fail(owner.error());
    return sessions_.read("list personas", [&](soci::session& sql) { return all_of(sql, *owner); });
}

Result<Outcome<domain::Persona>> StoredPersonas::find(const std::string& discord_id,
                                                      const std::string& id) {
    const auto owner = user_id(sessions_, discord_id);
    if (!owner) return fail(owner.error());
    return sessions_.read("find persona",
                          [&](soci::session& sql) { return find_persona(sql, *owner, id); });
}

Result<Outcome<domain::Persona>> StoredPersonas::create(const std::string& discord_id,
                                                        const domain::PersonaEdit& edit) {
    return sessions_.write(
        "create persona",
        [&](soci::session& sql, Transaction& transaction) -> Outcome<domain::Persona> {
            transaction.lock("personas:" + discord_id);
            const std::string owner = ensure_user(sql, discord_id);
            const std::string id = domain::random_uuid();
            RowWriter row;
            row.set("id", id).set("owner_id", owner).set("created_at", process::iso_timestamp());
            row.set_edit<domain::Persona>(edit).set("updated_at", process::iso_timestamp());
            row.insert(sql, "personas");
            if (!fit_into_an_answer(sql, owner)) return std::unexpected(Refusal::too_large);
            if (!select_text(sql, "SELECT default_persona_id FROM users WHERE id = :id", {owner})) {
                set_default(sql, owner, id);
            }
            auto persona = find_persona(sql, owner, id).value();
            transaction.commit();
            return persona;
        });
}

Result<Outcome<domain::Persona>> StoredPersonas::update(const std::string& discord_id,
                                                        const std::string& id,
                                                        const domain::PersonaEdit& edit) {
    return sessions_.write(
        "update persona",
        [&](soci::session& sql, Transaction& transaction) -> Outcome<domain::Persona> {
            transaction.lock("personas:" + discord_id);
            const std::string owner = ensure_user(sql, discord_id);
            if (const auto found = find_persona(sql, owner, id); !found) return found;
            RowWriter row;
            row.set_edit<domain::Persona>(edit).set("updated_at", process::iso_timestamp());
            row.update(sql, "personas", id);
            if (!fit_into_an_answer(sql, owner)) return std::unexpected(Refusal::too_large);
            auto persona = find_persona(sql, owner, id);
            transaction.commit();
            return persona;
        });
}

Result<Outcome<domain::Persona>> StoredPersonas::make_default(const std::string& discord_id,
                                                              const std::string& id) {
    return sessions_.write(
        "set default persona",
        [&](soci::session& sql, Transaction& transaction) -> Outcome<domain::Persona> {
            const std::string owner = ensure_user(sql, discord_id);
            if (const auto found = find_persona(sql, owner, id); !found) return found;
            set_default(sql, owner, id);
            auto persona = find_persona(sql, owner, id);
            transaction.commit();
            return persona;
        });
}

Result<Outcome<void>> StoredPersonas::remove(const std::string& discord_id, const std::string& id) {
    return sessions_.write("delete persona",
                           [&](soci::session& sql, Transaction& transaction) -> Outcome<void> {
                               const std::string owner = ensure_user(sql, discord_id);
                               if (const auto found = find_persona(sql, owner, id); !found)
                                   return std::unexpected(found.error());
                               execute(sql, "DELETE FROM personas WHERE id = :id", {id});
                               transaction.commit();
                               return {};
                           });
}

}  // namespace tutti::services::gateway::database
