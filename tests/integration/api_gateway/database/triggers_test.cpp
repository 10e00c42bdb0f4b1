// What PostgreSQL tells a program that listens on `cache_invalidation`, byte for byte.
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "api-gateway/database/database.hpp"
#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr const char* maestro_id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01";
constexpr const char* solo_id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f02";
constexpr const char* new_id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f03";

std::string told(const std::string& id) {
    return R"({"type" : "personality", "personalityId" : ")" + id + "\"}";
}
constexpr const char* told_all = R"({"type" : "all"})";

// A session of another program that listens as the gateway does.
class Notifications {
public:
    explicit Notifications(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
        PQclear(PQexec(connection_, "LISTEN cache_invalidation"));
    }
    ~Notifications() { PQfinish(connection_); }
    Notifications(const Notifications&) = delete;
    Notifications& operator=(const Notifications&) = delete;

    // What was committed since the last call: notifications of others arrive before the answer to a
    // query that was sent later.
    std::vector<std::string> take() {
        PQclear(PQexec(connection_, "SELECT 1"));
        std::vector<std::string> payloads;
        while (PGnotify* const notification = PQnotifies(connection_)) {
            payloads.emplace_back(notification->extra);
            PQfreemem(notification);
        }
        return payloads;
    }

private:
    PGconn* connection_;
};

class Triggers : public ::testing::Test {
protected:
    void SetUp() override {
        auto opened =
            gateway::database::Database::open({.postgres_url = process::Secret(postgres_.url())});
        ASSERT_TRUE(opened) << opened.error().message();
        database_ = *std::move(opened);
        notifications_ = std::make_unique<Notifications>(postgres_.url());
    }

    std::vector<std::string> heard_after(const std::string& sql) {
        postgres_.query(sql);
        return notifications_->take();
    }
    void make_configs(int count) {
        heard_after(
            "INSERT INTO llm_configs (id, name, model, updated_at) SELECT "
            "gen_random_uuid(), 'c' || n, 'm', now() FROM generate_series(1, " +
            std::to_string(count) + ") n");
    }

    tests::PostgresDatabase postgres_;
    std::unique_ptr<gateway::database::Database> database_;
    std::unique_ptr<Notifications> notifications_;
};

TEST_F(Triggers, UpdatedPersonalityIsToldInThisSpelling) {
    EXPECT_THAT(heard_after(std::string("UPDATE personalities SET character_info = 'x', "
                                        "updated_at = now() WHERE id = '") +
                            maestro_id + "'"),
                ElementsAre(R"({"type" : "personality", "personalityId" : )"
                            R"("7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01"})"));
}

TEST_F(Triggers, UpdateThatLeavesUpdatedAtAloneIsSilent) {
    make_configs(1);

    EXPECT_THAT(heard_after("UPDATE personalities SET character_info = 'x'"), IsEmpty());
    EXPECT_THAT(heard_after("UPDATE llm_configs SET model = 'x'"), IsEmpty());
}

TEST_F(Triggers, ConfigurationsOfOneTransactionAreOneEvent) {
    make_configs(5);

    EXPECT_THAT(heard_after("UPDATE llm_configs SET updated_at = now() + interval '1 second'"),
                ElementsAre(told_all));
}

TEST_F(Triggers, DefaultConfigurationTellsItsPersonalityAlsoWhenTheConfigurationGoes) {
    make_configs(1);

    EXPECT_THAT(heard_after(std::string("INSERT INTO personality_default_configs SELECT '") +
                            solo_id + "', id, now() FROM llm_configs"),
                ElementsAre(told(solo_id)));
    EXPECT_THAT(heard_after("UPDATE personality_default_configs SET updated_at = now()"),
                ElementsAre(told(solo_id)));
    EXPECT_THAT(heard_after("DELETE FROM llm_configs"), ElementsAre(told(solo_id)));
}

TEST_F(Triggers, ChoiceOfAUserTellsItsPersonality) {
    make_configs(1);
    heard_after(
        "INSERT INTO users (id, discord_id, username, created_at, updated_at) VALUES "
        "(gen_random_uuid(), '7', '7', now(), now())");

    EXPECT_THAT(
        heard_after(std::string("INSERT INTO user_personality_configs (id, user_id, "
                                "personality_id, llm_config_id) SELECT gen_random_uuid(), "
                                "u.id, '") +
                    solo_id + "', c.id FROM users u, llm_configs c WHERE u.discord_id = '7'"),
        ElementsAre(told(solo_id)));
    EXPECT_THAT(heard_after("UPDATE user_personality_configs SET llm_config_id = NULL"),
                ElementsAre(told(solo_id)));
    EXPECT_THAT(heard_after("DELETE FROM user_personality_configs"), ElementsAre(told(solo_id)));
}

TEST_F(Triggers, ConfigurationThatNobodyUsesComesAndGoesInSilence) {
    EXPECT_THAT(heard_after("INSERT INTO llm_configs (id, name, model, updated_at) VALUES "
                            "(gen_random_uuid(), 'c', 'm', now())"),
                IsEmpty());
    EXPECT_THAT(heard_after("DELETE FROM llm_configs"), IsEmpty());
}

TEST_F(Triggers, NewPersonalityIsTold) {
    EXPECT_THAT(
        heard_after(std::string("INSERT INTO personalities (id, name, slug, character_info, "
                                "personality_traits, created_at, updated_at) VALUES ('") +
                    new_id + "', 'Echo', 'echo', '', '', now(), now())"),
        ElementsAre(told(new_id)));
}

TEST_F(Triggers, RowThatMovesTellsBothPersonalities) {
    make_configs(1);
    heard_after(std::string("INSERT INTO personality_default_configs SELECT '") + solo_id +
                "', id, now() FROM llm_configs");

    EXPECT_THAT(
        heard_after(std::string("UPDATE personality_default_configs SET personality_id = '") +
                    maestro_id + "'"),
        UnorderedElementsAre(told(solo_id), told(maestro_id)));
}

TEST_F(Triggers, GlobalDefaultIsToldWhenItComesAndGoes) {
    EXPECT_THAT(heard_after("INSERT INTO llm_configs (id, name, model, is_global, is_default, "
                            "updated_at) VALUES (gen_random_uuid(), 'g', 'm', TRUE, TRUE, now())"),
                ElementsAre(told_all));
    EXPECT_THAT(heard_after("DELETE FROM llm_configs"), ElementsAre(told_all));
}

TEST_F(Triggers, PersonalityIsToldWhenItGoesAndWithWhateverBelongsToIt) {
    EXPECT_THAT(heard_after("UPDATE system_prompts SET content = content || '!'"),
                UnorderedElementsAre(told(maestro_id), told(solo_id)));
    EXPECT_THAT(heard_after(std::string("INSERT INTO personality_owners SELECT '") + solo_id +
                            "', id FROM users"),
                ElementsAre(told(solo_id)));
    EXPECT_THAT(heard_after(std::string("INSERT INTO personality_aliases VALUES ('boss', '") +
                            maestro_id + "')"),
                ElementsAre(told(maestro_id)));
    EXPECT_THAT(heard_after(std::string("INSERT INTO personality_avatars VALUES ('") + maestro_id +
                            "', 'x', now())"),
                ElementsAre(told(maestro_id)));
    EXPECT_THAT(heard_after("UPDATE personality_avatars SET png = 'y'"),
                ElementsAre(told(maestro_id)));
    EXPECT_THAT(heard_after("DELETE FROM personality_avatars"), ElementsAre(told(maestro_id)));
    EXPECT_THAT(heard_after(std::string("DELETE FROM personalities WHERE id = '") + solo_id + "'"),
                ElementsAre(told(solo_id)));
}

TEST_F(Triggers, RolledBackChangeIsSilent) {
    EXPECT_THAT(heard_after("BEGIN; UPDATE personalities SET updated_at = now(); ROLLBACK"),
                IsEmpty());
}

}  // namespace
}  // namespace tutti::services
