// Making, changing and removing personalities: for their owner and the bot's owner.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "api-gateway/database/database_impl.hpp"
#include "api-gateway/database/rows.hpp"
#include "common/http/errors.hpp"
#include "common/process/timestamps.hpp"

namespace tutti::services {
namespace {

struct Owned {
    std::string slug;
    std::optional<std::string> system_prompt_id;
};

// Nothing that refers to it can begin to until the end of the transaction: whoever shows it then is
// among the channels that hear of the change.
std::expected<Owned, Refusal> find_owned(soci::session& sql, const std::string& id,
                                         const Principal& principal) {
    if (!is_uuid(id)) return std::unexpected(Refusal::not_found);
    auto row = select_one(sql,
                          std::string("SELECT p.slug, p.system_prompt_id, u.discord_id "
                                      "FROM personalities p LEFT JOIN users u "
                                      "ON u.id = p.owner_id WHERE p.id = :id") +
                              (is_postgresql(sql) ? " FOR UPDATE OF p" : ""),
                          3, {id});
    if (!row) return std::unexpected(Refusal::not_found);
    Owned owned;
    owned.slug = row->text();
    owned.system_prompt_id = row->optional_text();
    if (!principal.is_bot_owner && row->optional_text() != principal.discord_id) {
        return std::unexpected(Refusal::no_access);
    }
    return owned;
}

bool slug_is_taken(soci::session& sql, const std::string& slug, const std::string& but_by) {
    return select_one(sql, "SELECT id FROM personalities WHERE slug = :slug AND id <> :id", 1,
                      {slug, but_by})
        .has_value();
}

PersonalityChange change_of(soci::session& sql, const std::string& id) {
    PersonalityChange change{.id = id, .channel_ids = {}};
    for (RowReader& row : select(sql,
                                 "SELECT DISTINCT channel_id FROM activated_channels "
                                 "WHERE personality_id = :id ORDER BY channel_id",
                                 1, {id})) {
        change.channel_ids.push_back(row.text());
    }
    return change;
}

void set_columns(RowWriter& row, const PersonalityEdit& edit) {
    row.set_if("name", edit.name)
        .set_if("slug", edit.slug)
        .set_or_clear("display_name", edit.display_name)
        .set_if("is_public", edit.is_public)
        .set_if("character_info", edit.character_info)
        .set_if("personality_traits", edit.personality_traits)
        .set_or_clear("personality_tone", edit.personality_tone)
        .set_or_clear("personality_age", edit.personality_age)
        .set_or_clear("personality_appearance", edit.personality_appearance)
        .set_or_clear("personality_likes", edit.personality_likes)
        .set_or_clear("personality_dislikes", edit.personality_dislikes)
        .set_or_clear("conversational_goals", edit.conversational_goals)
        .set_or_clear("conversational_examples", edit.conversational_examples)
        .set_or_clear("error_message", edit.error_message);
}

std::string insert_prompt(soci::session& sql, const std::string& content) {
    const std::string id = random_uuid();
    RowWriter().set("id", id).set("content", content).insert(sql, "system_prompts");
    return id;
}

// A prompt that other personalities use too is left to them.
void set_prompt(soci::session& sql, RowWriter& row, const Owned& owned,
                const std::optional<std::string>& content) {
    if (!content) return;
    if (owned.system_prompt_id) {
        auto users =
            select_one(sql, "SELECT COUNT(*) FROM personalities WHERE system_prompt_id = :id", 1,
                       {*owned.system_prompt_id});
        if (users && users->integer() == 1) {
            return RowWriter()
                .set("content", *content)
                .update(sql, "system_prompts", *owned.system_prompt_id);
        }
    }
    row.set("system_prompt_id", insert_prompt(sql, *content));
}

// Later than the time of the picture that was there, or two would share a path.
std::string time_of_new_avatar(soci::session& sql, const std::string& id) {
    UnixTime now = unix_now();
    if (auto row =
            select_one(sql, "SELECT updated_at FROM personality_avatars WHERE personality_id = :id",
                       1, {id})) {
        const auto before = read_iso_timestamp(row->time());
        if (before) now = std::max(now, *before + std::chrono::milliseconds{1});
    }
    return iso_timestamp(now);
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

Result<Outcome<ChangedPersonality>> Database::create_personality(
    const PersonalityEdit& edit, const std::optional<std::string>& png,
    const Principal& principal) {
    return impl_->write(
        "create personality", [&](soci::session& sql) -> Outcome<ChangedPersonality> {
            Transaction transaction(sql);
            transaction.lock("personality slugs");
            const std::string id = random_uuid();
            if (slug_is_taken(sql, edit.slug.value_or(""), id)) {
                return std::unexpected(Refusal::conflict);
            }
            const std::string now = iso_timestamp();
            RowWriter row;
            row.set("id", id).set("owner_id", ensure_user(sql, principal.discord_id));
            row.set("created_at", now).set("updated_at", now);
            PersonalityEdit complete = edit;
            if (!complete.character_info) complete.character_info.emplace();
            if (!complete.personality_traits) complete.personality_traits.emplace();
            set_columns(row, complete);
            if (edit.system_prompt) {
                row.set("system_prompt_id", insert_prompt(sql, *edit.system_prompt));
            }
            row.insert(sql, "personalities");
            set_avatar(sql, id, png);
            auto now_there = services::load_personality(sql, id).value();
            if (!now_there) return std::unexpected(now_there.error());
            transaction.commit();
            return ChangedPersonality{.change = {.id = id, .channel_ids = {}},
                                      .now = *std::move(now_there)};
        });
}

Result<Outcome<ChangedPersonality>> Database::update_personality(
    const std::string& id, const PersonalityEdit& edit, const std::optional<std::string>& png,
    const Principal& principal) {
    return impl_->write(
        "update personality", [&](soci::session& sql) -> Outcome<ChangedPersonality> {
            Transaction transaction(sql);
            transaction.lock("personality slugs");
            const auto owned = find_owned(sql, id, principal);
            if (!owned) return std::unexpected(owned.error());
            if (edit.slug && slug_is_taken(sql, *edit.slug, id)) {
                return std::unexpected(Refusal::conflict);
            }
            RowWriter row;
            set_columns(row, edit);
            set_prompt(sql, row, *owned, edit.system_prompt);
            row.set("updated_at", iso_timestamp()).update(sql, "personalities", id);
            set_avatar(sql, id, png);
            auto now_there = services::load_personality(sql, id).value();
            if (!now_there) return std::unexpected(now_there.error());
            auto change = change_of(sql, id);
            transaction.commit();
            return ChangedPersonality{.change = std::move(change), .now = *std::move(now_there)};
        });
}

Result<Outcome<PersonalityChange>> Database::delete_personality(const std::string& id,
                                                                const Principal& principal) {
    return impl_->write("delete personality",
                        [&](soci::session& sql) -> Outcome<PersonalityChange> {
                            Transaction transaction(sql);
                            const auto owned = find_owned(sql, id, principal);
                            if (!owned) return std::unexpected(owned.error());
                            auto change = change_of(sql, id);
                            execute(sql, "DELETE FROM personalities WHERE id = :id", {id});
                            transaction.commit();
                            return change;
                        });
}

}  // namespace tutti::services
