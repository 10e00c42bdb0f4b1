#include "api-gateway/database/database.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <libpq-fe.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "api-gateway/database/database_impl.hpp"
#include "api-gateway/database/migrations.hpp"
#include "common/http/errors.hpp"

namespace tutti::services {
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

// Messages of libpq name host, port, user and database, and never the password, unless a part of it
// was taken for one of those: see `is_address`.
Error open_error(const soci::soci_error& error) {
    Error result = to_error(error, "open database");
    result.cause = "DATABASE_URL: " + result.cause;
    return result;
}

// Of the SQLSTATEs those that call for another action than "try again later".
Errc code_of(const std::string& state) {
    if (state == "57014") return Errc::timeout;  // statement_timeout
    const std::string_view family = std::string_view(state).substr(0, 2);
    if (family == "28" || state == "42501" || state == "3D000") return Errc::refused;
    if (state == "42P07") return Errc::unsupported;  // a table that is not ours
    return Errc::unavailable;
}

std::string without_line_ends(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    for (char& c : text) c = c == '\n' ? ' ' : c;
    return text;
}

}  // namespace

bool is_postgresql(soci::session& sql) { return sql.get_backend_name() == "postgresql"; }

void Transaction::lock(std::string_view name) {
    if (!is_postgresql(sql_)) return;
    const std::string text(name);
    std::string nothing;
    sql_ << "SELECT CAST(pg_advisory_xact_lock(hashtextextended(:name, 0)) AS TEXT)",
        soci::use(text), soci::into(nothing);
}

// `get_error_message` and not `what`: the latter repeats the values of the statement.
Error to_error(const soci::soci_error& error, std::string operation) {
    Error result{Errc::unavailable, std::move(operation),
                 without_line_ends(error.get_error_message())};
    if (const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
        const int code = sqlite->result() & 0xFF;
        if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) result.code = Errc::unsupported;
    } else if (const auto* postgresql = dynamic_cast<const soci::postgresql_soci_error*>(&error)) {
        result.code = code_of(postgresql->sqlstate());
    }
    return result;
}

bool met_another(const soci::soci_error& error) {
    constexpr std::array<std::string_view, 4> states{"23503",   // foreign_key_violation
                                                     "23505",   // unique_violation
                                                     "40001",   // serialization_failure
                                                     "40P01"};  // deadlock_detected
    const auto* postgresql = dynamic_cast<const soci::postgresql_soci_error*>(&error);
    return postgresql != nullptr &&
           std::ranges::find(states, postgresql->sqlstate()) != states.end();
}

std::string name_uuid(const std::string& name) {
    boost::uuids::name_generator_sha1 generate(boost::uuids::ns::dns());
    return to_string(generate(name));
}

std::string random_uuid() { return to_string(boost::uuids::random_generator()()); }

std::string iso_time(std::string text) {
    constexpr std::size_t seconds_end = 19;  // "2026-01-02 03:04:05"
    constexpr std::size_t milliseconds_end = 23;
    if (text.size() < seconds_end || text[10] != ' ') return text;
    text[10] = 'T';
    const std::size_t zone = text.find_first_of("+-", seconds_end);
    std::string time = text.substr(0, std::min(zone, milliseconds_end));
    if (time.size() == seconds_end) time += '.';
    time.resize(milliseconds_end, '0');
    return time + 'Z';
}

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
    const std::string id = name_uuid("user:" + discord_id);
    const std::string now = iso_timestamp();
    sql << "INSERT INTO users (id, discord_id, username, created_at, updated_at) "
           "VALUES (:id, :discord_id, :username, :created_at, :updated_at) "
           "ON CONFLICT (discord_id) DO NOTHING",
        soci::use(id), soci::use(discord_id), soci::use(discord_id), soci::use(now), soci::use(now);
    return find().value_or(std::string());
}

Result<std::string> Database::Impl::user_id(const std::string& discord_id) {
    auto found = run("find user", [&](soci::session& sql) { return find_user(sql, discord_id); });
    if (!found) return fail(std::move(found).error());
    if (*found) return **std::move(found);
    return write("create user", [&](soci::session& sql) { return ensure_user(sql, discord_id); });
}

Result<std::unique_ptr<Database>> Database::open(const Options& options) {
    return options.postgres_url
               ? open_server(options.postgres_url->reveal(), options.statement_deadline)
               : open_file(options.sqlite_path);
}

Result<std::unique_ptr<Database>> Database::open_file(const std::string& path) {
    if (auto checked = check_path(path); !checked) return fail(checked.error());
    auto impl = std::make_unique<Impl>(
        Sessions::Options{.count = sqlite_sessions,
                          .open = [path](soci::session& sql) { open_sqlite(sql, path); }},
        sqlite_writers);
    try {
        const auto lease = impl->sessions.lease();
        if (!lease) return fail(lease.error());
        soci::session& sql = lease->session();
        if (auto sound = check_content(sql, path); !sound) return fail(sound.error());
        if (auto migrated = migrate(sql); !migrated) return fail(migrated.error());
    } catch (const soci::sqlite3_soci_error& error) {
        return fail(open_error(error, path));
    } catch (const soci::soci_error& error) {
        return fail(to_error(error, "open database"));
    }
    return std::unique_ptr<Database>(new Database(std::move(impl)));
}

Result<std::unique_ptr<Database>> Database::open_server(const std::string& url,
                                                        Duration statement_deadline) {
    const auto connection = with_limits(url);
    if (!connection) return fail(connection.error());
    auto impl = std::make_unique<Impl>(
        Sessions::Options{.count = postgresql_sessions,
                          .open =
                              [connection = *connection, statement_deadline](soci::session& sql) {
                                  open_postgresql(sql, connection, statement_deadline);
                              },
                          .use_max = statement_deadline * 2},
        postgresql_sessions);
    try {
        const auto lease = impl->sessions.lease();
        if (!lease) return fail(lease.error());
        if (auto migrated = migrate(lease->session()); !migrated) return fail(migrated.error());
    } catch (const soci::soci_error& error) {
        return fail(open_error(error));
    }
    return std::unique_ptr<Database>(new Database(std::move(impl)));
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

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<void> Database::ping() {
    return impl_->run("ping database", [](soci::session& sql) {
        int one = 0;
        sql << "SELECT COUNT(*) FROM schema_migrations", soci::into(one);
    });
}

Result<void> Database::try_write() {
    return impl_->write("write to database", [](soci::session& sql) {
        const std::string now = iso_timestamp();
        Transaction transaction(sql);
        sql << "INSERT INTO health_checks (id, checked_at) VALUES (1, :now) "
               "ON CONFLICT (id) DO UPDATE SET checked_at = excluded.checked_at",
            soci::use(now);
        transaction.commit();
    });
}

}  // namespace tutti::services
