#include "common/process/secret.hpp"

#include <gtest/gtest.h>

namespace tutti::services::process {
namespace {

TEST(Secret, MatchesOnlyTheWholeText) {
    const Secret secret("correct");

    EXPECT_TRUE(secret.matches("correct"));
    EXPECT_FALSE(secret.matches("correcT"));
    EXPECT_FALSE(secret.matches("correct "));
    EXPECT_FALSE(secret.matches("corr"));
    EXPECT_FALSE(secret.matches(""));
}

TEST(Secret, RandomOnesDiffer) {
    EXPECT_EQ(Secret::random().reveal().size(), 64U);
    EXPECT_NE(Secret::random().reveal(), Secret::random().reveal());
}

}  // namespace
}  // namespace tutti::services::process
