#include "bot-client/events/known_channels.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bot-client/events/channel_places.hpp"
#include "unit/bot_client/scripted_discord.hpp"

namespace tutti::services::bot::events {
namespace {

using namespace std::chrono_literals;

constexpr const char* guild =
    R"({"op":0,"d":{"id":"9","name":"Home","channels":[{"id":"50","type":0,"name":"general",)"
    R"("parent_id":"40"}],"threads":[{"id":"51","type":11,"name":"side","parent_id":"50"}]}})";

struct KnownChannelsTest : ::testing::Test {
    void apply(std::string_view event, const std::string& data) {
        EXPECT_TRUE(known.apply(event, R"({"op":0,"d":)" + data + '}'));
    }

    KnownChannels known{{.guilds_max = 2, .channels_max = 100}};
};

TEST_F(KnownChannelsTest, AServerSaysWhereItsChannelsAreAndWhichAreThreads) {
    ASSERT_TRUE(known.apply("GUILD_CREATE", guild));

    EXPECT_EQ(known.place_of("50"), (ChannelPlace{.guild_id = "9"})) << "40 is its category";
    EXPECT_EQ(known.place_of("51"), (ChannelPlace{.guild_id = "9", .thread_of = "50"}));
    EXPECT_EQ(known.guild_of("51"), "9");
    EXPECT_EQ(known.channel_name("50"), "general");
    EXPECT_EQ(known.guild_name("9"), "Home");
    EXPECT_EQ(known.place_of("52"), std::nullopt);
    EXPECT_EQ(known.place_of("x"), std::nullopt);
}

TEST_F(KnownChannelsTest, ChannelsAndThreadsComeChangeAndGo) {
    apply("CHANNEL_CREATE", R"({"id":"60","type":0,"guild_id":"9","name":"a"})");
    apply("CHANNEL_UPDATE", R"({"id":"60","type":0,"guild_id":"9","name":"b"})");
    apply("THREAD_CREATE", R"({"id":"61","type":11,"guild_id":"9","parent_id":"60"})");
    apply("THREAD_LIST_SYNC",
          R"({"guild_id":"9","threads":[{"id":"62","type":12,"parent_id":"60"}]})");
    EXPECT_EQ(known.channel_name("60"), "b");
    EXPECT_EQ(known.place_of("61")->thread_of, "60");
    EXPECT_EQ(known.place_of("62"), (ChannelPlace{.guild_id = "9", .thread_of = "60"}));

    apply("THREAD_DELETE", R"({"id":"61","type":11,"guild_id":"9","parent_id":"60"})");
    apply("CHANNEL_DELETE", R"({"id":"60","type":0,"guild_id":"9"})");

    EXPECT_EQ(known.place_of("60"), std::nullopt);
    EXPECT_EQ(known.place_of("61"), std::nullopt);
}

TEST_F(KnownChannelsTest, AServerThatIsLeftIsForgottenAndOneThatIsAwayIsNot) {
    ASSERT_TRUE(known.apply("GUILD_CREATE", guild));
    apply("GUILD_DELETE", R"({"id":"9","unavailable":true})");
    EXPECT_EQ(known.guild_of("50"), "9");

    apply("GUILD_DELETE", R"({"id":"9"})");

    EXPECT_EQ(known.channels(), 0U);
    EXPECT_EQ(known.guilds(), 0U);
}

TEST_F(KnownChannelsTest, IsBoundedAndWhatIsUnreadableChangesNothing) {
    for (int i = 1; i <= 1000; ++i) {
        apply("CHANNEL_CREATE", R"({"type":0,"guild_id":"9","id":")" + std::to_string(i) + "\"}");
    }
    EXPECT_LE(known.channels(), 100U);
    EXPECT_FALSE(known.apply("GUILD_CREATE", R"({"op":0,"d":{"id":9}})"));
    EXPECT_FALSE(known.apply("GUILD_CREATE", R"({"op":0})"));
    EXPECT_FALSE(known.apply("CHANNEL_CREATE", "["));
}

TEST_F(KnownChannelsTest, NamesAreAsLongAsDiscordsMayBe) {
    const std::string longest(400, 'n');
    apply("GUILD_CREATE", R"({"id":"9","name":")" + longest +
                              R"(too","channels":[{"id":"50","type":0,)"
                              R"("name":")" +
                              longest + "too\"}]}");

    EXPECT_EQ(known.guild_name("9"), longest);
    EXPECT_EQ(known.channel_name("50"), longest);
}

TEST_F(KnownChannelsTest, DiscordIsAskedOnceForAChannelOfAnotherShard) {
    stubs::ScriptedDiscord discord;
    discord.on("GET /channels/70", 200, R"({"id":"70","type":11,"guild_id":"8","parent_id":"69"})");
    discord.on("GET /channels/71", 404, R"({"code":10003})");
    discord.on("GET /channels/72", 503, "{}");
    ChannelPlaces places(known, discord.rest);
    const auto find = [&](const char* id) { return places.find(id, Boottime::now() + 2s); };

    EXPECT_EQ(find("70"), (ChannelPlace{.guild_id = "8", .thread_of = "69"}));
    EXPECT_EQ(find("70")->thread_of, "69");
    EXPECT_EQ(discord.calls.size(), 1U);
    EXPECT_EQ(find("71").error().code, Errc::refused);
    EXPECT_EQ(find("72").error().code, Errc::unavailable);
}

}  // namespace
}  // namespace tutti::services::bot::events
