// A step that has been released is never edited: a correction is another step. The SQL is what
// SQLite and PostgreSQL both understand.
#include "api-gateway/migrations.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "api-gateway/database_impl.hpp"
#include "common/errors.hpp"

namespace tutti::services {
namespace {

using Step = std::span<const std::string_view>;

constexpr std::array<std::string_view, 15> first_step{
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
    // Something to talk to before anybody has made anything.
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

constexpr std::array<Step, 1> steps{Step(first_step)};  // step number = position + 1

int applied_steps(soci::session& sql) {
    sql << "CREATE TABLE IF NOT EXISTS schema_migrations ("
           "version INTEGER PRIMARY KEY, applied_at VARCHAR(24) NOT NULL)";
    int applied = 0;
    sql << "SELECT COALESCE(MAX(version), 0) FROM schema_migrations", soci::into(applied);
    return applied;
}

}  // namespace

Result<void> migrate(soci::session& sql) {
    Transaction transaction(sql);
    const int applied = applied_steps(sql);
    if (applied > static_cast<int>(steps.size())) {
        return fail(Errc::unsupported, "migrate database",
                    "its schema is version " + std::to_string(applied) + ", this program knows " +
                        std::to_string(steps.size()) + "; use a newer program or another file");
    }
    for (int version = applied + 1; version <= static_cast<int>(steps.size()); ++version) {
        for (const auto statement : steps[static_cast<std::size_t>(version) - 1]) {
            sql << std::string(statement);
        }
        const std::string now = iso_timestamp();
        sql << "INSERT INTO schema_migrations (version, applied_at) VALUES (:version, :now)",
            soci::use(version), soci::use(now);
    }
    transaction.commit();
    return {};
}

}  // namespace tutti::services
