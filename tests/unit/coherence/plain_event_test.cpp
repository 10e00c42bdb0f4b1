#include "coherence/plain_event.hpp"

#include <gtest/gtest.h>

namespace tutti {
namespace {

const PlainEvent channel{.type = "channel", .key = "channelId"};
const PlainEvent user{.type = "user", .key = "discordId"};

std::vector<std::string> written(std::string_view key, std::vector<PlainEvent> shapes = {channel}) {
    return write_plain_events(shapes, key);
}

TEST(PlainEvent, IsWrittenCompactlyInTheOrderOfTheContract) {
    EXPECT_EQ(written("123456789"),
              std::vector<std::string>{R"({"type":"channel","channelId":"123456789"})"});
}

TEST(PlainEvent, IsWrittenOnceForEachShape) {
    EXPECT_EQ(written("1", {channel, user}),
              (std::vector<std::string>{R"({"type":"channel","channelId":"1"})",
                                        R"({"type":"user","discordId":"1"})"}));
    EXPECT_TRUE(written("1", {}).empty());
}

TEST(PlainEvent, EscapesWhatJsonCannotHold) {
    EXPECT_EQ(written("a\"b\n"),
              std::vector<std::string>{R"({"type":"channel","channelId":"a\"b\n"})"});
}

TEST(PlainEvent, KeepsAKeyThatIsUtf8) {
    const std::string key = "r\xc3\xa9seau \xe2\x82\xac \xf0\x9f\x8e\xbb";

    ASSERT_EQ(written(key).size(), 1U);
    EXPECT_EQ(read_plain_event(channel, written(key)[0]), (KeySet{.keys = {key}}));
}

// Whatever stood for the key would name another one, or be no JSON.
TEST(PlainEvent, OfAKeyThatIsNotUtf8IsTheOneForEverything) {
    const std::vector<std::string> everything{std::string(plain_event_of_everything)};

    for (const char* key :
         {"\xff", "a\x80", "\xc0\xaf", "\xed\xa0\x80", "cut \xe2\x82", "\xf4\x90\x80\x80"}) {
        EXPECT_EQ(written(key), everything);
        EXPECT_EQ(written(key, {channel, user}), everything);
    }
    EXPECT_EQ(read_plain_event(channel, plain_event_of_everything), KeySet::everything());
}

TEST(PlainEvent, ReadsBothShapesInAnyOrderAndSpacing) {
    EXPECT_EQ(read_plain_event(channel, R"({"channelId" : "1", "type" : "channel"})"),
              (KeySet{.keys = {"1"}, .all = false}));
    EXPECT_EQ(read_plain_event(channel, R"({"type":"all"})"), KeySet::everything());
}

TEST(PlainEvent, AnEmptyIdIsAnId) {
    EXPECT_EQ(read_plain_event(channel, R"({"type":"channel","channelId":""})"),
              (KeySet{.keys = {""}, .all = false}));
}

TEST(PlainEvent, WhatHasAnotherShapeIsNoEvent) {
    for (const char* text : {"",
                             "null",
                             "\"string\"",
                             "123",
                             "true",
                             "[]",
                             "{}",
                             "{",
                             "garbage",
                             R"({"type":"unknown"})",
                             R"({"type":"channel"})",
                             R"({"type":"channel","channelId":5})",
                             R"({"type":"channel","channelId":null})",
                             R"({"type":"channel","channelId":"1","extra":1})",
                             R"({"type":"all","extra":1})",
                             R"({"type":"all","channelId":"1"})",
                             R"({"type":"personality","personalityId":"1"})",
                             R"({"channelId":"1"})",
                             R"({"type":["all"]})",
                             R"({"type":"channel","channelId":{"a":1}})",
                             R"({"type":"all"} trailing)"}) {
        EXPECT_EQ(read_plain_event(channel, text), std::nullopt) << text;
    }
}

TEST(PlainEvent, AHugePayloadIsRefusedUnread) {
    const std::string huge =
        R"({"type":"channel","channelId":")" + std::string(100'000, 'x') + "\"}";

    EXPECT_EQ(read_plain_event(channel, huge), std::nullopt);
}

}  // namespace
}  // namespace tutti
