// Model configurations. "At most one default" is an index of the schema; here the old one steps down in
// the same transaction.
#include <string>
#include <string_view>
#include <utility>

#include "api-gateway/database/database_impl.hpp"
#include "api-gateway/database/rows.hpp"
#include "common/http/errors.hpp"

namespace tutti::services {
namespace {

constexpr const char* select_config =
    "SELECT c.id, c.name, c.description, c.provider, c.model, c.vision_model, c.is_global, "
    "c.is_default, c.is_free_default, c.owner_id, u.discord_id, u.username "
    "FROM llm_configs c LEFT JOIN users u ON u.id = c.owner_id ";
constexpr std::size_t config_columns = 12;
constexpr std::string_view defaults_lock = "llm defaults";

LlmConfig read(RowReader& row) {
    LlmConfig config;
    config.id = row.text();
    config.name = row.text();
    config.description = row.nullable_text();
    config.provider = row.text();
    config.model = row.text();
    config.vision_model = row.nullable_text();
    config.is_global = row.flag();
    config.is_default = row.flag();
    config.is_free_default = row.flag();
    config.owner_id = row.nullable_text();
    auto discord_id = row.optional_text();
    auto username = row.text();
    if (discord_id) config.owner_info.emplace(*std::move(discord_id), std::move(username));
    return config;
}

Outcome<LlmConfig> find(soci::session& sql, const std::string& id) {
    if (!is_uuid(id)) return std::unexpected(Refusal::not_found);
    auto row =
        select_one(sql, std::string(select_config) + "WHERE c.id = :id", config_columns, {id});
    if (!row) return std::unexpected(Refusal::not_found);
    return read(*row);
}

void set_columns(RowWriter& row, const LlmConfigEdit& edit) {
    row.set_if("name", edit.name)
        .set_or_clear("description", edit.description)
        .set_if("provider", edit.provider)
        .set_if("model", edit.model)
        .set_or_clear("vision_model", edit.vision_model)
        .set_if("temperature", edit.temperature)
        .set_if("top_p", edit.top_p)
        .set_if("top_k", edit.top_k)
        .set_if("frequency_penalty", edit.frequency_penalty)
        .set_if("presence_penalty", edit.presence_penalty)
        .set_if("repetition_penalty", edit.repetition_penalty)
        .set_if("memory_score_threshold", edit.memory_score_threshold)
        .set_if("memory_limit", edit.memory_limit)
        .set_if("max_tokens", edit.max_tokens)
        .set_if("context_window_tokens", edit.context_window_tokens)
        .set("updated_at", iso_timestamp());
}

}  // namespace

Result<std::vector<LlmConfig>> Database::list_llm_configs() {
    return impl_->run("list configurations", [&](soci::session& sql) {
        std::vector<LlmConfig> found;
        for (RowReader& row : select(sql,
                                     std::string(select_config) +
                                         "ORDER BY CASE WHEN c.is_default THEN 0 ELSE 1 END, "
                                         "CASE WHEN c.is_free_default THEN 0 ELSE 1 END, "
                                         "CASE WHEN c.is_global THEN 0 ELSE 1 END, c.name, c.id",
                                     config_columns, {})) {
            found.push_back(read(row));
        }
        return found;
    });
}

Result<Outcome<LlmConfig>> Database::find_llm_config(const std::string& id) {
    return impl_->run("find configuration", [&](soci::session& sql) { return find(sql, id); });
}

Result<LlmConfig> Database::create_llm_config(const LlmConfigEdit& edit,
                                              const std::string& owner_discord_id) {
    return impl_->write("create configuration", [&](soci::session& sql) {
        Transaction transaction(sql);
        const std::string id = random_uuid();
        RowWriter row;
        row.set("id", id)
            .set("owner_id", ensure_user(sql, owner_discord_id))
            .set("is_global", true);
        set_columns(row, edit);
        row.insert(sql, "llm_configs");
        auto config = find(sql, id).value();
        transaction.commit();
        return config;
    });
}

Result<Outcome<LlmConfig>> Database::update_llm_config(const std::string& id,
                                                       const LlmConfigEdit& edit) {
    return impl_->write("update configuration", [&](soci::session& sql) -> Outcome<LlmConfig> {
        Transaction transaction(sql);
        if (const auto found = find(sql, id); !found) return found;
        RowWriter row;
        set_columns(row, edit);
        row.update(sql, "llm_configs", id);
        auto config = find(sql, id);
        transaction.commit();
        return config;
    });
}

Result<Outcome<LlmConfig>> Database::make_default_llm_config(const std::string& id, Default which) {
    return impl_->write("set default configuration", [&](soci::session& sql) -> Outcome<LlmConfig> {
        Transaction transaction(sql);
        transaction.lock(defaults_lock);
        const auto found = find(sql, id);
        if (!found) return found;
        if (!found->is_global) return std::unexpected(Refusal::conflict);
        const std::string column = which == Default::for_all ? "is_default" : "is_free_default";
        const std::string now = iso_timestamp();
        execute(sql,
                "UPDATE llm_configs SET " + column + " = FALSE, updated_at = :now WHERE " + column +
                    " AND id <> :id",
                {now, id});
        RowWriter().set(column, true).set("updated_at", now).update(sql, "llm_configs", id);
        auto config = find(sql, id);
        transaction.commit();
        return config;
    });
}

Result<Outcome<void>> Database::delete_llm_config(const std::string& id) {
    return impl_->write("delete configuration", [&](soci::session& sql) -> Outcome<void> {
        Transaction transaction(sql);
        transaction.lock(defaults_lock);
        const auto found = find(sql, id);
        if (!found) return std::unexpected(found.error());
        if (found->is_default || found->is_free_default) {
            return std::unexpected(Refusal::conflict);
        }
        execute(sql, "DELETE FROM llm_configs WHERE id = :id", {id});
        transaction.commit();
        return {};
    });
}

}  // namespace tutti::services
