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

TEST_P(JobResultsTest, UnknownJobHasNoResult) {
    EXPECT_EQ(*open_database()->job_results.confirm("llm-9"), std::nullopt);
}

}  // namespace
}  // namespace tutti::services
