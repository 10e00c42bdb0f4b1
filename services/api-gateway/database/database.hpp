// The gateway's data, in an SQLite file or on a PostgreSQL server; the schema is in migrations.cpp.
//
// Sessions come from a small pool. SQLite: in WAL mode readers do not wait for the writer, and
// writers take turns in the order in which they came. PostgreSQL: transactions that decide by what
// they read take an advisory lock, a lost connection is opened again by the next query, and no
// query takes longer than the deadline. A transaction that meets another one, which has removed or
// made what it refers to, is run again, and then sees it.
//
// Thread-safety: all functions may be called from any thread. Blocking: I/O, up to 5 s for a turn
// to write and as long for a free session, and up to the busy timeout (SQLite, 5 s) or the
// statement's deadline. Errors of every query: unavailable (no connection, busy, disk full),
// timeout, overloaded (no turn, no session), unsupported (corrupt).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api-gateway/database/channels.hpp"
#include "api-gateway/database/llm_configs.hpp"
#include "api-gateway/database/personalities.hpp"
#include "api-gateway/database/personality_editor.hpp"
#include "api-gateway/database/personas.hpp"
#include "api-gateway/database/stored_job_results.hpp"
#include "api-gateway/database/user_settings.hpp"
#include "common/process/secret.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/outbox.hpp"

namespace tutti::services::gateway::database {

class Sessions;

class Database {
public:
    struct Options {
        std::string sqlite_path = "./tutti.db";  // used without a postgres_url
        std::optional<process::Secret>
            postgres_url{};  // postgres://user:password@host:port/database
        Duration statement_deadline = std::chrono::seconds{5};  // PostgreSQL only
        // Called after each commit that concerns caches, before the write returns: publishes. May
        // block. Without it the rows are due after `outbox_taken_for`, for any publisher.
        std::function<void(const std::vector<outbox::Row>&)> changed = nullptr;
        Duration outbox_taken_for = std::chrono::seconds{5};
    };

    // Opens or creates the file, or connects, and brings the schema up to date. Errors:
    // invalid_option (a folder, no such folder, not a URL), refused (no right to write),
    // unsupported (not SQLite, corrupt, tables of another program, a newer schema), unavailable (no
    // connection).
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const Options& options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    [[nodiscard]] Result<void> ping();
    // Whether something can be written: writes a row that means nothing, and commits it.
    [[nodiscard]] Result<void> try_write();

    // What was committed and is not published yet. The database outlives it.
    [[nodiscard]] std::shared_ptr<outbox::Rows> outbox();

private:
    explicit Database(std::unique_ptr<Sessions> sessions);
    static Result<std::unique_ptr<Database>> open_file(const Options& options);
    static Result<std::unique_ptr<Database>> open_server(const Options& options);

    std::unique_ptr<Sessions> sessions_;  // first: the repositories borrow it

public:
    StoredChannels channels;
    StoredPersonalities personalities;
    PersonalityEditor personality_editor;
    StoredPersonas personas;
    StoredLlmConfigs llm_configs;
    StoredUserSettings user_settings;
    StoredJobResults job_results;
};

// A PostgreSQL URL with limits where it sets none: connecting, dead peers. Errors: invalid_option;
// the cause does not repeat the URL.
[[nodiscard]] Result<std::string> with_limits(const std::string& url);

}  // namespace tutti::services::gateway::database
