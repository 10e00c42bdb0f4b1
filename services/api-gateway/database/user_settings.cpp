#include "api-gateway/database/user_settings.hpp"

#include <string>
#include <utility>
#include <vector>

#include "api-gateway/database/access.hpp"
#include "api-gateway/database/rows.hpp"
#include "api-gateway/database/sessions.hpp"
#include "api-gateway/database/transaction.hpp"
#include "api-gateway/database/users.hpp"
#include "common/domain/uuid.hpp"
#include "common/process/timestamps.hpp"

namespace tutti::services::gateway::database {
namespace {

std::vector<domain::ModelOverride> select_overrides(soci::session& sql,
                                                    const std::string& condition,
                                                    const std::vector<std::string>& parameters) {
    static const auto columns = Columns<domain::ModelOverride>("o")
                                    .as("personality_name", "p.name")
                                    .as("config_id", "o.llm_config_id")
                                    .as("config_name", "c.name");
    return select(sql, columns,
                  "FROM user_personality_configs o "
                  "JOIN personalities p ON p.id = o.personality_id "
                  "JOIN llm_configs c ON c.id = o.llm_config_id WHERE o.user_id = :user_id " +
                      condition,
                  parameters);
}

// A global configuration, or the user's own.
bool may_choose(soci::session& sql, const std::string& config_id, const std::string& user_id) {
    if (!domain::is_uuid(config_id)) return false;
    return select_text(sql,
                       "SELECT id FROM llm_configs WHERE id = :id "
                       "AND (is_global OR owner_id = :user_id)",
                       {config_id, user_id})
        .has_value();
}

bool may_speak_to(soci::session& sql, const std::string& personality_id,
                  const domain::Principal& principal) {
    if (!domain::is_uuid(personality_id)) return false;
    auto parameters = access_of(principal);
    parameters.push_back(personality_id);
    static const std::string query =
        std::string("SELECT p.id FROM personalities p WHERE ") + allowed + "AND p.id = :id";
    return select_text(sql, query, parameters).has_value();
}

}  // namespace

Result<domain::ListModelOverridesResponse> StoredUserSettings::list_overrides(
    const std::string& discord_id) {
    const auto known = user_id(sessions_, discord_id);
    if (!known) return fail(known.error());
    return sessions_.read("list overrides", [&, &user_id = *known](soci::session& sql) {
        domain::ListModelOverridesResponse found;
        found.overrides = select_overrides(sql, "ORDER BY p.name, p.id", {user_id});
        auto chosen =
            select_text(sql, "SELECT default_llm_config_id FROM users WHERE id = :id", {user_id});
        if (chosen) found.default_config_id.emplace(*std::move(chosen));
        return found;
    });
}

Result<Outcome<domain::ModelOverride>> StoredUserSettings::set_override(
    const domain::SetModelOverrideRequest& request, const domain::Principal& principal) {
    return sessions_.write(
        "set override",
        [&](soci::session& sql, Transaction& transaction) -> Outcome<domain::ModelOverride> {
            const std::string user_id = ensure_user(sql, principal.discord_id);
            if (!may_choose(sql, request.config_id, user_id) ||
                !may_speak_to(sql, request.personality_id, principal)) {
                return std::unexpected(Refusal::not_found);
            }
            const std::string id = domain::name_uuid("user_personality_config:" + user_id + ':' +
                                                     request.personality_id);
            execute(
                sql,
                "INSERT INTO user_personality_configs (id, user_id, personality_id, llm_config_id) "
                "VALUES (:id, :user_id, :personality_id, :config_id) "
                "ON CONFLICT (user_id, personality_id) DO UPDATE "
                "SET llm_config_id = excluded.llm_config_id",
                {id, user_id, request.personality_id, request.config_id});
            auto chosen = select_overrides(sql, "AND o.personality_id = :id",
                                           {user_id, request.personality_id});
            transaction.commit();
            return std::move(chosen.at(0));
        });
}

Result<bool> StoredUserSettings::remove_override(const std::string& personality_id,
                                                 const std::string& discord_id) {
    if (!domain::is_uuid(personality_id)) return false;
    return sessions_.write("remove override", [&](soci::session& sql, Transaction& transaction) {
        const auto changed =
            execute(sql,
                    "UPDATE user_personality_configs SET llm_config_id = NULL "
                    "WHERE personality_id = :personality_id AND llm_config_id IS NOT NULL "
                    "AND user_id = (SELECT id FROM users WHERE discord_id = :discord_id)",
                    {personality_id, discord_id});
        transaction.commit();
        return changed > 0;
    });
}

Result<Outcome<void>> StoredUserSettings::set_default_override(
    const std::optional<std::string>& config_id, const domain::Principal& principal) {
    return sessions_.write(
        "set default override", [&](soci::session& sql, Transaction& transaction) -> Outcome<void> {
            const std::string user_id = ensure_user(sql, principal.discord_id);
            if (config_id && !may_choose(sql, *config_id, user_id)) {
                return std::unexpected(Refusal::not_found);
            }
            RowWriter row;
            config_id ? row.set("default_llm_config_id", *config_id)
                      : row.set_null("default_llm_config_id");
            row.set("updated_at", process::iso_timestamp()).update(sql, "users", user_id);
            transaction.commit();
            return {};
        });
}

Result<std::vector<std::string>> StoredUserSettings::list_key_providers(
    const std::string& discord_id) {
    return sessions_.read("list keys", [&](soci::session& sql) {
        return select_texts(sql,
                            "SELECT k.provider FROM user_api_keys k JOIN users u "
                            "ON u.id = k.user_id WHERE u.discord_id = :discord_id "
                            "ORDER BY k.provider",
                            {discord_id});
    });
}

Result<void> StoredUserSettings::note_key(const std::string& discord_id,
                                          const std::string& provider) {
    return sessions_.write("note key", [&](soci::session& sql, Transaction& transaction) {
        const std::string now = process::iso_timestamp();
        execute(sql,
                "INSERT INTO user_api_keys (user_id, provider, created_at, updated_at) "
                "VALUES (:user_id, :provider, :created_at, :updated_at) "
                "ON CONFLICT (user_id, provider) DO UPDATE SET updated_at = excluded.updated_at",
                {ensure_user(sql, discord_id), provider, now, now});
        transaction.commit();
    });
}

Result<bool> StoredUserSettings::forget_key(const std::string& discord_id,
                                            const std::string& provider) {
    return sessions_.write("forget key", [&](soci::session& sql, Transaction& transaction) {
        const auto removed =
            execute(sql,
                    "DELETE FROM user_api_keys WHERE provider = :provider AND user_id = "
                    "(SELECT id FROM users WHERE discord_id = :discord_id)",
                    {provider, discord_id});
        transaction.commit();
        return removed > 0;
    });
}

}  // namespace tutti::services::gateway::database
