#include "common/json.hpp"

#include <gtest/gtest.h>

#include <string>

#include "common/domain.hpp"

namespace tutti::services {
namespace {

struct Numbers {
    std::uint16_t small = 0;
    std::int64_t large = 0;
    double real = 0.0;
    bool flag = false;

    friend bool operator==(const Numbers&, const Numbers&) = default;
};
BOOST_DESCRIBE_STRUCT(Numbers, (), (small, large, real, flag))

struct Foreign {
    int max_tokens = 0;
};
BOOST_DESCRIBE_STRUCT(Foreign, (), (max_tokens))

}  // namespace

template <>
inline constexpr auto json::naming<Foreign> = json::Naming::as_is;

namespace {

constexpr const char* activation_text =
    R"({"id":"a","channelId":"c","guildId":null,"personalitySlug":"maestro",)"
    R"("personalityName":"Maestro","activatedBy":"u","createdAt":"2026-01-01T00:00:00.000Z"})";

TEST(Json, ReadsWhatItWrites) {
    const Activation activation{
        "a", "c", {}, "maestro", "Maestro", std::string("u"), "2026-01-01T00:00:00.000Z"};

    const std::string text = json::write(activation);

    EXPECT_EQ(text, activation_text);
    EXPECT_EQ(json::read<Activation>(text), activation);
}

TEST(Json, OptionalIsLeftOutAndNullableIsNull) {
    EXPECT_EQ(json::write(GetChannelActivationResponse{}), R"({"isActivated":false})");
    EXPECT_NE(json::write(Activation{}).find(R"("guildId":null)"), std::string::npos);
}

TEST(Json, OptionalAndNullableReadNullAndMissingAsEmpty) {
    const auto null =
        json::read<GetChannelActivationResponse>(R"({"isActivated":true,"activation":null})");
    const auto missing = json::read<GetChannelActivationResponse>(R"({"isActivated":true})");

    ASSERT_TRUE(null && missing);
    EXPECT_FALSE(null->activation);
    EXPECT_FALSE(missing->activation);
}

TEST(Json, UnknownMembersAreIgnored) {
    const auto read =
        json::read<DeactivateChannelRequest>(R"({"channelId":"1","later":{"x":[1,2]}})");

    ASSERT_TRUE(read);
    EXPECT_EQ(read->channel_id, "1");
}

TEST(Json, EveryProblemIsReportedWithItsPath) {
    const auto read = json::read<ListChannelActivationsResponse>(
        R"({"activations":[{"id":1,"channelId":"c","personalitySlug":null,"personalityName":"",)"
        R"("activatedBy":[]}]})");

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::protocol);
    EXPECT_EQ(read.error().cause,
              "activations[0].id: expected a string, found an integer; "
              "activations[0].personalitySlug: expected a string, found null; "
              "activations[0].activatedBy: expected a string, found an array; "
              "activations[0].createdAt: missing");
}

TEST(Json, ManyProblemsAreCutShort) {
    std::string text = R"({"activations":[)";
    for (int i = 0; i < 1000; ++i) text += "1,";
    text += "1]}";

    const auto read = json::read<ListChannelActivationsResponse>(text);

    ASSERT_FALSE(read);
    EXPECT_LT(read.error().cause.size(), 1000U);
    EXPECT_TRUE(read.error().cause.ends_with("and more"));
}

TEST(Json, IntegersAreCheckedForRangeAndKind) {
    EXPECT_EQ(json::read<Numbers>(R"({"small":65535,"large":-9,"real":3,"flag":true})"),
              (Numbers{65535, -9, 3.0, true}));
    EXPECT_FALSE(json::read<Numbers>(R"({"small":65536,"large":0,"real":0,"flag":true})"));
    EXPECT_FALSE(json::read<Numbers>(R"({"small":-1,"large":0,"real":0,"flag":true})"));
    EXPECT_FALSE(json::read<Numbers>(R"({"small":1.5,"large":0,"real":0,"flag":true})"));
    EXPECT_FALSE(
        json::read<Numbers>(R"({"small":1,"large":9223372036854775808,"real":0,"flag":true})"));
    EXPECT_FALSE(json::read<Numbers>(R"({"small":1,"large":1,"real":"0","flag":true})"));
    EXPECT_FALSE(json::read<Numbers>(R"({"small":1,"large":1,"real":0,"flag":1})"));
}

TEST(Json, ForeignNamesStayAsTheyAre) {
    EXPECT_EQ(json::write(Foreign{7}), R"({"max_tokens":7})");
    EXPECT_EQ(json::read<Foreign>(R"({"max_tokens":8})")->max_tokens, 8);
}

TEST(Json, WhatIsNotAnObjectIsRefused) {
    for (const char* text : {"null", "[]", "1", "\"x\"", "true"}) {
        const auto read = json::read<DeactivateChannelRequest>(text);
        ASSERT_FALSE(read) << text;
        EXPECT_TRUE(read.error().cause.starts_with("expected an object, found "))
            << read.error().cause;
    }
}

TEST(Json, WhatIsNotJsonIsRefusedWithItsPlace) {
    for (const char* text :
         {"", "{", "{\"a\":}", "{} x", "{'a':1}", "\xff\xfe", "{\"a\":\"\xc0\x80\"}"}) {
        const auto read = json::read<DeactivateChannelRequest>(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, Errc::protocol);
        EXPECT_TRUE(read.error().cause.contains("at byte")) << read.error().cause;
    }
}

TEST(Json, DeepNestingIsRefused) {
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');

    const auto read = json::read<DeactivateChannelRequest>(deep);

    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().cause.contains("deep")) << read.error().cause;
}

TEST(Json, WrittenTextIsAlwaysUtf8) {
    EXPECT_EQ(json::write(DeactivateChannelRequest{"\xc3\xa9\xff\xed\xa0\x80z"}),
              "{\"channelId\":\"\xc3\xa9????z\"}");
}

}  // namespace
}  // namespace tutti::services
