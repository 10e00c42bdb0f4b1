// Confirming the delivery of results, on both databases.
#include <memory>
#include <utility>

#include "api-gateway/database/database.hpp"
#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

class JobResultsTest : public BothDatabases {
protected:
    // Beside the one of the gateway, as another instance would have it.
    std::unique_ptr<gateway::database::Database> open_database() {
        gateway::database::Database::Options options{.sqlite_path = database_path()};
        if (postgres_) options.postgres_url = process::Secret(postgres_->url());
        auto opened = gateway::database::Database::open(options);
        EXPECT_TRUE(opened) << opened.error().message();
        return *std::move(opened);
    }
    void store(const std::string& id) {
        execute("INSERT INTO job_results (job_id, request_id, result, created_at) VALUES ('" + id +
                "', 'r', '{}', '2026-01-01T00:00:00.000Z')");
    }
};
TUTTI_ON_BOTH_DATABASES(JobResultsTest);

TEST_P(JobResultsTest, IsConfirmedOnceAndRepeatedHarmlessly) {
    store("llm-1");
    const auto database = open_database();

    const auto first = database->job_results.confirm("llm-1");
    const auto second = database->job_results.confirm("llm-1");

    ASSERT_TRUE(first) << first.error().message();
    ASSERT_TRUE(*first && *second);
    EXPECT_EQ((*first)->status, "DELIVERED");
    EXPECT_FALSE((*first)->repeated);
    EXPECT_EQ((*second)->status, "DELIVERED");
    EXPECT_TRUE((*second)->repeated);
}

TEST_P(JobResultsTest, IsStoredOnceAndFoundWithItsState) {
    const auto database = open_database();
    ASSERT_TRUE(database->job_results.store(
        {.job_id = "llm-1", .request_id = "1", .result = R"({"content": "h\u00fc \"q\""})"}));
    ASSERT_TRUE(
        database->job_results.store({.job_id = "llm-1", .request_id = "2", .result = "{}"}));

    const auto pending = *database->job_results.find("llm-1");
    ASSERT_TRUE(*database->job_results.confirm("llm-1"));

    ASSERT_TRUE(pending);
    EXPECT_EQ(pending->request_id, "1");
    EXPECT_EQ(pending->status, "PENDING_DELIVERY");
    const auto written = json::parse(pending->result, json::any_length);
    ASSERT_TRUE(written);
    EXPECT_EQ(json::serialize(*written), "{\"content\":\"h\xc3\xbc \\\"q\\\"\"}");
    EXPECT_EQ((*database->job_results.find("llm-1"))->status, "DELIVERED");
    EXPECT_EQ(*database->job_results.find("llm-2"), std::nullopt);
}

TEST_P(JobResultsTest, WhatADatabaseDoesNotTakeAsJsonIsKeptAsNull) {
    const auto database = open_database();

    for (const char* text : {"no JSON", R"({"content":"\u0000"})", ""}) {
        ASSERT_TRUE(database->job_results.store(
            {.job_id = std::string("llm-") + text, .request_id = "1", .result = text}))
            << text;
        EXPECT_EQ((*database->job_results.find(std::string("llm-") + text))->result, "null");
    }
}

TEST_P(JobResultsTest, OldOnesAreForgotten) {
    execute(
        "INSERT INTO job_results (job_id, request_id, result, status, created_at, delivered_at) "
        "VALUES ('delivered', 'r', '{}', 'DELIVERED', '2026-01-01T00:00:00.000Z', "
        "'2026-01-01T00:00:00.000Z')");
    store("never");
    const auto database = open_database();

    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(database->job_results.store(
            {.job_id = "llm-" + std::to_string(i), .request_id = "1", .result = "{}"}));
    }

    EXPECT_EQ(*database->job_results.find("delivered"), std::nullopt);
    EXPECT_EQ(*database->job_results.find("never"), std::nullopt);
    EXPECT_TRUE(*database->job_results.find("llm-0"));
}

TEST_P(JobResultsTest, UnknownJobHasNoResult) {
    EXPECT_EQ(*open_database()->job_results.confirm("llm-9"), std::nullopt);
}

// PostgreSQL stores it between two statements of the confirmation, at the latest moment at which
// the first of them does not see it; a transaction of SQLite has the database for itself.
TEST_P(JobResultsTest, OneThatIsStoredMeanwhileIsNotTakenForAConfirmedOne) {
    if (postgres_) {
        execute(
            "CREATE FUNCTION store() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "INSERT INTO job_results (job_id, request_id, result, created_at) VALUES "
            "('llm-1', 'r', '{}', '2026-01-01T00:00:00.000Z') ON CONFLICT DO NOTHING; "
            "RETURN NULL; END $$");
        execute(
            "CREATE TRIGGER meanwhile AFTER UPDATE ON job_results FOR EACH STATEMENT "
            "EXECUTE FUNCTION store()");
    }
    const auto database = open_database();

    const auto confirmed = database->job_results.confirm("llm-1");

    ASSERT_TRUE(confirmed) << confirmed.error().message();
    EXPECT_EQ(*confirmed, std::nullopt) << "the caller stores it, and confirms again";
}

}  // namespace
}  // namespace tutti::services
