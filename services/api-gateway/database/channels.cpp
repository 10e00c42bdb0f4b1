// That a channel is only one of activated and off, and active only once, rests on the transaction,
// not on the tables.
#include "api-gateway/database/channels.hpp"

#include <string>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "api-gateway/database/access.hpp"
#include "api-gateway/database/rows.hpp"
#include "api-gateway/database/sessions.hpp"
#include "api-gateway/database/transaction.hpp"
#include "api-gateway/database/users.hpp"
#include "common/domain/uuid.hpp"
#include "common/process/timestamps.hpp"

namespace tutti::services::gateway::database {
namespace {

// A null display name is allowed; what users see then is the name, so the answer never lacks one.
constexpr const char* shown_name = "COALESCE(NULLIF(p.display_name, ''), p.name)";

std::vector<domain::Activation> select_activations(soci::session& sql, const std::string& condition,
                                                   const std::vector<std::string>& parameters) {
    static const auto columns = Columns<domain::Activation>("a")
                                    .as("personality_slug", "p.slug")
                                    .as("personality_name", shown_name)
                                    .as("activated_by", "a.created_by");
    return select(
        sql, columns,
        "FROM activated_channels a JOIN personalities p ON p.id = a.personality_id " + condition,
        parameters);
}

std::optional<domain::Activation> find(soci::session& sql, const std::string& channel_id) {
    auto found = select_activations(
        sql, "WHERE a.channel_id = :channel_id ORDER BY a.created_at DESC", {channel_id});
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
}

struct SettingsRow {
    std::optional<domain::Activation> activation;
    std::optional<std::string> off_channel_id;
};
BOOST_DESCRIBE_STRUCT(SettingsRow, (), (activation, off_channel_id))

// One statement, so that a change which comes in between is seen wholly or not at all.
ChannelSettings settings_of(soci::session& sql, const std::string& channel_id) {
    static const auto columns = Columns<SettingsRow>("a")
                                    .as("activation.personality_slug", "p.slug")
                                    .as("activation.personality_name", shown_name)
                                    .as("activation.activated_by", "a.created_by")
                                    .as("off_channel_id", "d.channel_id");
    auto row = select_one(sql, columns,
                          "FROM (SELECT 1 AS one) one_row "
                          "LEFT JOIN deactivated_channels d ON d.channel_id = :off "
                          "LEFT JOIN activated_channels a ON a.channel_id = :channel_id "
                          "LEFT JOIN personalities p ON p.id = a.personality_id "
                          "ORDER BY a.created_at DESC LIMIT 1",
                          {channel_id, channel_id});
    if (!row) return {};
    return {.activation = std::move(row->activation),
            .switched_off = row->off_channel_id.has_value()};
}

struct Target {
    std::string id;
    bool is_allowed = false;
};
BOOST_DESCRIBE_STRUCT(Target, (), (id, is_allowed))

// It stays until the end of the transaction, so that the activation can refer to it.
std::optional<Target> find_target(soci::session& sql, const std::string& slug,
                                  const domain::Principal& principal) {
    static const auto columns = Columns<Target>("p").as(
        "is_allowed", std::string("CASE WHEN ") + allowed + "THEN 1 ELSE 0 END");
    auto parameters = access_of(principal);
    parameters.push_back(slug);
    const char* const keep = is_postgresql(sql) ? " FOR KEY SHARE OF p" : "";
    return select_one(sql, columns, std::string("FROM personalities p WHERE p.slug = :slug") + keep,
                      parameters);
}

void remove_records(soci::session& sql, const std::string& channel_id) {
    for (const char* table : {"activated_channels", "deactivated_channels"}) {
        execute(sql, std::string("DELETE FROM ") + table + " WHERE channel_id = :channel_id",
                {channel_id});
    }
}

void insert_activation(soci::session& sql, const domain::ActivateChannelRequest& request,
                       const std::string& personality_id, const std::string& user_id) {
    RowWriter()
        .set("id",
             domain::name_uuid("activated_channel:" + request.channel_id + ':' + personality_id))
        .set("channel_id", request.channel_id)
        .set("personality_id", personality_id)
        .set("guild_id", request.guild_id)
        .set("created_by", user_id)
        .set("created_at", process::iso_timestamp())
        .insert(sql, "activated_channels");
}

void insert_off(soci::session& sql, const std::string& channel_id, const std::string& user_id) {
    RowWriter()
        .set("channel_id", channel_id)
        .set("deactivated_by", user_id)
        .set("created_at", process::iso_timestamp())
        .insert(sql, "deactivated_channels");
}

}  // namespace

Result<ChannelSettings> StoredChannels::read(const std::string& channel_id) {
    return sessions_.read("read channel",
                          [&](soci::session& sql) { return settings_of(sql, channel_id); });
}

Result<std::vector<domain::Activation>> StoredChannels::list(
    const std::optional<std::string>& guild_id) {
    return sessions_.read("list activations", [&](soci::session& sql) {
        const std::string filter =
            guild_id ? "WHERE a.guild_id = :guild_id OR a.guild_id IS NULL " : "";
        std::vector<std::string> parameters;
        if (guild_id) parameters.push_back(*guild_id);
        return select_activations(sql, filter + "ORDER BY a.created_at DESC, a.id", parameters);
    });
}

Result<StoredChannels::Activated> StoredChannels::activate(
    const domain::ActivateChannelRequest& request, const domain::Principal& principal) {
    return sessions_.write(
        "activate channel", [&](soci::session& sql, Transaction& transaction) -> Activated {
            transaction.lock("channel:" + request.channel_id);
            const std::string user_id = ensure_user(sql, principal.discord_id);
            const auto target = find_target(sql, request.personality_slug, principal);
            if (!target) return UnknownPersonality{};
            if (!target->is_allowed) return NoAccess{};
            const bool replaced = find(sql, request.channel_id).has_value();
            remove_records(sql, request.channel_id);
            insert_activation(sql, request, target->id, user_id);
            auto activation = find(sql, request.channel_id);
            transaction.commit();
            return domain::ActivateChannelResponse{std::move(activation).value(), replaced};
        });
}

Result<std::optional<std::string>> StoredChannels::deactivate(const std::string& channel_id,
                                                              const domain::Principal& principal) {
    return sessions_.write(
        "deactivate channel",
        [&](soci::session& sql, Transaction& transaction) -> std::optional<std::string> {
            transaction.lock("channel:" + channel_id);
            auto found = find(sql, channel_id);
            remove_records(sql, channel_id);
            insert_off(sql, channel_id, ensure_user(sql, principal.discord_id));
            transaction.commit();
            if (!found) return std::nullopt;
            return std::move(found->personality_name);
        });
}

Result<bool> StoredChannels::set_guild(const domain::UpdateChannelGuildRequest& request) {
    return sessions_.write("set guild", [&](soci::session& sql, Transaction& transaction) {
        const auto changed = execute(sql,
                                     "UPDATE activated_channels SET guild_id = :guild_id "
                                     "WHERE channel_id = :channel_id AND guild_id IS NULL",
                                     {request.guild_id, request.channel_id});
        transaction.commit();
        return changed > 0;
    });
}

}  // namespace tutti::services::gateway::database
