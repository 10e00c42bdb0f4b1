#include "common/domain/uuid.hpp"

#include <gtest/gtest.h>

namespace tutti::services::domain {
namespace {

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

TEST(Uuid, OfANameIsTheSameEverywhereAndARandomOneNowhere) {
    EXPECT_EQ(name_uuid("user:1"), name_uuid("user:1"));
    EXPECT_NE(name_uuid("user:1"), name_uuid("user:2"));
    EXPECT_TRUE(is_uuid(name_uuid("user:1")));
    EXPECT_TRUE(is_uuid(random_uuid()));
    EXPECT_NE(random_uuid(), random_uuid());
}

}  // namespace
}  // namespace tutti::services::domain
