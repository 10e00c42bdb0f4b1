// Personas. Every query names the owner, so nobody reaches another user's.
#include <string>
#include <vector>

#include "api-gateway/database/database_impl.hpp"
#include "api-gateway/database/rows.hpp"
#include "common/domain/limits.hpp"
#include "common/domain/text_bytes.hpp"
#include "common/http/errors.hpp"

namespace tutti::services {
namespace {

constexpr const char* select_persona =
    "SELECT p.id, p.name, p.preferred_name, p.description, p.pronouns, p.content, "
    "CASE WHEN u.default_persona_id = p.id THEN 1 ELSE 0 END, p.share_ltm_across_personalities, "
    "p.created_at, p.updated_at FROM personas p JOIN users u ON u.id = p.owner_id "
    "WHERE p.owner_id = :owner ";
constexpr std::size_t persona_columns = 10;

Persona read(RowReader& row) {
    Persona persona;
    persona.id = row.text();
    persona.name = row.text();
    persona.preferred_name = row.nullable_text();
    persona.description = row.nullable_text();
    persona.pronouns = row.nullable_text();
    persona.content = row.text();
    persona.is_default = row.flag();
    persona.share_ltm_across_personalities = row.flag();
    persona.created_at = row.time();
    persona.updated_at = row.time();
    return persona;
}

Outcome<Persona> find(soci::session& sql, const std::string& owner, const std::string& id) {
    if (!is_uuid(id)) return std::unexpected(Refusal::not_found);
    auto row = select_one(sql, std::string(select_persona) + "AND p.id = :id", persona_columns,
                          {owner, id});
    if (!row) return std::unexpected(Refusal::not_found);
    return read(*row);
}

void set_columns(RowWriter& row, const PersonaEdit& edit) {
    row.set_if("name", edit.name)
        .set_or_clear("preferred_name", edit.preferred_name)
        .set_or_clear("description", edit.description)
        .set_or_clear("pronouns", edit.pronouns)
        .set_if("content", edit.content)
        .set_if("share_ltm_across_personalities", edit.share_ltm_across_personalities)
        .set("updated_at", iso_timestamp());
}

std::vector<Persona> all_of(soci::session& sql, const std::string& owner) {
    std::vector<Persona> found;
    for (RowReader& row : select(sql, std::string(select_persona) + "ORDER BY p.name, p.id",
                                 persona_columns, {owner})) {
        found.push_back(read(row));
    }
    return found;
}

// The user gets all of them in one answer, and so do the bots.
bool fit_into_an_answer(soci::session& sql, const std::string& owner) {
    const auto all = all_of(sql, owner);
    return all.size() <= personas_max && text_bytes(all) <= personas_bytes_max;
}

void set_default(soci::session& sql, const std::string& owner, const std::string& id) {
    RowWriter()
        .set("default_persona_id", id)
        .set("updated_at", iso_timestamp())
        .update(sql, "users", owner);
}

}  // namespace

Result<std::vector<Persona>> Database::list_personas(const std::string& discord_id) {
    const auto owner = impl_->user_id(discord_id);
    if (!owner) return fail(owner.error());
    return impl_->run("list personas", [&](soci::session& sql) { return all_of(sql, *owner); });
}

Result<Outcome<Persona>> Database::find_persona(const std::string& discord_id,
                                                const std::string& id) {
    const auto owner = impl_->user_id(discord_id);
    if (!owner) return fail(owner.error());
    return impl_->run("find persona", [&](soci::session& sql) { return find(sql, *owner, id); });
}

Result<Outcome<Persona>> Database::create_persona(const std::string& discord_id,
                                                  const PersonaEdit& edit) {
    return impl_->write("create persona", [&](soci::session& sql) -> Outcome<Persona> {
        Transaction transaction(sql);
        transaction.lock("personas:" + discord_id);
        const std::string owner = ensure_user(sql, discord_id);
        const std::string id = random_uuid();
        RowWriter row;
        row.set("id", id).set("owner_id", owner).set("created_at", iso_timestamp());
        set_columns(row, edit);
        row.insert(sql, "personas");
        if (!fit_into_an_answer(sql, owner)) return std::unexpected(Refusal::too_large);
        auto user =
            select_one(sql, "SELECT default_persona_id FROM users WHERE id = :id", 1, {owner});
        if (user && !user->optional_text()) set_default(sql, owner, id);
        auto persona = find(sql, owner, id).value();
        transaction.commit();
        return persona;
    });
}

Result<Outcome<Persona>> Database::update_persona(const std::string& discord_id,
                                                  const std::string& id, const PersonaEdit& edit) {
    return impl_->write("update persona", [&](soci::session& sql) -> Outcome<Persona> {
        Transaction transaction(sql);
        transaction.lock("personas:" + discord_id);
        const std::string owner = ensure_user(sql, discord_id);
        if (const auto found = find(sql, owner, id); !found) return found;
        RowWriter row;
        set_columns(row, edit);
        row.update(sql, "personas", id);
        if (!fit_into_an_answer(sql, owner)) return std::unexpected(Refusal::too_large);
        auto persona = find(sql, owner, id);
        transaction.commit();
        return persona;
    });
}

Result<Outcome<Persona>> Database::make_default_persona(const std::string& discord_id,
                                                        const std::string& id) {
    return impl_->write("set default persona", [&](soci::session& sql) -> Outcome<Persona> {
        Transaction transaction(sql);
        const std::string owner = ensure_user(sql, discord_id);
        if (const auto found = find(sql, owner, id); !found) return found;
        set_default(sql, owner, id);
        auto persona = find(sql, owner, id);
        transaction.commit();
        return persona;
    });
}

Result<Outcome<void>> Database::delete_persona(const std::string& discord_id,
                                               const std::string& id) {
    return impl_->write("delete persona", [&](soci::session& sql) -> Outcome<void> {
        Transaction transaction(sql);
        const std::string owner = ensure_user(sql, discord_id);
        if (const auto found = find(sql, owner, id); !found) return std::unexpected(found.error());
        execute(sql, "DELETE FROM personas WHERE id = :id", {id});
        transaction.commit();
        return {};
    });
}

}  // namespace tutti::services
