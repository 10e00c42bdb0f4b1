// What GET /health of the gateway says about its database.
#include <string>

#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

class GatewayHealth : public GatewayTest {};

TEST_F(GatewayHealth, NeedsNoSecretAndNamesTheDatabase) {
    const auto response = send({.path = "/health"});

    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.body.contains(R"("status":"healthy")")) << response.body;
    EXPECT_TRUE(response.body.contains(R"("live":true,"ready":true)")) << response.body;
    EXPECT_TRUE(response.body.contains(R"("database":true)")) << response.body;
}

TEST_F(GatewayHealth, SaysWhenTheDatabaseIsBroken) {
    execute("DROP TABLE schema_migrations");

    const auto response = send({.path = "/health"});

    EXPECT_EQ(response.status, 503);
    EXPECT_TRUE(response.body.contains(R"("database":false)")) << response.body;
}

TEST_F(GatewayHealth, IsNotHealthyWhenNothingCanBeWritten) {
    execute(
        "CREATE TRIGGER full BEFORE INSERT ON health_checks BEGIN "
        "SELECT RAISE(ABORT, 'database or disk is full'); END");

    const auto response = send({.path = "/health"});

    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.body.contains(R"("status":"degraded")")) << response.body;
    EXPECT_TRUE(response.body.contains(R"("ready":false)")) << response.body;
    EXPECT_TRUE(response.body.contains(R"("database":true,"writes":false)")) << response.body;
    EXPECT_TRUE(response.body.contains("the database takes no writes")) << response.body;
}

}  // namespace
}  // namespace tutti::services
