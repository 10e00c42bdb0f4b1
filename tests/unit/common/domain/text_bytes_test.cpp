#include "common/domain/text_bytes.hpp"

#include <gtest/gtest.h>

#include "common/domain/domain.hpp"

namespace tutti::services::domain {
namespace {

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

}  // namespace
}  // namespace tutti::services::domain
