// What users have chosen for themselves: models, and that they have keys.
#include <string>

#include "api-gateway/database/database_impl.hpp"
#include "api-gateway/database/rows.hpp"
#include "common/http/errors.hpp"

namespace tutti::services {
namespace {

constexpr const char* select_override =
    "SELECT o.personality_id, p.name, o.llm_config_id, c.name FROM user_personality_configs o "
    "JOIN personalities p ON p.id = o.personality_id JOIN llm_configs c ON c.id = o.llm_config_id "
    "WHERE o.user_id = :user_id ";

ModelOverride read(RowReader& row) {
    ModelOverride chosen;
    chosen.personality_id = row.text();
    chosen.personality_name = row.text();
    chosen.config_id = row.text();
    chosen.config_name = row.text();
    return chosen;
}

// A global configuration, or the user's own.
bool may_choose(soci::session& sql, const std::string& config_id, const std::string& user_id) {
    if (!is_uuid(config_id)) return false;
    return select_one(sql,
                      "SELECT id FROM llm_configs WHERE id = :id "
                      "AND (is_global OR owner_id = :user_id)",
                      1, {config_id, user_id})
        .has_value();
}

bool may_speak_to(soci::session& sql, const std::string& personality_id, const std::string& user_id,
                  const Principal& principal) {
    if (!is_uuid(personality_id)) return false;
    const std::string is_bot_owner = principal.is_bot_owner ? "1" : "0";
    return select_one(sql,
                      "SELECT p.id FROM personalities p WHERE p.id = :id AND (p.is_public "
                      "OR :is_bot_owner = '1' OR p.owner_id = :owner OR EXISTS ("
                      "SELECT 1 FROM personality_owners o WHERE o.personality_id = p.id "
                      "AND o.user_id = :co_owner))",
                      1, {personality_id, is_bot_owner, user_id, user_id})
        .has_value();
}

}  // namespace

Result<ListModelOverridesResponse> Database::list_overrides(const std::string& discord_id) {
    const auto known = impl_->user_id(discord_id);
    if (!known) return fail(known.error());
    return impl_->run("list overrides", [&, &user_id = *known](soci::session& sql) {
        ListModelOverridesResponse found;
        for (RowReader& row :
             select(sql, std::string(select_override) + "ORDER BY p.name, p.id", 4, {user_id})) {
            found.overrides.push_back(read(row));
        }
        auto user =
            select_one(sql, "SELECT default_llm_config_id FROM users WHERE id = :id", 1, {user_id});
        if (user) found.default_config_id = user->nullable_text();
        return found;
    });
}

Result<Outcome<ModelOverride>> Database::set_override(const SetModelOverrideRequest& request,
                                                      const Principal& principal) {
    return impl_->write("set override", [&](soci::session& sql) -> Outcome<ModelOverride> {
        Transaction transaction(sql);
        const std::string user_id = ensure_user(sql, principal.discord_id);
        if (!may_choose(sql, request.config_id, user_id) ||
            !may_speak_to(sql, request.personality_id, user_id, principal)) {
            return std::unexpected(Refusal::not_found);
        }
        const std::string id =
            name_uuid("user_personality_config:" + user_id + ':' + request.personality_id);
        execute(sql,
                "INSERT INTO user_personality_configs (id, user_id, personality_id, llm_config_id) "
                "VALUES (:id, :user_id, :personality_id, :config_id) "
                "ON CONFLICT (user_id, personality_id) DO UPDATE "
                "SET llm_config_id = excluded.llm_config_id",
                {id, user_id, request.personality_id, request.config_id});
        auto row = select_one(sql, std::string(select_override) + "AND o.personality_id = :id", 4,
                              {user_id, request.personality_id});
        auto chosen = read(row.value());
        transaction.commit();
        return chosen;
    });
}

Result<bool> Database::remove_override(const std::string& personality_id,
                                       const std::string& discord_id) {
    if (!is_uuid(personality_id)) return false;
    return impl_->write("remove override", [&](soci::session& sql) {
        return execute(sql,
                       "UPDATE user_personality_configs SET llm_config_id = NULL "
                       "WHERE personality_id = :personality_id AND llm_config_id IS NOT NULL "
                       "AND user_id = (SELECT id FROM users WHERE discord_id = :discord_id)",
                       {personality_id, discord_id}) > 0;
    });
}

Result<Outcome<void>> Database::set_default_override(const std::optional<std::string>& config_id,
                                                     const Principal& principal) {
    return impl_->write("set default override", [&](soci::session& sql) -> Outcome<void> {
        Transaction transaction(sql);
        const std::string user_id = ensure_user(sql, principal.discord_id);
        if (config_id && !may_choose(sql, *config_id, user_id)) {
            return std::unexpected(Refusal::not_found);
        }
        RowWriter row;
        config_id ? row.set("default_llm_config_id", *config_id)
                  : row.set_null("default_llm_config_id");
        row.set("updated_at", iso_timestamp()).update(sql, "users", user_id);
        transaction.commit();
        return {};
    });
}

Result<std::vector<std::string>> Database::list_key_providers(const std::string& discord_id) {
    return impl_->run("list keys", [&](soci::session& sql) {
        std::vector<std::string> providers;
        for (RowReader& row :
             select(sql,
                    "SELECT k.provider FROM user_api_keys k JOIN users u ON u.id = k.user_id "
                    "WHERE u.discord_id = :discord_id ORDER BY k.provider",
                    1, {discord_id})) {
            providers.push_back(row.text());
        }
        return providers;
    });
}

Result<void> Database::note_key(const std::string& discord_id, const std::string& provider) {
    return impl_->write("note key", [&](soci::session& sql) {
        Transaction transaction(sql);
        const std::string now = iso_timestamp();
        execute(sql,
                "INSERT INTO user_api_keys (user_id, provider, created_at, updated_at) "
                "VALUES (:user_id, :provider, :created_at, :updated_at) "
                "ON CONFLICT (user_id, provider) DO UPDATE SET updated_at = excluded.updated_at",
                {ensure_user(sql, discord_id), provider, now, now});
        transaction.commit();
    });
}

Result<bool> Database::forget_key(const std::string& discord_id, const std::string& provider) {
    return impl_->write("forget key", [&](soci::session& sql) {
        return execute(sql,
                       "DELETE FROM user_api_keys WHERE provider = :provider AND user_id = "
                       "(SELECT id FROM users WHERE discord_id = :discord_id)",
                       {provider, discord_id}) > 0;
    });
}

}  // namespace tutti::services
