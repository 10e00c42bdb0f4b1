#include "api-gateway/database/users.hpp"

#include <soci/into.h>
#include <soci/use.h>

#include <utility>

#include "common/domain/uuid.hpp"
#include "common/process/timestamps.hpp"

namespace tutti::services::gateway::database {

std::optional<std::string> find_user(soci::session& sql, const std::string& discord_id) {
    std::string found;
    sql << "SELECT id FROM users WHERE discord_id = :discord_id", soci::use(discord_id),
        soci::into(found);
    if (!sql.got_data()) return std::nullopt;
    return found;
}

std::string ensure_user(soci::session& sql, const std::string& discord_id) {
    const auto find = [&] { return find_user(sql, discord_id); };
    if (auto found = find()) return *std::move(found);
    const std::string id = domain::name_uuid("user:" + discord_id);
    const std::string now = process::iso_timestamp();
    sql << "INSERT INTO users (id, discord_id, username, created_at, updated_at) "
           "VALUES (:id, :discord_id, :username, :created_at, :updated_at) "
           "ON CONFLICT (discord_id) DO NOTHING",
        soci::use(id), soci::use(discord_id), soci::use(discord_id), soci::use(now), soci::use(now);
    return find().value_or(std::string());
}

Result<std::string> user_id(Sessions& sessions, const std::string& discord_id) {
    auto found =
        sessions.read("find user", [&](soci::session& sql) { return find_user(sql, discord_id); });
    if (!found) return fail(std::move(found).error());
    if (*found) return **std::move(found);
    return sessions.write("create user", [&](soci::session& sql, Transaction& transaction) {
        std::string id = ensure_user(sql, discord_id);
        transaction.commit_in_silence();
        return id;
    });
}

}  // namespace tutti::services::gateway::database
