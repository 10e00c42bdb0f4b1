// Activated channels. "One activation per channel" rests on the transaction, not on the table.
#include <string>
#include <utility>

#include "api-gateway/database_impl.hpp"
#include "common/errors.hpp"

namespace tutti::services {
namespace {

// A null display name is allowed; what users see then is the name, so the answer never lacks one.
constexpr const char* select_activation =
    "SELECT a.id, a.channel_id, a.guild_id, p.slug, COALESCE(NULLIF(p.display_name, ''), p.name), "
    "a.created_by, a.created_at "
    "FROM activated_channels a JOIN personalities p ON p.id = a.personality_id ";

struct Row {
    Activation activation;
    boost::optional<std::string> guild_id;
    boost::optional<std::string> activated_by;

    [[nodiscard]] Activation take() {
        activation.guild_id = to_nullable(guild_id);
        activation.activated_by = to_nullable(activated_by);
        activation.created_at = iso_time(std::move(activation.created_at));
        return std::move(activation);
    }
};

void fetch_into(soci::statement& statement, Row& row) {
    auto& a = row.activation;
    statement.exchange(soci::into(a.id));
    statement.exchange(soci::into(a.channel_id));
    statement.exchange(soci::into(row.guild_id));
    statement.exchange(soci::into(a.personality_slug));
    statement.exchange(soci::into(a.personality_name));
    statement.exchange(soci::into(row.activated_by));
    statement.exchange(soci::into(a.created_at));
}

// Runs a query of `select_activation` with one parameter or none.
std::vector<Activation> select(soci::session& sql, const std::string& condition,
                               const std::optional<std::string>& parameter) {
    Row row;
    soci::statement statement(sql);
    fetch_into(statement, row);
    if (parameter) statement.exchange(soci::use(*parameter));
    statement.alloc();
    statement.prepare(select_activation + condition);
    statement.define_and_bind();
    statement.execute();
    std::vector<Activation> found;
    while (statement.fetch()) found.push_back(row.take());
    return found;
}

std::optional<Activation> find(soci::session& sql, const std::string& channel_id) {
    auto found =
        select(sql, "WHERE a.channel_id = :channel_id ORDER BY a.created_at DESC", channel_id);
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
}

struct Target {
    std::string personality_id;
    bool allowed = false;
};

std::optional<Target> find_target(soci::session& sql, const std::string& slug,
                                  const std::string& user_id, const Principal& principal) {
    Target target;
    int allowed = 0;
    sql << "SELECT p.id, CASE WHEN p.is_public OR p.owner_id = :user_id OR EXISTS ("
           "SELECT 1 FROM personality_owners o WHERE o.personality_id = p.id AND o.user_id = "
           ":co_owner) "
           "THEN 1 ELSE 0 END FROM personalities p WHERE p.slug = :slug",
        soci::use(user_id), soci::use(user_id), soci::use(slug), soci::into(target.personality_id),
        soci::into(allowed);
    if (!sql.got_data()) return std::nullopt;
    target.allowed = principal.is_bot_owner || allowed != 0;
    return target;
}

void replace(soci::session& sql, const ActivateChannelRequest& request,
             const std::string& personality_id, const std::string& user_id) {
    const std::string id =
        name_uuid("activated_channel:" + request.channel_id + ':' + personality_id);
    const std::string now = iso_timestamp();
    sql << "DELETE FROM activated_channels WHERE channel_id = :channel_id",
        soci::use(request.channel_id);
    sql << "INSERT INTO activated_channels (id, channel_id, personality_id, guild_id, created_by, "
           "created_at) "
           "VALUES (:id, :channel_id, :personality_id, :guild_id, :created_by, :created_at)",
        soci::use(id), soci::use(request.channel_id), soci::use(personality_id),
        soci::use(request.guild_id), soci::use(user_id), soci::use(now);
}

}  // namespace

Result<std::optional<Activation>> Database::find_activation(const std::string& channel_id) {
    return impl_->run("find activation", [&](soci::session& sql) { return find(sql, channel_id); });
}

Result<std::vector<Activation>> Database::list_activations(
    const std::optional<std::string>& guild_id) {
    return impl_->run("list activations", [&](soci::session& sql) {
        const std::string filter =
            guild_id ? "WHERE a.guild_id = :guild_id OR a.guild_id IS NULL " : "";
        return select(sql, filter + "ORDER BY a.created_at DESC, a.id", guild_id);
    });
}

Result<Database::Activated> Database::activate(const ActivateChannelRequest& request,
                                               const Principal& principal) {
    return impl_->run("activate channel", [&](soci::session& sql) -> Activated {
        Transaction transaction(sql);
        transaction.lock("channel:" + request.channel_id);
        const std::string user_id = ensure_user(sql, principal.discord_id);
        const auto target = find_target(sql, request.personality_slug, user_id, principal);
        if (!target) return UnknownPersonality{};
        if (!target->allowed) return NoAccess{};
        const bool replaced = find(sql, request.channel_id).has_value();
        replace(sql, request, target->personality_id, user_id);
        auto activation = find(sql, request.channel_id);
        transaction.commit();
        return ActivateChannelResponse{std::move(activation).value(), replaced};
    });
}

Result<std::optional<std::string>> Database::deactivate(const std::string& channel_id) {
    return impl_->run("deactivate channel", [&](soci::session& sql) -> std::optional<std::string> {
        Transaction transaction(sql);
        transaction.lock("channel:" + channel_id);
        const auto found = find(sql, channel_id);
        if (!found) return std::nullopt;
        sql << "DELETE FROM activated_channels WHERE channel_id = :channel_id",
            soci::use(channel_id);
        transaction.commit();
        return found->personality_name;
    });
}

Result<bool> Database::set_guild(const UpdateChannelGuildRequest& request) {
    return impl_->run("set guild", [&](soci::session& sql) {
        soci::statement update =
            (sql.prepare << "UPDATE activated_channels SET guild_id = :guild_id "
                            "WHERE channel_id = :channel_id AND guild_id IS NULL",
             soci::use(request.guild_id), soci::use(request.channel_id));
        update.execute(true);
        return update.get_affected_rows() > 0;
    });
}

}  // namespace tutti::services
