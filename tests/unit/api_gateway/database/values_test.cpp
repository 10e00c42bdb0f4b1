// What both databases' texts become.
#include <gtest/gtest.h>

#include "api-gateway/database/database.hpp"
#include "api-gateway/database/database_impl.hpp"
#include "api-gateway/database/rows.hpp"
#include "common/domain/text_bytes.hpp"

namespace tutti::services {
namespace {

TEST(IsoTime, PostgresqlsTextBecomesIso) {
    EXPECT_EQ(iso_time("2026-01-02 03:04:05.678+00"), "2026-01-02T03:04:05.678Z");
    EXPECT_EQ(iso_time("2026-01-02 03:04:05.6+00"), "2026-01-02T03:04:05.600Z");
    EXPECT_EQ(iso_time("2026-01-02 03:04:05+00"), "2026-01-02T03:04:05.000Z");
    EXPECT_EQ(iso_time("2026-01-02 03:04:05"), "2026-01-02T03:04:05.000Z");
}

TEST(IsoTime, WhatIsIsoOrNoTimeStaysAsItIs) {
    EXPECT_EQ(iso_time("2026-01-02T03:04:05.678Z"), "2026-01-02T03:04:05.678Z");
    EXPECT_EQ(iso_time(""), "");
    EXPECT_EQ(iso_time("x"), "x");
}

TEST(Uuid, HasExactlyOneForm) {
    EXPECT_TRUE(is_uuid("7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01"));
    EXPECT_TRUE(is_uuid("7C1E2B90-46D3-4F0C-8F5E-1D2C3B4A5F01"));
    for (const char* wrong :
         {"", "7c1e2b90", "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f0", "7c1e2b9046d34f0c8f5e1d2c3b4a5f01",
          "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01 ", "xc1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01",
          "{c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f0}"}) {
        EXPECT_FALSE(is_uuid(wrong)) << wrong;
    }
}

TEST(Rows, CellsAreReadInOrderWhicheverDatabaseSpeltThem) {
    RowReader row({std::string("t"), std::string("1"), std::string("0"), std::string("0.70"),
                   std::string("42"), boost::none, boost::none, std::string("not a number")});

    EXPECT_TRUE(row.flag());
    EXPECT_TRUE(row.flag());
    EXPECT_FALSE(row.flag());
    EXPECT_EQ(row.number(), 0.7);
    EXPECT_EQ(row.integer(), 42);
    EXPECT_FALSE(row.optional_text());
    EXPECT_EQ(row.text(), "");
    EXPECT_FALSE(row.integer());
}

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

TEST(TextBytes, AreOfAllTextsAtAnyDepth) {
    GetPersonalityResponse found;
    EXPECT_EQ(text_bytes(found), 0U);
    found.personality.name = "abc";
    found.personality.display_name = "de";
    found.personality.personality_tone = "f";
    found.owner_discord_ids = {"12", "3"};

    EXPECT_EQ(text_bytes(found.personality), 6U);
    EXPECT_EQ(text_bytes(found), 9U);
}

TEST(Access, IsForEverybodyOwnersOrTheBotOwner) {
    GetPersonalityResponse found;
    found.owner_discord_ids = {"1", "2"};

    EXPECT_TRUE(may_use(found, {.discord_id = "2"}));
    EXPECT_FALSE(may_use(found, {.discord_id = "3"}));
    EXPECT_TRUE(may_use(found, {.discord_id = "3", .is_bot_owner = true}));
    found.personality.is_public = true;
    EXPECT_TRUE(may_use(found, {.discord_id = "3"}));
}

}  // namespace
}  // namespace tutti::services
