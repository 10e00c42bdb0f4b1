#include "api-gateway/database/personality_editor.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <boost/describe/class.hpp>

#include "api-gateway/database/personalities_impl.hpp"
#include "api-gateway/database/rows.hpp"
#include "api-gateway/database/sessions.hpp"
#include "api-gateway/database/transaction.hpp"
#include "api-gateway/database/users.hpp"
#include "common/domain/uuid.hpp"
#include "common/process/timestamps.hpp"

namespace tutti::services::gateway::database {
namespace {

struct Owned {
    std::string slug;
    std::optional<std::string> system_prompt_id;
    std::optional<std::string> owner_discord_id;
};
BOOST_DESCRIBE_STRUCT(Owned, (), (slug, system_prompt_id, owner_discord_id))

// Nothing that refers to it can begin to until the end of the transaction: a statement that shows
// it then is among the channels that hear of the change.
Outcome<Owned> find_owned(soci::session& sql, const std::string& id,
                          const domain::Principal& principal) {
    if (!domain::is_uuid(id)) return std::unexpected(Refusal::not_found);
    static const auto columns = Columns<Owned>("p").as("owner_discord_id", "u.discord_id");
    auto owned = select_one(
        sql, columns,
        std::string(
            "FROM personalities p LEFT JOIN users u ON u.id = p.owner_id WHERE p.id = :id") +
            (is_postgresql(sql) ? " FOR UPDATE OF p" : ""),
        {id});
    if (!owned) return std::unexpected(Refusal::not_found);
    if (!principal.is_bot_owner && owned->owner_discord_id != principal.discord_id) {
        return std::unexpected(Refusal::no_access);
    }
    return *std::move(owned);
}

bool slug_is_taken(soci::session& sql, const std::string& slug, const std::string& but_by) {
    return select_text(sql, "SELECT id FROM personalities WHERE slug = :slug AND id <> :id",
                       {slug, but_by})
        .has_value();
}

// Its prompt and its picture are rows of their own.
void set_columns(RowWriter& row, const domain::PersonalityEdit& edit) {
    row.set_edit<domain::Personality>(edit, {"system_prompt", "avatar_data"});
}

std::string insert_prompt(soci::session& sql, const std::string& content) {
    const std::string id = domain::random_uuid();
    RowWriter().set("id", id).set("content", content).insert(sql, "system_prompts");
    return id;
}

// A prompt that other personalities use too is left to them.
void set_prompt(soci::session& sql, RowWriter& row, const Owned& owned,
                const std::optional<std::string>& content) {
    if (!content) return;
    if (owned.system_prompt_id) {
        const auto users =
            select_text(sql, "SELECT COUNT(*) FROM personalities WHERE system_prompt_id = :id",
                        {*owned.system_prompt_id});
        if (users == "1") {
            return RowWriter()
                .set("content", *content)
                .update(sql, "system_prompts", *owned.system_prompt_id);
        }
    }
    row.set("system_prompt_id", insert_prompt(sql, *content));
}

// Later than the time of the picture that was there, or two would share a path.
std::string time_of_new_avatar(soci::session& sql, const std::string& id) {
    process::UnixTime now = process::unix_now();
    if (auto time = select_text(
            sql, "SELECT updated_at FROM personality_avatars WHERE personality_id = :id", {id})) {
        const auto before = process::read_iso_timestamp(iso_time(*std::move(time)));
        if (before) now = std::max(now, *before + std::chrono::milliseconds{1});
    }
    return process::iso_timestamp(now);
}

void set_avatar(soci::session& sql, const std::string& id, const std::optional<std::string>& png) {
    if (!png) return;
    if (png->empty()) {
        execute(sql, "DELETE FROM personality_avatars WHERE personality_id = :id", {id});
        return;
    }
    execute(sql,
            "INSERT INTO personality_avatars (personality_id, png, updated_at) VALUES (:id, " +
                bytes_literal(sql, *png) +
                ", :now) ON CONFLICT (personality_id) "
                "DO UPDATE SET png = excluded.png, updated_at = excluded.updated_at",
            {id, time_of_new_avatar(sql, id)});
}

}  // namespace

Result<Outcome<domain::GetPersonalityResponse>> PersonalityEditor::create(
    const domain::PersonalityEdit& edit, const std::optional<std::string>& png,
    const domain::Principal& principal) {
    return sessions_.write(
        "create personality",
        [&](soci::session& sql,
            Transaction& transaction) -> Outcome<domain::GetPersonalityResponse> {
            transaction.lock("personality slugs");
            const std::string id = domain::random_uuid();
            if (slug_is_taken(sql, edit.slug.value_or(""), id)) {
                return std::unexpected(Refusal::conflict);
            }
            const std::string now = process::iso_timestamp();
            RowWriter row;
            row.set("id", id).set("owner_id", ensure_user(sql, principal.discord_id));
            row.set("created_at", now).set("updated_at", now);
            domain::PersonalityEdit complete = edit;
            if (!complete.character_info) complete.character_info.emplace();
            if (!complete.personality_traits) complete.personality_traits.emplace();
            set_columns(row, complete);
            if (edit.system_prompt) {
                row.set("system_prompt_id", insert_prompt(sql, *edit.system_prompt));
            }
            row.insert(sql, "personalities");
            set_avatar(sql, id, png);
            auto now_there = load_personality(sql, id).value();
            if (!now_there) return now_there;
            transaction.commit();
            return now_there;
        });
}

Result<Outcome<domain::GetPersonalityResponse>> PersonalityEditor::update(
    const std::string& id, const domain::PersonalityEdit& edit,
    const std::optional<std::string>& png, const domain::Principal& principal) {
    return sessions_.write(
        "update personality",
        [&](soci::session& sql,
            Transaction& transaction) -> Outcome<domain::GetPersonalityResponse> {
            transaction.lock("personality slugs");
            const auto owned = find_owned(sql, id, principal);
            if (!owned) return std::unexpected(owned.error());
            if (edit.slug && slug_is_taken(sql, *edit.slug, id)) {
                return std::unexpected(Refusal::conflict);
            }
            RowWriter row;
            set_columns(row, edit);
            set_prompt(sql, row, *owned, edit.system_prompt);
            row.set("updated_at", process::iso_timestamp()).update(sql, "personalities", id);
            set_avatar(sql, id, png);
            auto now_there = load_personality(sql, id).value();
            if (!now_there) return now_there;
            transaction.commit();
            return now_there;
        });
}

Result<Outcome<void>> PersonalityEditor::remove(const std::string& id,
                                                const domain::Principal& principal) {
    return sessions_.write("delete personality",
                           [&](soci::session& sql, Transaction& transaction) -> Outcome<void> {
                               const auto owned = find_owned(sql, id, principal);
                               if (!owned) return std::unexpected(owned.error());
                               execute(sql, "DELETE FROM personalities WHERE id = :id", {id});
                               transaction.commit();
                               return {};
                           });
}

}  // namespace tutti::services::gateway::database
