#include "api-gateway/database.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "api-gateway/database_impl.hpp"
#include "api-gateway/migrations.hpp"
#include "common/errors.hpp"

namespace tutti::services {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t checked_bytes_max = 64U
                                             << 20U;  // a full check of more would delay the start

// What SQLite would answer less clearly.
Result<void> check_path(const fs::path& path) {
    const auto wrong = [&](std::string cause) {
        return fail(Errc::invalid_option, "open database", "DATABASE_URL: " + std::move(cause));
    };
    const std::string text = path.string();
    if (text.empty()) return wrong("the path is empty");
    if (text == ":memory:") return wrong("a database in memory is not supported; name a file");
    if (text.contains('"')) return wrong("the path must not contain a quotation mark");
    std::error_code error;
    if (fs::is_directory(path, error)) return wrong(text + " is a folder; name a file in it");
    if (fs::exists(path, error) && !fs::is_regular_file(path, error)) {
        return wrong(text + " is not a regular file");
    }
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    if (!fs::is_directory(folder, error)) return wrong("there is no folder " + folder.string());
    return {};
}

void open_session(soci::session& sql, const std::string& path) {
    sql.open(soci::sqlite3, "db=\"" + path + "\"");
    sql << "PRAGMA busy_timeout = 5000";
    sql << "PRAGMA foreign_keys = ON";
    std::string mode;
    sql << "PRAGMA journal_mode = WAL", soci::into(mode);
}

Result<void> check_content(soci::session& sql, const std::string& path) {
    std::error_code error;
    if (fs::file_size(path, error) > checked_bytes_max || error) return {};
    std::string verdict;
    sql << "PRAGMA quick_check(1)", soci::into(verdict);
    if (verdict == "ok") return {};
    return fail(Errc::unsupported, "open database",
                path + " is corrupt (" + verdict + "); restore it from a backup or move it away");
}

Error open_error(const soci::sqlite3_soci_error& error, const std::string& path) {
    Error result = to_error(error, "open database");
    switch (error.result() & 0xFF) {
    case SQLITE_NOTADB:
        result.cause = path + " is not an SQLite database; name another file";
        break;
    case SQLITE_CORRUPT:
        result.cause = path + " is corrupt; restore it from a backup or move it away";
        break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        result.code = Errc::refused;
        result.cause = "cannot write " + path +
                       "; give this user the right to write the file and its folder, or set "
                       "DATABASE_URL to another place";
        break;
    default: result.cause = path + ": " + result.cause;
    }
    return result;
}

}  // namespace

Error to_error(const soci::sqlite3_soci_error& error, std::string operation) {
    const int code = error.result() & 0xFF;
    const bool broken = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    return {broken ? Errc::unsupported : Errc::unavailable, std::move(operation), error.what()};
}

std::string name_uuid(const std::string& name) {
    boost::uuids::name_generator_sha1 generate(boost::uuids::ns::dns());
    return to_string(generate(name));
}

std::string ensure_user(soci::session& sql, const std::string& discord_id) {
    const std::string id = name_uuid("user:" + discord_id);
    const std::string now = iso_timestamp();
    sql << "INSERT INTO users (id, discord_id, username, created_at, updated_at) "
           "VALUES (:id, :discord_id, :username, :created_at, :updated_at) "
           "ON CONFLICT (discord_id) DO NOTHING",
        soci::use(id), soci::use(discord_id), soci::use(discord_id), soci::use(now), soci::use(now);
    std::string found;
    sql << "SELECT id FROM users WHERE discord_id = :discord_id", soci::use(discord_id),
        soci::into(found);
    return found;
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
    if (auto checked = check_path(path); !checked) return fail(checked.error());
    auto impl = std::make_unique<Impl>();
    try {
        for (std::size_t i = 0; i < Impl::sessions; ++i) open_session(impl->pool.at(i), path);
        soci::session& first = impl->pool.at(0);
        if (auto sound = check_content(first, path); !sound) return fail(sound.error());
        if (auto migrated = migrate(first); !migrated) return fail(migrated.error());
    } catch (const soci::sqlite3_soci_error& error) {
        return fail(open_error(error, path));
    } catch (const soci::soci_error& error) {
        return fail(Errc::unavailable, "open database", path + ": " + error.what());
    }
    return std::unique_ptr<Database>(new Database(std::move(impl)));
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<void> Database::ping() {
    return impl_->run("ping database", [](soci::session& sql) {
        int one = 0;
        sql << "SELECT COUNT(*) FROM schema_migrations", soci::into(one);
    });
}

}  // namespace tutti::services
