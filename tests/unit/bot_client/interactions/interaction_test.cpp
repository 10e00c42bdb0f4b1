#include "bot-client/interactions/interaction.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace tutti::services::bot::interactions {
namespace {

using namespace std::chrono_literals;

std::string body(std::string_view type, std::string_view id = R"("1")") {
    return R"({"id":)" + std::string(id) + R"(,"application_id":"2","token":"t","type":)" +
           std::string(type) + R"(,"guild_id":"3","data":{"name":"channel"}})";
}

TEST(Interaction, IsReadWhateverItAsksFor) {
    const auto read = read_interaction(body("2"));

    ASSERT_TRUE(read.has_value()) << read.error().message();
    EXPECT_EQ(read->kind, InteractionKind::command);
    EXPECT_EQ(read->id, "1");
    EXPECT_EQ(read->token.reveal(), "t");
    EXPECT_EQ(read->guild_id, "3");
    EXPECT_EQ(read->channel_id, std::nullopt);
}

TEST(Interaction, ThatIsNotAsDocumentedIsRefused) {
    for (const std::string& text :
         {body("0"), body("6"), body("-1"), body("\"2\""), body("2", "1"), body("2", R"("")"),
          body("2", R"("18446744073709551616")"), body("2", R"("-1")"), body("2", R"("1x")"),
          std::string("[]"), std::string()}) {
        EXPECT_FALSE(read_interaction(text).has_value()) << text;
    }
    EXPECT_EQ(read_interaction(std::string((1U << 20U) + 1, ' ')).error().code, Errc::too_large);
    EXPECT_FALSE(read_interaction(std::string(100'000, '[')).has_value());
}

// The example of Discord's reference.
TEST(Snowflake, SaysWhenItWasMade) {
    const process::UnixTime made{1'462'015'105'796ms};

    EXPECT_EQ(age_of("175928847299117063", made + 2s), 2s);
    EXPECT_EQ(age_of("175928847299117063", made - 2s), 0s);
    EXPECT_EQ(age_of("", made), std::nullopt);
    EXPECT_EQ(age_of("1759288472991170630000", made), std::nullopt);
}

}  // namespace
}  // namespace tutti::services::bot::interactions
