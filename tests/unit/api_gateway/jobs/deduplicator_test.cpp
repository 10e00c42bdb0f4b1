#include "api-gateway/jobs/deduplicator.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tutti::services::gateway::jobs {
namespace {

// The digits are those of `printf 'hello' | sha256sum`.
TEST(DedupKey, IsThatOfTheDeployment) {
    EXPECT_EQ(dedup_key("maestro", "7", "500", "hello"), "maestro:7-500:2cf24dba5fb0a30e");
    EXPECT_EQ(dedup_key("maestro", "7", std::nullopt, "hello"), "maestro:7-dm:2cf24dba5fb0a30e");
}

TEST(DedupKey, OfAClientHasTheKeysHash) {
    EXPECT_EQ(client_dedup_key("maestro", "7", "500", "hello"),
              "maestro:7-500:2cf24dba5fb0a30e26e83b2ac5b9e29e");
}

TEST(DedupKey, EscapesNothing) {
    EXPECT_EQ(dedup_key("a:b c", "7", "500", "hello"), "a:b c:7-500:2cf24dba5fb0a30e");
}

TEST(DedupKey, DiffersByEverythingThatCounts) {
    const std::set<std::string> keys{
        dedup_key("a", "1", "2", "m"), dedup_key("b", "1", "2", "m"),
        dedup_key("a", "2", "2", "m"), dedup_key("a", "1", "3", "m"),
        dedup_key("a", "1", "2", "n"), dedup_key("a", "1", std::nullopt, "m")};

    EXPECT_EQ(keys.size(), 6U);
    EXPECT_EQ(dedup_key("a", "1", "2", "m"), dedup_key("a", "1", "2", "m"));
}

}  // namespace
}  // namespace tutti::services::gateway::jobs
