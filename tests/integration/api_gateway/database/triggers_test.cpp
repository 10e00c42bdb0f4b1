// What every writer leaves in the outbox, whoever it is: here another program, on both databases.
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "api-gateway/database/database.hpp"
#include "integration/api_gateway/database/other_program.hpp"
#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr const char* config_id = "00000000-0000-4000-8000-000000000001";
constexpr const char* user_id = "00000000-0000-4000-8000-000000000002";
constexpr const char* row_id = "00000000-0000-4000-8000-000000000003";
constexpr const char* then = "'2026-02-02T00:00:00.000Z'";

std::string personality(const std::string& id) { return "cache:invalidation " + id; }
constexpr const char* every_personality = "cache:invalidation *";
constexpr const char* every_model_choice = "cache:llm-config-invalidation *";
constexpr const char* model_choice = "cache:llm-config-invalidation 7";
constexpr const char* persona = "cache:persona-invalidation 7";
constexpr const char* api_key = "cache:api-key-invalidation 7";
constexpr const char* channel = "cache:channel-activation-invalidation 500";

class Triggers : public ::testing::TestWithParam<DatabaseKind> {
protected:
    void SetUp() override {
        if (GetParam() == DatabaseKind::postgresql) {
            postgres_ = std::make_unique<tests::PostgresDatabase>();
        }
        gateway::database::Database::Options options{.sqlite_path = folder_.file("tutti.db")};
        if (postgres_) options.postgres_url = process::Secret(postgres_->url());
        auto opened = gateway::database::Database::open(options);
        ASSERT_TRUE(opened) << opened.error().message();
        database_ = *std::move(opened);
        run("INSERT INTO users (id, discord_id, username, created_at, updated_at) VALUES ('" +
            std::string(user_id) + "', '7', '7', " + then + ", " + then + ")");
    }

    std::string run(const std::string& sql) {
        return postgres_ ? postgres_->query(sql) : query_sqlite(folder_.file("tutti.db"), sql);
    }
    // Each row once: "channel key".
    std::vector<std::string> left_by(const std::string& sql) {
        run("DELETE FROM tutti_outbox");
        run(sql);
        return lines_of(
            run("SELECT DISTINCT channel || ' ' || COALESCE(cache_key, '*') FROM "
                "tutti_outbox WHERE reach = 'published'"));
    }
    void make_config() {
        run("INSERT INTO llm_configs (id, name, model, updated_at) VALUES ('" +
            std::string(config_id) + "', 'c', 'm', " + then + ")");
    }

    TemporaryFolder folder_;
    std::unique_ptr<tests::PostgresDatabase> postgres_;
    std::unique_ptr<gateway::database::Database> database_;
};
TUTTI_ON_BOTH_DATABASES(Triggers);

std::string with_id(const std::string& text, const std::string& id) {
    return text + " WHERE id = '" + id + "'";
}

TEST_P(Triggers, PersonalityIsToldWithTheChannelsThatShowIt) {
    EXPECT_THAT(left_by("INSERT INTO activated_channels (id, channel_id, personality_id, "
                        "created_at) VALUES ('" +
                        std::string(row_id) + "', '500', '" + maestro_id + "', " + then + ")"),
                UnorderedElementsAre(channel));
    EXPECT_THAT(
        left_by(with_id(std::string("UPDATE personalities SET updated_at = ") + then, maestro_id)),
        UnorderedElementsAre(personality(maestro_id), channel));
    EXPECT_THAT(left_by(with_id("DELETE FROM personalities", maestro_id)),
                UnorderedElementsAre(personality(maestro_id), channel));
}

TEST_P(Triggers, UpdateThatLeavesUpdatedAtAloneIsSilent) {
    make_config();

    EXPECT_THAT(left_by("UPDATE personalities SET character_info = 'x'"), IsEmpty());
    EXPECT_THAT(left_by("UPDATE llm_configs SET model = 'x'"), IsEmpty());
}

TEST_P(Triggers, NewPersonalityIsTold) {
    EXPECT_THAT(
        left_by("INSERT INTO personalities (id, name, slug, character_info, "
                "personality_traits, created_at, updated_at) VALUES ('" +
                std::string(row_id) + "', 'Echo', 'echo', '', '', " + then + ", " + then + ")"),
        UnorderedElementsAre(personality(row_id)));
}

TEST_P(Triggers, ConfigurationConcernsAllThatMayHaveItMergedIn) {
    EXPECT_THAT(left_by("INSERT INTO llm_configs (id, name, model, updated_at) VALUES ('" +
                        std::string(config_id) + "', 'c', 'm', " + then + ")"),
                UnorderedElementsAre(every_personality, every_model_choice));
    EXPECT_THAT(left_by("UPDATE llm_configs SET updated_at = '2026-03-03T00:00:00.000Z'"),
                UnorderedElementsAre(every_personality, every_model_choice));
    EXPECT_THAT(left_by("DELETE FROM llm_configs"),
                UnorderedElementsAre(every_personality, every_model_choice));
}

TEST_P(Triggers, RowThatMovesConcernsBothPersonalities) {
    make_config();
    EXPECT_THAT(left_by("INSERT INTO personality_default_configs VALUES ('" + std::string(solo_id) +
                        "', '" + config_id + "', " + then + ")"),
                UnorderedElementsAre(personality(solo_id)));

    EXPECT_THAT(left_by("UPDATE personality_default_configs SET personality_id = '" +
                        std::string(maestro_id) + "'"),
                UnorderedElementsAre(personality(solo_id), personality(maestro_id)));
}

TEST_P(Triggers, WhateverBelongsToAPersonalityTellsIt) {
    EXPECT_THAT(left_by("UPDATE system_prompts SET content = content || '!'"),
                UnorderedElementsAre(personality(maestro_id), personality(solo_id)));
    EXPECT_THAT(left_by("INSERT INTO personality_owners (personality_id, user_id) VALUES ('" +
                        std::string(solo_id) + "', '" + user_id + "')"),
                UnorderedElementsAre(personality(solo_id)));
    EXPECT_THAT(left_by("INSERT INTO personality_aliases VALUES ('boss', '" +
                        std::string(maestro_id) + "')"),
                UnorderedElementsAre(personality(maestro_id)));
    EXPECT_THAT(left_by("INSERT INTO personality_avatars VALUES ('" + std::string(maestro_id) +
                        "', " + (postgres_ ? "'x'" : "X'78'") + ", " + then + ")"),
                UnorderedElementsAre(personality(maestro_id)));
    EXPECT_THAT(left_by("DELETE FROM personality_avatars"),
                UnorderedElementsAre(personality(maestro_id)));
}

TEST_P(Triggers, ChoicesOfAUserTellTheUser) {
    make_config();

    EXPECT_THAT(left_by("INSERT INTO user_personality_configs (id, user_id, personality_id, "
                        "llm_config_id) VALUES ('" +
                        std::string(row_id) + "', '" + user_id + "', '" + solo_id + "', '" +
                        config_id + "')"),
                UnorderedElementsAre(personality(solo_id), model_choice));
    EXPECT_THAT(
        left_by(with_id("UPDATE users SET default_llm_config_id = '" + std::string(config_id) + "'",
                        user_id)),
        UnorderedElementsAre(model_choice));
    EXPECT_THAT(left_by("INSERT INTO user_api_keys VALUES ('" + std::string(user_id) + "', 'p', " +
                        then + ", " + then + ")"),
                UnorderedElementsAre(api_key));
    EXPECT_THAT(left_by("INSERT INTO personas (id, name, content, owner_id, created_at, "
                        "updated_at) VALUES ('" +
                        std::string(row_id) + "', 'n', 'c', '" + user_id + "', " + then + ", " +
                        then + ")"),
                UnorderedElementsAre(persona));
    EXPECT_THAT(left_by("UPDATE personas SET content = 'd'"), UnorderedElementsAre(persona));
    EXPECT_THAT(left_by("UPDATE users SET username = 'other'"), IsEmpty());
}

TEST_P(Triggers, UserWhoGoesIsToldEverywhere) {
    EXPECT_THAT(left_by(with_id("DELETE FROM users", user_id)),
                UnorderedElementsAre(model_choice, persona, api_key));
}

TEST_P(Triggers, GuildThatIsFilledInTellsNothing) {
    run("INSERT INTO activated_channels (id, channel_id, personality_id, created_at) VALUES ('" +
        std::string(row_id) + "', '500', '" + maestro_id + "', " + then + ")");

    EXPECT_THAT(left_by("UPDATE activated_channels SET guild_id = '900'"), IsEmpty());
    EXPECT_THAT(left_by("UPDATE activated_channels SET auto_respond = FALSE"),
                UnorderedElementsAre(channel));
    EXPECT_THAT(left_by("UPDATE activated_channels SET auto_respond = TRUE, guild_id = '901'"),
                UnorderedElementsAre(channel));
}

TEST_P(Triggers, RolledBackChangeLeavesNothing) {
    EXPECT_THAT(
        left_by(std::string("BEGIN; UPDATE personalities SET updated_at = ") + then + "; ROLLBACK"),
        IsEmpty());
}

// A file has no roles.
class TriggersAndRoles : public Triggers {};
INSTANTIATE_TEST_SUITE_P(, TriggersAndRoles, ::testing::Values(DatabaseKind::postgresql),
                         ::testing::PrintToStringParamName());

// A role that may write one table needs no right on the outbox, and cannot divert its rows.
TEST_P(TriggersAndRoles, ProgramWithFewRightsLeavesItsRows) {
    run("DROP ROLE IF EXISTS writer");
    run("CREATE ROLE writer; GRANT SELECT, UPDATE ON personalities TO writer; "
        "GRANT TEMPORARY ON DATABASE " +
        run("SELECT current_database()") + " TO writer");

    const auto left = left_by(
        "SET ROLE writer; CREATE TEMPORARY TABLE tutti_outbox (channel TEXT, cache_key TEXT); "
        "UPDATE public.personalities SET updated_at = now() WHERE slug = 'solo'; RESET ROLE");
    run("DROP OWNED BY writer");
    run("DROP ROLE writer");

    EXPECT_THAT(left, UnorderedElementsAre(personality(solo_id)));
}

}  // namespace
}  // namespace tutti::services
