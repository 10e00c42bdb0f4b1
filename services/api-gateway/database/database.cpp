#include "api-gateway/database/database.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <libpq-fe.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "api-gateway/database/migrations.hpp"
#include "api-gateway/database/sessions.hpp"
#include "api-gateway/database/sql_errors.hpp"
#include "api-gateway/database/stored_outbox.hpp"
#include "api-gateway/database/transaction.hpp"
#include "common/caches/invalidation_services.hpp"
#include "common/process/timestamps.hpp"

namespace tutti::services::gateway::database {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t sqlite_sessions = 4;
// The database has no more than one; several would find it taken, sleep, and overtake each other.
constexpr std::size_t sqlite_writers = 1;
constexpr std::size_t postgresql_sessions = 8;
// A full check of more would delay the start.
constexpr std::uintmax_t checked_bytes_max = 64U << 20U;

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

void open_sqlite(soci::session& sql, const std::string& path) {
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

void open_postgresql(soci::session& sql, const std::string& url, Duration statement_deadline) {
    sql.open(soci::postgresql, url);
    const auto limit =
        std::chrono::duration_cast<std::chrono::milliseconds>(statement_deadline).count();
    sql << "SET statement_timeout = " + std::to_string(limit);
    sql << "SET idle_in_transaction_session_timeout = 30000";
    sql << "SET TIME ZONE 'UTC'";
    sql << "SET client_min_messages = 'warning'";  // libpq prints notices on stderr
}

outbox::Table table_of(outbox::Dialect dialect, const Database::Options& options) {
    outbox::Table table{
        .dialect = dialect, .channels = {}, .tags = true, .taken_for = options.outbox_taken_for};
    for (const auto* events :
         {&caches::personality_events, &caches::channel_activation_events, &caches::api_key_events,
          &caches::llm_config_events, &caches::persona_events}) {
        table.channels.emplace_back(events->channel);
    }
    return table;
}

// Messages of libpq name host, port, user and database, and never the password, unless a part of it
// was taken for one of those: see `is_address`.
Error open_error(const soci::soci_error& error) {
    Error result = to_error(error, "open database");
    result.cause = "DATABASE_URL: " + result.cause;
    return result;
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const Options& options) {
    return options.postgres_url ? open_server(options) : open_file(options);
}

Result<std::unique_ptr<Database>> Database::open_file(const Options& options) {
    const std::string& path = options.sqlite_path;
    if (auto checked = check_path(path); !checked) return fail(checked.error());
    auto sessions = std::make_unique<Sessions>(
        Sessions::Options{.count = sqlite_sessions,
                          .writers_max = sqlite_writers,
                          .open = [path](soci::session& sql) { open_sqlite(sql, path); },
                          .outbox = table_of(outbox::Dialect::sqlite, options),
                          .changed = options.changed});
    try {
        const auto lease = sessions->lease();
        if (!lease) return fail(lease.error());
        soci::session& sql = lease->session();
        if (auto sound = check_content(sql, path); !sound) return fail(sound.error());
        if (auto migrated = migrate(sql); !migrated) return fail(migrated.error());
    } catch (const soci::sqlite3_soci_error& error) {
        return fail(open_error(error, path));
    } catch (const soci::soci_error& error) {
        return fail(to_error(error, "open database"));
    }
    return std::unique_ptr<Database>(new Database(std::move(sessions)));
}

Result<std::unique_ptr<Database>> Database::open_server(const Options& options) {
    const Duration statement_deadline = options.statement_deadline;
    const auto connection = with_limits(options.postgres_url->reveal());
    if (!connection) return fail(connection.error());
    auto sessions = std::make_unique<Sessions>(Sessions::Options{
        .count = postgresql_sessions,
        .writers_max = postgresql_sessions,
        .open = [connection = *connection, statement_deadline](
                    soci::session& sql) { open_postgresql(sql, connection, statement_deadline); },
        .use_max = statement_deadline * 2,
        .outbox = table_of(outbox::Dialect::postgresql, options),
        .changed = options.changed});
    try {
        const auto lease = sessions->lease();
        if (!lease) return fail(lease.error());
        if (auto migrated = migrate(lease->session()); !migrated) return fail(migrated.error());
    } catch (const soci::soci_error& error) {
        return fail(open_error(error));
    }
    return std::unique_ptr<Database>(new Database(std::move(sessions)));
}

namespace {

// A password with '@' or '/' in it ends early, and its rest becomes the host, a port or the
// database, which messages repeat.
bool is_address(const PQconninfoOption* options) {
    for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        const std::string_view name = option->keyword;
        const std::string_view value = option->val;
        const bool shown = name == "host" || name == "hostaddr" || name == "port" ||
                           name == "dbname" || name == "user";
        if (shown && value.contains('@')) return false;
        if (name == "port" && value.find_first_not_of("0123456789,") != value.npos) return false;
    }
    return true;
}

}  // namespace

// libpq knows no limits of its own: a connect and a dead peer would take minutes.
Result<std::string> with_limits(const std::string& url) {
    char* text = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(url.c_str(), &text), &PQconninfoFree);
    PQfreemem(text);  // not shown: it may repeat a part of the URL
    if (!options) {
        return fail(Errc::invalid_option, "open database",
                    "DATABASE_URL is not a PostgreSQL URL: "
                    "postgres://user:password@host:port/database");
    }
    if (!is_address(options.get())) {
        return fail(Errc::invalid_option, "open database",
                    "DATABASE_URL: in user and password write @ as %40, / as %2F and : as %3A");
    }
    std::string limited = url;
    const auto add = [&](std::string_view name, std::string_view value) {
        if (url.contains(std::string(name) + '=')) return;
        limited += limited.contains('?') ? '&' : '?';
        limited.append(name).append("=").append(value);
    };
    add("connect_timeout", "5");
    add("tcp_user_timeout", "10000");
    add("keepalives_idle", "15");
    add("application_name", "tutti-api-gateway");
    return limited;
}

Database::Database(std::unique_ptr<Sessions> sessions)
    : sessions_(std::move(sessions)),
      channels(*sessions_),
      personalities(*sessions_),
      personality_editor(*sessions_),
      personas(*sessions_),
      llm_configs(*sessions_),
      user_settings(*sessions_),
      job_results(*sessions_) {}
Database::~Database() = default;

Result<void> Database::ping() {
    return sessions_->read("ping database", [](soci::session& sql) {
        int one = 0;
        sql << "SELECT COUNT(*) FROM schema_migrations", soci::into(one);
    });
}

Result<void> Database::try_write() {
    return sessions_->write("write to database", [](soci::session& sql, Transaction& transaction) {
        const std::string now = process::iso_timestamp();
        sql << "INSERT INTO health_checks (id, checked_at) VALUES (1, :now) "
               "ON CONFLICT (id) DO UPDATE SET checked_at = excluded.checked_at",
            soci::use(now);
        transaction.commit_in_silence();
    });
}

std::shared_ptr<outbox::Rows> Database::outbox() {
    return std::make_shared<StoredOutbox>(*sessions_);
}

}  // namespace tutti::services::gateway::database
