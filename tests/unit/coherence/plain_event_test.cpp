#include "coherence/plain_event.hpp"

#include <gtest/gtest.h>

namespace tutti {
namespace {

const PlainEvent channel{.type = "channel", .key = "channelId"};

TEST(PlainEvent, IsWrittenCompactlyInTheOrderOfTheContract) {
    EXPECT_EQ(write_plain_events(channel, {.keys = {"123456789"}, .all = false}),
              std::vector<std::string>{R"({"type":"channel","channelId":"123456789"})"});
    EXPECT_EQ(write_plain_events(channel, KeySet::everything()),
              std::vector<std::string>{R"({"type":"all"})"});
}

TEST(PlainEvent, EscapesWhatJsonCannotHold) {
    EXPECT_EQ(write_plain_events(channel, {.keys = {"a\"b\n"}, .all = false}),
              std::vector<std::string>{R"({"type":"channel","channelId":"a\"b\n"})"});
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

class WrongShape : public ::testing::TestWithParam<const char*> {};

TEST_P(WrongShape, IsNoEvent) { EXPECT_EQ(read_plain_event(channel, GetParam()), std::nullopt); }

INSTANTIATE_TEST_SUITE_P(
    PlainEvent, WrongShape,
    ::testing::Values("", "null", "\"string\"", "123", "true", "[]", "{}", "{", "garbage",
                      R"({"type":"unknown"})", R"({"type":"channel"})",
                      R"({"type":"channel","channelId":5})",
                      R"({"type":"channel","channelId":null})",
                      R"({"type":"channel","channelId":"1","extra":1})",
                      R"({"type":"all","extra":1})", R"({"type":"all","channelId":"1"})",
                      R"({"type":"personality","personalityId":"1"})", R"({"channelId":"1"})",
                      R"({"type":["all"]})", R"({"type":"channel","channelId":{"a":1}})",
                      R"({"type":"all"} trailing)"));

TEST(PlainEvent, AHugePayloadIsRefusedUnread) {
    const std::string huge =
        R"({"type":"channel","channelId":")" + std::string(100'000, 'x') + "\"}";

    EXPECT_EQ(read_plain_event(channel, huge), std::nullopt);
}

}  // namespace
}  // namespace tutti
