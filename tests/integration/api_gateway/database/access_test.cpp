// Who may use a personality: one rule, which a row in a database, one that is at hand, and every
// route that asks for it agree on.
#include <algorithm>
#include <memory>
#include <string>
#include <variant>

#include "api-gateway/database/database.hpp"
#include "common/domain/principal.hpp"
#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

constexpr const char* personality_id = "00000000-0000-4000-8000-000000000001";
constexpr const char* chosen_config_id = "00000000-0000-4000-8000-000000000009";

class AccessRule : public BothDatabases {
protected:
    // A personality of user 1, with user 2 as its co-owner; user 3 is nobody to it.
    void SetUp() override {
        BothDatabases::SetUp();
        for (const std::string user : {"1", "2", "3"}) {
            execute(
                "INSERT INTO users (id, discord_id, username, created_at, updated_at) VALUES ('" +
                id_of(user) + "', '" + user + "', 'u', " + time + ", " + time + ")");
        }
        execute(std::string("INSERT INTO personalities (id, name, slug, owner_id, character_info, "
                            "personality_traits, is_public, created_at, updated_at) VALUES ('") +
                personality_id + "', 'Ours', 'ours', '" + id_of("1") + "', '', '', FALSE, " + time +
                ", " + time + ")");
        execute(std::string("INSERT INTO personality_owners (personality_id, user_id) VALUES ('") +
                personality_id + "', '" + id_of("2") + "')");
        execute(std::string("INSERT INTO llm_configs (id, name, model, is_global, updated_at) "
                            "VALUES ('") +
                chosen_config_id + "', 'c', 'm', TRUE, " + time + ")");
        gateway::database::Database::Options options{.sqlite_path = database_path()};
        if (postgres_) options.postgres_url = process::Secret(postgres_->url());
        database_ = gateway::database::Database::open(options).value();
    }

    static std::string id_of(const std::string& user) {
        return "00000000-0000-4000-8000-00000000010" + user;
    }

    bool is_listed(const domain::Principal& principal) {
        return std::ranges::any_of(
            *database_->personalities.list(principal),
            [](const domain::PersonalitySummary& one) { return one.id == personality_id; });
    }

    // What every place that asks answers.
    void expect_all(const domain::Principal& principal, bool allowed) {
        SCOPED_TRACE(principal.discord_id + (principal.is_bot_owner ? ", owner of the bot" : ""));
        const auto found = database_->personalities.load(personality_id).value();
        EXPECT_EQ(domain::may_use(found.value(), principal), allowed);
        EXPECT_EQ(database_->personalities.resolve("ours", principal)->has_value(), allowed);
        EXPECT_EQ(is_listed(principal), allowed);
        const auto activated = database_->channels.activate(
            {.channel_id = "500", .personality_slug = "ours", .guild_id = "900"}, principal);
        EXPECT_EQ(std::holds_alternative<domain::ActivateChannelResponse>(*activated), allowed);
        const auto chosen = database_->user_settings.set_override(
            {.personality_id = personality_id, .config_id = chosen_config_id}, principal);
        EXPECT_EQ(chosen->has_value(), allowed);
    }

    static constexpr const char* time = "'2026-01-01T00:00:00.000Z'";
    std::unique_ptr<gateway::database::Database> database_;
};
TUTTI_ON_BOTH_DATABASES(AccessRule);

TEST_P(AccessRule, APrivateOneIsForItsOwnersAndTheBotsOwner) {
    expect_all({.discord_id = "1"}, true);
    expect_all({.discord_id = "2"}, true);
    expect_all({.discord_id = "3"}, false);
    expect_all({.discord_id = "4"}, false);
    expect_all({.discord_id = "3", .is_bot_owner = true}, true);
}

TEST_P(AccessRule, APublicOneIsForEverybody) {
    execute("UPDATE personalities SET is_public = TRUE");

    expect_all({.discord_id = "1"}, true);
    expect_all({.discord_id = "3"}, true);
    expect_all({.discord_id = "4"}, true);
}

}  // namespace
}  // namespace tutti::services
