// Channels: activated, explicitly off, or without a record. That a channel is only one of them, and
// active only once, rests on the transaction, not on the tables.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "api-gateway/database/database_impl.hpp"
#include "api-gateway/database/rows.hpp"
#include "common/http/errors.hpp"

namespace tutti::services {
namespace {

// A null display name is allowed; what users see then is the name, so the answer never lacks one.
constexpr const char* activation_texts =
    "a.id, a.channel_id, a.guild_id, p.slug, COALESCE(NULLIF(p.display_name, ''), p.name), "
    "a.created_by, a.created_at ";
constexpr std::size_t activation_columns = 7;

Activation activation_of(RowReader& row) {
    Activation activation;
    activation.id = row.text();
    activation.channel_id = row.text();
    activation.guild_id = row.nullable_text();
    activation.personality_slug = row.text();
    activation.personality_name = row.text();
    activation.activated_by = row.nullable_text();
    activation.created_at = row.time();
    return activation;
}

std::vector<Activation> select_activations(soci::session& sql, const std::string& condition,
                                           const std::vector<std::string>& parameters) {
    static const std::string query =
        std::string("SELECT ") + activation_texts +
        "FROM activated_channels a JOIN personalities p ON p.id = a.personality_id ";
    std::vector<Activation> found;
    for (RowReader& row : select(sql, query + condition, activation_columns, parameters)) {
        found.push_back(activation_of(row));
    }
    return found;
}

std::optional<Activation> find(soci::session& sql, const std::string& channel_id) {
    auto found = select_activations(
        sql, "WHERE a.channel_id = :channel_id ORDER BY a.created_at DESC", {channel_id});
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
}

// One statement, so that a change which comes in between is seen wholly or not at all.
ChannelSettings settings_of(soci::session& sql, const std::string& channel_id) {
    static const std::string query =
        std::string("SELECT d.channel_id, ") + activation_texts +
        "FROM (SELECT 1 AS one) one_row "
        "LEFT JOIN deactivated_channels d ON d.channel_id = :off "
        "LEFT JOIN activated_channels a ON a.channel_id = :channel_id "
        "LEFT JOIN personalities p ON p.id = a.personality_id ORDER BY a.created_at DESC LIMIT 1";
    ChannelSettings settings;
    auto row = select_one(sql, query, activation_columns + 1, {channel_id, channel_id});
    if (!row) return settings;
    settings.switched_off = row->optional_text().has_value();
    Activation activation = activation_of(*row);
    if (!activation.id.empty()) settings.activation = std::move(activation);
    return settings;
}

struct Target {
    std::string personality_id;
    bool allowed = false;
};

// It stays until the end of the transaction, so that the activation can refer to it.
std::optional<Target> find_target(soci::session& sql, const std::string& slug,
                                  const std::string& user_id, const Principal& principal) {
    Target target;
    int allowed = 0;
    const char* const keep = is_postgresql(sql) ? " FOR KEY SHARE OF p" : "";
    sql << "SELECT p.id, CASE WHEN p.is_public OR p.owner_id = :user_id OR EXISTS ("
           "SELECT 1 FROM personality_owners o WHERE o.personality_id = p.id AND o.user_id = "
           ":co_owner) "
           "THEN 1 ELSE 0 END FROM personalities p WHERE p.slug = :slug"
        << keep,
        soci::use(user_id), soci::use(user_id), soci::use(slug), soci::into(target.personality_id),
        soci::into(allowed);
    if (!sql.got_data()) return std::nullopt;
    target.allowed = principal.is_bot_owner || allowed != 0;
    return target;
}

void remove_records(soci::session& sql, const std::string& channel_id) {
    for (const char* table : {"activated_channels", "deactivated_channels"}) {
        execute(sql, std::string("DELETE FROM ") + table + " WHERE channel_id = :channel_id",
                {channel_id});
    }
}

void insert_activation(soci::session& sql, const ActivateChannelRequest& request,
                       const std::string& personality_id, const std::string& user_id) {
    RowWriter()
        .set("id", name_uuid("activated_channel:" + request.channel_id + ':' + personality_id))
        .set("channel_id", request.channel_id)
        .set("personality_id", personality_id)
        .set("guild_id", request.guild_id)
        .set("created_by", user_id)
        .set("created_at", iso_timestamp())
        .insert(sql, "activated_channels");
}

void insert_off(soci::session& sql, const std::string& channel_id, const std::string& user_id) {
    RowWriter()
        .set("channel_id", channel_id)
        .set("deactivated_by", user_id)
        .set("created_at", iso_timestamp())
        .insert(sql, "deactivated_channels");
}

}  // namespace

Result<ChannelSettings> Database::read_channel(const std::string& channel_id) {
    return impl_->run("read channel",
                      [&](soci::session& sql) { return settings_of(sql, channel_id); });
}

Result<std::vector<Activation>> Database::list_activations(
    const std::optional<std::string>& guild_id) {
    return impl_->run("list activations", [&](soci::session& sql) {
        const std::string filter =
            guild_id ? "WHERE a.guild_id = :guild_id OR a.guild_id IS NULL " : "";
        std::vector<std::string> parameters;
        if (guild_id) parameters.push_back(*guild_id);
        return select_activations(sql, filter + "ORDER BY a.created_at DESC, a.id", parameters);
    });
}

Result<Database::Activated> Database::activate(const ActivateChannelRequest& request,
                                               const Principal& principal) {
    return impl_->write("activate channel", [&](soci::session& sql) -> Activated {
        Transaction transaction(sql);
        transaction.lock("channel:" + request.channel_id);
        const std::string user_id = ensure_user(sql, principal.discord_id);
        const auto target = find_target(sql, request.personality_slug, user_id, principal);
        if (!target) return UnknownPersonality{};
        if (!target->allowed) return NoAccess{};
        const bool replaced = find(sql, request.channel_id).has_value();
        remove_records(sql, request.channel_id);
        insert_activation(sql, request, target->personality_id, user_id);
        auto activation = find(sql, request.channel_id);
        transaction.commit();
        return ActivateChannelResponse{std::move(activation).value(), replaced};
    });
}

Result<std::optional<std::string>> Database::deactivate(const std::string& channel_id,
                                                        const Principal& principal) {
    return impl_->write("deactivate channel",
                        [&](soci::session& sql) -> std::optional<std::string> {
                            Transaction transaction(sql);
                            transaction.lock("channel:" + channel_id);
                            auto found = find(sql, channel_id);
                            remove_records(sql, channel_id);
                            insert_off(sql, channel_id, ensure_user(sql, principal.discord_id));
                            transaction.commit();
                            if (!found) return std::nullopt;
                            return std::move(found->personality_name);
                        });
}

Result<bool> Database::set_guild(const UpdateChannelGuildRequest& request) {
    return impl_->write("set guild", [&](soci::session& sql) {
        return execute(sql,
                       "UPDATE activated_channels SET guild_id = :guild_id "
                       "WHERE channel_id = :channel_id AND guild_id IS NULL",
                       {request.guild_id, request.channel_id}) > 0;
    });
}

}  // namespace tutti::services
