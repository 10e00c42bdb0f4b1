#include "bot-client/assignment/shard_record.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace tutti::services::bot::assignment {
namespace {

using namespace std::chrono_literals;

const SavedSession session{
    .resumption = {.place = {.session_id = "abc", .resume_gateway_url = "wss://x.discord.gg"},
                   .last = 17},
    .at = process::UnixTime(1'700'000'000s)};

std::string record(const std::string& content) { return "bot#1 7 server/1 " + content; }

TEST(ShardRecord, IsReadAsItWasWritten) {
    const auto read =
        read_record(record_stamp("bot#1", 7) + " server/1 " + record_content(true, session));

    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->member, "bot#1");
    EXPECT_EQ(read->turn, 7U);
    EXPECT_EQ(read->server, "server/1");
    EXPECT_TRUE(read->given_back);
    EXPECT_EQ(read->session, session);
}

TEST(ShardRecord, WithoutASessionHasNone) {
    const auto read = read_record(record(record_content(false, std::nullopt)));

    ASSERT_TRUE(read);
    EXPECT_FALSE(read->given_back);
    EXPECT_EQ(read->session, std::nullopt);
}

TEST(ShardRecord, OfAnotherProgramIsNone) {
    for (const std::string& text :
         {std::string(), std::string("bot"), std::string("bot 1 server"),
          std::string("bot one server {\"givenBack\":true}"), record("[]"), record("{}"),
          record("{\"givenBack\":1}"), " 1 server {\"givenBack\":true}" + std::string(),
          std::string("bot\x01 1 server {\"givenBack\":true}"),
          std::string(300, 'b') + " 1 server {\"givenBack\":true}"}) {
        EXPECT_FALSE(read_record(text)) << text;
    }
}

TEST(ShardRecord, LongerThanAnyIsNotRead) {
    EXPECT_EQ(read_record(record("{" + std::string(10'000, ' ') + "}")).error().code,
              Errc::too_large);
}

TEST(ShardRecord, ASessionThatCannotBeIsLeftOut) {
    for (const char* wrong : {R"({"id":"","url":"wss://x","last":1,"at":1})",
                              R"({"id":"a","url":"wss://x","last":-1,"at":1})",
                              R"({"id":"a","url":"wss://x","last":1,"at":-1})",
                              R"({"id":"a","url":"wss://x","last":1,"at":170000000000000})",
                              R"({"id":"a","url":"wss://x","last":1,"at":9223372036854775807})"}) {
        const auto read =
            read_record(record(R"({"givenBack":false,"session":)" + std::string(wrong) + "}"));
        ASSERT_TRUE(read) << wrong;
        EXPECT_EQ(read->session, std::nullopt) << wrong;
    }
}

TEST(ShardRecord, TheTokenGoesToDiscordAlone) {
    const std::vector<std::string> hosts{"discord.gg", "127.0.0.1"};

    EXPECT_TRUE(leads_to("wss://gateway-us-east1-b.discord.gg", hosts));
    EXPECT_TRUE(leads_to("wss://discord.gg/", hosts));
    EXPECT_TRUE(leads_to("ws://127.0.0.1:4000", hosts));
    EXPECT_FALSE(leads_to("ws://gateway.discord.gg", hosts));
    EXPECT_FALSE(leads_to("wss://discord.gg.example", hosts));
    EXPECT_FALSE(leads_to("wss://evildiscord.gg", hosts));
    EXPECT_FALSE(leads_to("wss://discord.gg@example", hosts));
    EXPECT_FALSE(leads_to("https://discord.gg", hosts));
    EXPECT_FALSE(leads_to("", hosts));
    EXPECT_FALSE(leads_to("wss://discord.gg", {""}));
}

}  // namespace
}  // namespace tutti::services::bot::assignment
