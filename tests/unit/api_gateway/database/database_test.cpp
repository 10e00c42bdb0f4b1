// What is wrong with a URL, and what it may be.
#include "api-gateway/database/database.hpp"

#include <gtest/gtest.h>

namespace tutti::services::gateway::database {
namespace {

// libpq would take what follows for the host, a port or the database, and say it in its messages.
TEST(PostgresUrl, APasswordThatEndsEarlyIsRefusedAndNotRepeated) {
    for (const char* url :
         {"postgres://tutti:s3@cret@127.0.0.1:5432/tutti",
          "postgres://tutti:s3/cret@127.0.0.1/tutti", "postgres://tutti:s3cret@@127.0.0.1/tutti",
          "postgres://tutti:5/s3@cret@host/tutti", "postgres://tu@tti:s3cret@host/tutti"}) {
        const auto limited = with_limits(url);

        ASSERT_FALSE(limited) << url;
        EXPECT_EQ(limited.error().code, Errc::invalid_option);
        EXPECT_TRUE(limited.error().cause.contains("%40")) << limited.error().cause;
        for (const char* part : {"s3", "cret"}) EXPECT_FALSE(limited.error().cause.contains(part));
    }
}

TEST(PostgresUrl, APasswordOfAnyCharactersMayBeWritten) {
    EXPECT_TRUE(with_limits("postgres://tutti:s3%40c%2Fr%3Aet@127.0.0.1:5432/tutti"));
    EXPECT_TRUE(with_limits("postgres://tutti:s3cret@one:1,two:2/tutti?sslmode=disable"));
    EXPECT_TRUE(with_limits("postgres:///tutti?host=/run/postgresql"));
}

}  // namespace
}  // namespace tutti::services::gateway::database
