// "At most one default" is an index of the schema; here the old one steps down in
// the same transaction.
#include "api-gateway/database/llm_configs.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "api-gateway/database/rows.hpp"
#include "api-gateway/database/sessions.hpp"
#include "api-gateway/database/transaction.hpp"
#include "api-gateway/database/users.hpp"
#include "common/domain/uuid.hpp"
#include "common/process/timestamps.hpp"

namespace tutti::services::gateway::database {
namespace {

constexpr std::string_view defaults_lock = "llm defaults";

std::vector<domain::LlmConfig> select_configs(soci::session& sql, const std::string& rest,
                                              const std::vector<std::string>& parameters) {
    static const auto columns = Columns<domain::LlmConfig>("c")
                                    .as("owner_info.discord_id", "u.discord_id")
                                    .as("owner_info.username", "u.username");
    return select(sql, columns, "FROM llm_configs c LEFT JOIN users u ON u.id = c.owner_id " + rest,
                  parameters);
}

Outcome<domain::LlmConfig> find_config(soci::session& sql, const std::string& id) {
    if (!domain::is_uuid(id)) return std::unexpected(Refusal::not_found);
    auto found = select_configs(sql, "WHERE c.id = :id", {id});
    if (found.empty()) return std::unexpected(Refusal::not_found);
    return std::move(found.front());
}

}  // namespace

Result<std::vector<domain::LlmConfig>> StoredLlmConfigs::list() {
    return sessions_.read("list configurations", [&](soci::session& sql) {
        return select_configs(sql,
                              "ORDER BY CASE WHEN c.is_default THEN 0 ELSE 1 END, "
                              "CASE WHEN c.is_free_default THEN 0 ELSE 1 END, "
                              "CASE WHEN c.is_global THEN 0 ELSE 1 END, c.name, c.id",
                              {});
    });
}

Result<Outcome<domain::LlmConfig>> StoredLlmConfigs::find(const std::string& id) {
    return sessions_.read("find configuration",
                          [&](soci::session& sql) { return find_config(sql, id); });
}

Result<domain::LlmConfig> StoredLlmConfigs::create(const domain::LlmConfigEdit& edit,
                                                   const std::string& owner_discord_id) {
    return sessions_.write(
        "create configuration", [&](soci::session& sql, Transaction& transaction) {
            const std::string id = domain::random_uuid();
            RowWriter row;
            row.set("id", id)
                .set("owner_id", ensure_user(sql, owner_discord_id))
                .set("is_global", true);
            row.set_edit<domain::LlmConfig>(edit).set("updated_at", process::iso_timestamp());
            row.insert(sql, "llm_configs");
            auto config = find_config(sql, id).value();
            transaction.commit();
            return config;
        });
}

Result<Outcome<domain::LlmConfig>> StoredLlmConfigs::update(const std::string& id,
                                                            const domain::LlmConfigEdit& edit) {
    return sessions_.write(
        "update configuration",
        [&](soci::session& sql, Transaction& transaction) -> Outcome<domain::LlmConfig> {
            if (const auto found = find_config(sql, id); !found) return found;
            RowWriter row;
            row.set_edit<domain::LlmConfig>(edit).set("updated_at", process::iso_timestamp());
            row.update(sql, "llm_configs", id);
            auto config = find_config(sql, id);
            transaction.commit();
            return config;
        });
}

Result<Outcome<domain::LlmConfig>> StoredLlmConfigs::make_default(const std::string& id,
                                                                  Default which) {
    return sessions_.write(
        "set default configuration",
        [&](soci::session& sql, Transaction& transaction) -> Outcome<domain::LlmConfig> {
            transaction.lock(defaults_lock);
            const auto found = find_config(sql, id);
            if (!found) return found;
            if (!found->is_global) return std::unexpected(Refusal::conflict);
            const std::string column = which == Default::for_all ? "is_default" : "is_free_default";
            const std::string now = process::iso_timestamp();
            execute(sql,
                    "UPDATE llm_configs SET " + column + " = FALSE, updated_at = :now WHERE " +
                        column + " AND id <> :id",
                    {now, id});
            RowWriter().set(column, true).set("updated_at", now).update(sql, "llm_configs", id);
            auto config = find_config(sql, id);
            transaction.commit();
            return config;
        });
}

Result<Outcome<void>> StoredLlmConfigs::remove(const std::string& id) {
    return sessions_.write("delete configuration",
                           [&](soci::session& sql, Transaction& transaction) -> Outcome<void> {
                               transaction.lock(defaults_lock);
                               const auto found = find_config(sql, id);
                               if (!found) return std::unexpected(found.error());
                               if (found->is_default || found->is_free_default) {
                                   return std::unexpected(Refusal::conflict);
                               }
                               execute(sql, "DELETE FROM llm_configs WHERE id = :id", {id});
                               transaction.commit();
                               return {};
                           });
}

}  // namespace tutti::services::gateway::database
