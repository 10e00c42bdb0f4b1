// A step that has been released is never edited: a correction is another step.
//
// One text serves both databases. It is written for SQLite, which has no types of its own for ids
// and times; PostgreSQL gets its native ones by `for_postgresql`. Statements for PostgreSQL alone
// are marked.
#include "api-gateway/database/migrations.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "api-gateway/database/change_notifications.hpp"
#include "api-gateway/database/change_rows.hpp"
#include "api-gateway/database/migration_step.hpp"
#include "api-gateway/database/transaction.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/outbox.hpp"

namespace tutti::services::gateway::database {
namespace {

constexpr std::array<Statement, 15> first_step{
    R"(CREATE TABLE users (
        id VARCHAR(36) PRIMARY KEY,
        discord_id VARCHAR(20) NOT NULL UNIQUE,
        username VARCHAR(255) NOT NULL,
        created_at VARCHAR(24) NOT NULL,
        updated_at VARCHAR(24) NOT NULL))",
    R"(CREATE TABLE system_prompts (
        id VARCHAR(36) PRIMARY KEY,
        content TEXT NOT NULL))",
    R"(CREATE TABLE personalities (
        id VARCHAR(36) PRIMARY KEY,
        name VARCHAR(255) NOT NULL,
        display_name VARCHAR(255),
        slug VARCHAR(255) NOT NULL UNIQUE,
        system_prompt_id VARCHAR(36) REFERENCES system_prompts (id),
        owner_id VARCHAR(36) REFERENCES users (id),
        character_info TEXT NOT NULL,
        personality_traits TEXT NOT NULL,
        is_public BOOLEAN NOT NULL DEFAULT TRUE,
        created_at VARCHAR(24) NOT NULL,
        updated_at VARCHAR(24) NOT NULL))",
    R"(CREATE TABLE personality_owners (
        personality_id VARCHAR(36) NOT NULL REFERENCES personalities (id) ON DELETE CASCADE,
        user_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        role VARCHAR(20) NOT NULL DEFAULT 'owner',
        PRIMARY KEY (personality_id, user_id)))",
    R"(CREATE TABLE llm_configs (
        id VARCHAR(36) PRIMARY KEY,
        name VARCHAR(255) NOT NULL,
        is_global BOOLEAN NOT NULL DEFAULT FALSE,
        is_default BOOLEAN NOT NULL DEFAULT FALSE,
        model VARCHAR(255) NOT NULL,
        temperature DECIMAL(3, 2),
        max_tokens INTEGER,
        context_window_tokens INTEGER NOT NULL DEFAULT 131072,
        updated_at VARCHAR(24) NOT NULL))",
    R"(CREATE TABLE personality_default_configs (
        personality_id VARCHAR(36) PRIMARY KEY REFERENCES personalities (id) ON DELETE CASCADE,
        llm_config_id VARCHAR(36) NOT NULL REFERENCES llm_configs (id) ON DELETE CASCADE,
        updated_at VARCHAR(24) NOT NULL))",
    R"(CREATE TABLE activated_channels (
        id VARCHAR(36) PRIMARY KEY,
        channel_id VARCHAR(20) NOT NULL,
        personality_id VARCHAR(36) NOT NULL REFERENCES personalities (id) ON DELETE CASCADE,
        guild_id VARCHAR(20),
        auto_respond BOOLEAN NOT NULL DEFAULT TRUE,
        created_by VARCHAR(36) REFERENCES users (id),
        created_at VARCHAR(24) NOT NULL,
        UNIQUE (channel_id, personality_id)))",
    "CREATE INDEX activated_channels_guild ON activated_channels (guild_id)",
    "CREATE INDEX activated_channels_personality ON activated_channels (personality_id)",
    "CREATE INDEX personality_owners_user ON personality_owners (user_id)",
    // Something to talk to before the first user has made anything.
    R"(INSERT INTO users (id, discord_id, username, created_at, updated_at) VALUES
        ('0b9a3a52-3a54-5b6e-9f0e-6f3f1c2a7d01', '100000000000000001', 'conductor',
         '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'))",
    R"(INSERT INTO system_prompts (id, content) VALUES
        ('5d0f6c1e-8a0b-4c39-9d1a-2f6b7e8c9a01',
         'You are {{char}}, the conductor of an orchestra. Be brief and encourage {{user}}.'))",
    R"(INSERT INTO system_prompts (id, content) VALUES
        ('5d0f6c1e-8a0b-4c39-9d1a-2f6b7e8c9a02',
         'You are {{char}}, a violinist who practises alone. Be dry and precise.'))",
    R"(INSERT INTO personalities (id, name, display_name, slug, system_prompt_id, owner_id,
                                  character_info, personality_traits, is_public, created_at,
                                  updated_at)
       VALUES ('7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01', 'Maestro', 'The Maestro', 'maestro',
               '5d0f6c1e-8a0b-4c39-9d1a-2f6b7e8c9a01', '0b9a3a52-3a54-5b6e-9f0e-6f3f1c2a7d01',
               'Conducts since the baton was invented.', 'warm, exact', TRUE,
               '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'))",
    R"(INSERT INTO personalities (id, name, display_name, slug, system_prompt_id, owner_id,
                                  character_info, personality_traits, is_public, created_at,
                                  updated_at)
       VALUES ('7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f02', 'Solo', NULL, 'solo',
               '5d0f6c1e-8a0b-4c39-9d1a-2f6b7e8c9a02', '0b9a3a52-3a54-5b6e-9f0e-6f3f1c2a7d01',
               'Plays only for friends.', 'dry, precise', FALSE,
               '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'))",
};

constexpr std::array<Statement, 23> second_step{
    R"(CREATE TABLE personas (
        id VARCHAR(36) PRIMARY KEY,
        name VARCHAR(255) NOT NULL,
        preferred_name VARCHAR(255),
        description TEXT,
        pronouns VARCHAR(100),
        content TEXT NOT NULL,
        share_ltm_across_personalities BOOLEAN NOT NULL DEFAULT FALSE,
        owner_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        created_at VARCHAR(24) NOT NULL,
        updated_at VARCHAR(24) NOT NULL))",
    "CREATE INDEX personas_owner ON personas (owner_id)",
    "ALTER TABLE users ADD COLUMN default_llm_config_id VARCHAR(36) "
    "REFERENCES llm_configs (id) ON DELETE SET NULL",
    "ALTER TABLE users ADD COLUMN default_persona_id VARCHAR(36) "
    "REFERENCES personas (id) ON DELETE SET NULL",
    "ALTER TABLE users ADD COLUMN is_superuser BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE users ADD COLUMN timezone VARCHAR(64) NOT NULL DEFAULT 'UTC'",
    "ALTER TABLE llm_configs ADD COLUMN description TEXT",
    "ALTER TABLE llm_configs ADD COLUMN owner_id VARCHAR(36) REFERENCES users (id) "
    "ON DELETE CASCADE",
    "ALTER TABLE llm_configs ADD COLUMN is_free_default BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE llm_configs ADD COLUMN provider VARCHAR(40) NOT NULL DEFAULT 'openrouter'",
    "ALTER TABLE llm_configs ADD COLUMN vision_model VARCHAR(255)",
    "ALTER TABLE llm_configs ADD COLUMN top_p DECIMAL(3, 2)",
    "ALTER TABLE llm_configs ADD COLUMN top_k INTEGER",
    "ALTER TABLE llm_configs ADD COLUMN frequency_penalty DECIMAL(3, 2)",
    "ALTER TABLE llm_configs ADD COLUMN presence_penalty DECIMAL(3, 2)",
    "ALTER TABLE llm_configs ADD COLUMN repetition_penalty DECIMAL(3, 2)",
    "ALTER TABLE llm_configs ADD COLUMN memory_score_threshold DECIMAL(3, 2)",
    "ALTER TABLE llm_configs ADD COLUMN memory_limit INTEGER",
    "UPDATE llm_configs SET is_default = FALSE WHERE is_default AND id <> "
    "(SELECT id FROM llm_configs WHERE is_default ORDER BY id LIMIT 1)",
    "CREATE UNIQUE INDEX llm_configs_one_default ON llm_configs (is_default) WHERE is_default",
    "CREATE UNIQUE INDEX llm_configs_one_free_default ON llm_configs (is_free_default) "
    "WHERE is_free_default",
    "CREATE INDEX personalities_name ON personalities (name)",
    "CREATE INDEX personalities_system_prompt ON personalities (system_prompt_id)",
};

constexpr std::array<Statement, 14> third_step{
    "ALTER TABLE personalities ADD COLUMN personality_tone TEXT",
    "ALTER TABLE personalities ADD COLUMN personality_age TEXT",
    "ALTER TABLE personalities ADD COLUMN personality_appearance TEXT",
    "ALTER TABLE personalities ADD COLUMN personality_likes TEXT",
    "ALTER TABLE personalities ADD COLUMN personality_dislikes TEXT",
    "ALTER TABLE personalities ADD COLUMN conversational_goals TEXT",
    "ALTER TABLE personalities ADD COLUMN conversational_examples TEXT",
    "ALTER TABLE personalities ADD COLUMN error_message TEXT",
    R"(CREATE TABLE personality_aliases (
        alias VARCHAR(100) PRIMARY KEY,
        personality_id VARCHAR(36) NOT NULL REFERENCES personalities (id) ON DELETE CASCADE))",
    R"(CREATE TABLE user_personality_configs (
        id VARCHAR(36) PRIMARY KEY,
        user_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        personality_id VARCHAR(36) NOT NULL REFERENCES personalities (id) ON DELETE CASCADE,
        persona_id VARCHAR(36) REFERENCES personas (id) ON DELETE SET NULL,
        llm_config_id VARCHAR(36) REFERENCES llm_configs (id) ON DELETE SET NULL,
        UNIQUE (user_id, personality_id)))",
    // That a key exists, not the key: nothing here reads one.
    R"(CREATE TABLE user_api_keys (
        user_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        provider VARCHAR(40) NOT NULL,
        created_at VARCHAR(24) NOT NULL,
        updated_at VARCHAR(24) NOT NULL,
        PRIMARY KEY (user_id, provider)))",
    R"(CREATE TABLE job_results (
        job_id VARCHAR(255) PRIMARY KEY,
        request_id VARCHAR(255) NOT NULL,
        result JSONB NOT NULL,
        status VARCHAR(20) NOT NULL DEFAULT 'PENDING_DELIVERY',
        created_at VARCHAR(24) NOT NULL,
        completed_at VARCHAR(24),
        delivered_at VARCHAR(24)))",
    "CREATE INDEX job_results_delivered ON job_results (status, delivered_at)",
    "CREATE INDEX user_personality_configs_personality ON user_personality_configs "
    "(personality_id)",
};

// A channel without a row here and in activated_channels has no settings of its own.
constexpr std::array<Statement, 1> fifth_step{
    R"(CREATE TABLE deactivated_channels (
        channel_id VARCHAR(20) PRIMARY KEY,
        deactivated_by VARCHAR(36) REFERENCES users (id) ON DELETE SET NULL,
        created_at VARCHAR(24) NOT NULL))",
};

// Beside the personalities, so that no query of theirs touches the bytes. An avatar concerns a
// cache that keeps the personality, also one that another program writes, also when it leaves
// `updated_at` alone.
constexpr std::array<Statement, 2> sixth_step{
    {{R"(CREATE TABLE personality_avatars (
        personality_id VARCHAR(36) PRIMARY KEY REFERENCES personalities (id) ON DELETE CASCADE,
        png BLOB NOT NULL CHECK (LENGTH(png) BETWEEN 1 AND 5242880),
        updated_at VARCHAR(24) NOT NULL))"},
     {R"(CREATE TRIGGER avatars_changed AFTER INSERT OR UPDATE OR DELETE ON personality_avatars
         FOR EACH ROW EXECUTE FUNCTION notify_personality_of_row())",
      Databases::postgresql}}};

// What GET /health writes, to know that something can be written.
constexpr std::array<Statement, 1> seventh_step{
    "CREATE TABLE health_checks (id INTEGER PRIMARY KEY, checked_at VARCHAR(24) NOT NULL)"};

// The outbox (change_rows.cpp) has rows for tags, too. A gateway of the version before, which goes
// on beside this one, reads the columns that it knows, and takes such a row for every key.
Step ninth_step() {
    static const std::string text = outbox::Sql::add_tags();
    static const std::array<Statement, 1> statements{Statement(text.c_str())};
    return statements;
}

// Two programs that start at the same time on one server must not both migrate.
constexpr const char* migration_lock = "tutti:migrations";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

std::string for_postgresql(std::string_view statement) {
    std::string text(statement);
    replace_all(text, "VARCHAR(36)", "UUID");
    replace_all(text, "VARCHAR(24)", "TIMESTAMPTZ(3)");
    replace_all(text, "BLOB", "BYTEA");
    return text;
}

void run_statement(soci::session& sql, const Statement& statement) {
    const bool postgresql = is_postgresql(sql);
    if (statement.databases == (postgresql ? Databases::sqlite : Databases::postgresql)) return;
    sql << (postgresql ? for_postgresql(statement.text) : std::string(statement.text));
}

int applied_steps(soci::session& sql) {
    run_statement(sql,
                  "CREATE TABLE IF NOT EXISTS schema_migrations ("
                  "version INTEGER PRIMARY KEY, applied_at VARCHAR(24) NOT NULL)");
    int applied = 0;
    sql << "SELECT COALESCE(MAX(version), 0) FROM schema_migrations", soci::into(applied);
    return applied;
}

}  // namespace

Result<void> migrate(soci::session& sql) {
    // Step number = position + 1.
    const std::array<Step, 9> steps{Step(first_step),     Step(second_step), Step(third_step),
                                    change_notifications, Step(fifth_step),  Step(sixth_step),
                                    Step(seventh_step),   change_rows(),     ninth_step()};
    Transaction transaction(sql);
    if (is_postgresql(sql)) sql << "SET LOCAL statement_timeout = 60000";
    transaction.lock(migration_lock);
    const int applied = applied_steps(sql);
    if (applied > static_cast<int>(steps.size())) {
        return fail(Errc::unsupported, "migrate database",
                    "its schema is version " + std::to_string(applied) + ", this program knows " +
                        std::to_string(steps.size()) + "; use a newer program or another database");
    }
    for (int version = applied + 1; version <= static_cast<int>(steps.size()); ++version) {
        for (const Statement& statement : steps[static_cast<std::size_t>(version) - 1]) {
            run_statement(sql, statement);
        }
        const std::string now = process::iso_timestamp();
        sql << "INSERT INTO schema_migrations (version, applied_at) VALUES (:version, :now)",
            soci::use(version), soci::use(now);
    }
    transaction.commit();
    return {};
}

}  // namespace tutti::services::gateway::database
