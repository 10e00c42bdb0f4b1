#include "common/domain/principal.hpp"

#include <gtest/gtest.h>

namespace tutti::services::domain {
namespace {

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
}  // namespace tutti::services::domain
