#include "tutti/json.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "tutti/error.hpp"

namespace tutti {
namespace {

struct Activation {
    std::string id;
    std::string channel_id;
    json::Nullable<std::string> guild_id;
    std::string personality_slug;
    json::Nullable<std::string> activated_by;

    friend bool operator==(const Activation&, const Activation&) = default;
};
BOOST_DESCRIBE_STRUCT(Activation, (), (id, channel_id, guild_id, personality_slug, activated_by))

struct Answer {
    bool is_activated = false;
    std::optional<Activation> activation;
};
BOOST_DESCRIBE_STRUCT(Answer, (), (is_activated, activation))

struct List {
    std::vector<Activation> activations;
};
BOOST_DESCRIBE_STRUCT(List, (), (activations))

struct Request {
    std::string channel_id;
};
BOOST_DESCRIBE_STRUCT(Request, (), (channel_id))

enum class Mood : std::uint8_t { calm, very_loud };
BOOST_DESCRIBE_ENUM(Mood, calm, very_loud)

struct Voices {
    std::map<std::string, Mood> moods;
    std::unordered_map<std::string, std::vector<int>> notes;

    friend bool operator==(const Voices&, const Voices&) = default;
};
BOOST_DESCRIBE_STRUCT(Voices, (), (moods, notes))

struct Named {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(Named, (), (name))
struct Instrument : Named {
    int strings = 0;
};
BOOST_DESCRIBE_STRUCT(Instrument, (Named), (strings))

struct Tree {
    std::vector<Tree> children;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (children))

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
    R"({"id":"a","channelId":"c","guildId":null,"personalitySlug":"maestro","activatedBy":"u"})";

TEST(Json, ReadsWhatItWrites) {
    const Activation activation{"a", "c", {}, "maestro", std::string("u")};

    const std::string text = json::write(activation);

    EXPECT_EQ(text, activation_text);
    EXPECT_EQ(json::read<Activation>(text), activation);
}

TEST(Json, OptionalIsLeftOutAndNullableIsNull) {
    EXPECT_EQ(json::write(Answer{}), R"({"isActivated":false})");
    EXPECT_NE(json::write(Activation{}).find(R"("guildId":null)"), std::string::npos);
}

TEST(Json, OptionalAndNullableReadNullAndMissingAsEmpty) {
    const auto null = json::read<Answer>(R"({"isActivated":true,"activation":null})");
    const auto missing = json::read<Answer>(R"({"isActivated":true})");

    ASSERT_TRUE(null && missing);
    EXPECT_FALSE(null->activation);
    EXPECT_FALSE(missing->activation);
}

TEST(Json, UnknownMembersAreIgnored) {
    const auto read = json::read<Request>(R"({"channelId":"1","later":{"x":[1,2]}})");

    ASSERT_TRUE(read);
    EXPECT_EQ(read->channel_id, "1");
}

TEST(Json, EveryProblemIsReportedWithItsPath) {
    const auto read =
        json::read<List>(R"({"activations":[{"id":1,"personalitySlug":null,"activatedBy":[]}]})");

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::protocol);
    EXPECT_EQ(read.error().cause,
              "activations[0].id: expected a string, found an integer; "
              "activations[0].channelId: missing; "
              "activations[0].personalitySlug: expected a string, found null; "
              "activations[0].activatedBy: expected a string, found an array");
}

TEST(Json, ManyProblemsAreCutShort) {
    std::string text = R"({"activations":[)";
    for (int i = 0; i < 1000; ++i) text += "1,";
    text += "1]}";

    const auto read = json::read<List>(text);

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
        const auto read = json::read<Request>(text);
        ASSERT_FALSE(read) << text;
        EXPECT_TRUE(read.error().cause.starts_with("expected an object, found "))
            << read.error().cause;
    }
}

TEST(Json, WhatIsNotJsonIsRefusedWithItsPlace) {
    for (const char* text :
         {"", "{", "{\"a\":}", "{} x", "{'a':1}", "\xff\xfe", "{\"a\":\"\xc0\x80\"}"}) {
        const auto read = json::read<Request>(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, Errc::protocol);
        EXPECT_TRUE(read.error().cause.contains("at byte")) << read.error().cause;
    }
}

TEST(Json, DeepNestingIsRefused) {
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');

    const auto read = json::read<Request>(deep);

    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().cause.contains("deep")) << read.error().cause;
}

// Two bytes of text for each value, and up to fifty times as many of memory.
TEST(Json, MoreValuesThanAllowedAreRefusedWhateverTheyAre) {
    const auto three = [](const std::string& one) {
        return "[" + one + "," + one + "," + one + "]";
    };
    const auto expect_values = [](const std::string& text, std::size_t values) {
        EXPECT_TRUE(json::parse(text, {.values_max = values})) << text;
        const auto refused = json::parse(text, {.values_max = values - 1});
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, Errc::too_large);
        EXPECT_EQ(refused.error().cause, "more than " + std::to_string(values - 1) +
                                             " values in the JSON (JsonLimits::values_max)");
    };

    for (const char* one :
         {"0", "-1", "18446744073709551615", "0.5", "true", "null", "\"\"", "[]", "{}"}) {
        expect_values(three(one), 1 + 3);
    }
    for (const char* one : {"[0]", R"({"":0})"}) expect_values(three(one), 1 + 3 * 2);
}

TEST(Json, TheNumberOfValuesIsBoundedUnlessSomethingElseIsSaid) {
    std::string text = "[0";
    while (text.size() < (1U << 20U) - 2) text += ",0";

    EXPECT_EQ(json::read<std::vector<int>>(text + "]").error().code, Errc::too_large);
    EXPECT_TRUE(json::read<std::vector<int>>(text + "]", {.values_max = 1U << 20U}));
}

TEST(Json, WrittenTextIsAlwaysUtf8) {
    EXPECT_EQ(json::write(Request{"\xc3\xa9\xff\xed\xa0\x80z"}),
              "{\"channelId\":\"\xc3\xa9????z\"}");
}

TEST(Json, EnumeratorsAreTheirNames) {
    const Voices voices{.moods = {{"a", Mood::very_loud}, {"b", Mood::calm}}, .notes = {}};

    const std::string text = json::write(voices);

    EXPECT_EQ(text, R"({"moods":{"a":"veryLoud","b":"calm"},"notes":{}})");
    EXPECT_EQ(json::read<Voices>(text), voices);
}

TEST(Json, AnUnknownEnumeratorIsAnErrorThatNamesTheKnownOnes) {
    const auto read = json::read<Voices>(R"({"moods":{"a":"secret","b":1},"notes":{}})");

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().cause,
              "moods.a: expected one of calm, veryLoud; "
              "moods.b: expected a string, found an integer");
}

TEST(Json, AnUnorderedMapIsWrittenInTheOrderOfItsKeys) {
    Voices voices;
    for (const char* name : {"d", "a", "c", "b", "e"}) voices.notes[name] = {1};

    const std::string text = json::write(voices);

    EXPECT_EQ(text, R"({"moods":{},"notes":{"a":[1],"b":[1],"c":[1],"d":[1],"e":[1]}})");
    EXPECT_EQ(json::read<Voices>(text), voices);
}

TEST(Json, AKeyThatIsDataIsCutShortInAnError) {
    const auto read =
        json::read<Voices>(R"({"notes":{},"moods":{"\n)" + std::string(1000, 'k') + R"(":1}})");

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().cause,
              "moods.?" + std::string(31, 'k') + ": expected a string, found an integer");
}

TEST(Json, MembersOfABaseClassAreMembers) {
    Instrument violin;
    violin.name = "violin";
    violin.strings = 4;

    const std::string text = json::write(violin);

    EXPECT_EQ(text, R"({"name":"violin","strings":4})");
    EXPECT_EQ(json::read<Instrument>(text)->name, "violin");
}

// Boost.JSON 1.81's own parser reads this one as 2.4999999999999998E33.
TEST(Json, ADoubleComesBackToTheLastDigit) {
    for (const double real : {2.5e33, 0.1, 1e-7, 5e-324, 1.7976931348623157e308, -0.0}) {
        const auto read = json::read<Numbers>(json::write(Numbers{.real = real}));

        ASSERT_TRUE(read);
        EXPECT_EQ(read->real, real);
    }
    EXPECT_EQ(json::read<Numbers>(R"({"small":1,"large":1,"real":2.5e33,"flag":true})")->real,
              2.5e33);
}

RC_GTEST_PROP(JsonProperty, EveryFiniteDoubleComesBack, (std::uint64_t bits)) {
    const auto real = std::bit_cast<double>(bits * 0x9e3779b97f4a7c15U);
    RC_PRE(std::isfinite(real));

    const auto read = json::read<Numbers>(json::write(Numbers{.real = real}));

    RC_ASSERT(read.has_value());
    RC_ASSERT(read->real == real);
}

TEST(Json, NumbersThatNoDoubleHoldsAreRefused) {
    const auto read = json::read<Numbers>(R"({"small":1,"large":1,"real":1e999,"flag":true})");

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::protocol);
}

// A tree with such a number would be written as "Infinity", which is no JSON.
TEST(Json, NumbersThatNoDoubleHoldsAreRefusedWhereNothingReadsThem) {
    for (const char* text : {"1e999", "[-1e999]", R"({"a":{"b":[123456789e400]}})"}) {
        const auto read = json::parse(text, json::any_length);

        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, Errc::protocol);
        EXPECT_TRUE(read.error().cause.starts_with("number out of range at byte"))
            << read.error().cause;
    }
    EXPECT_TRUE(json::parse("[1e-999,1.7976931348623157e308]", json::any_length));
}

Tree nested(std::size_t levels) {
    Tree tree;
    for (std::size_t i = 1; i < levels; ++i) tree = Tree{.children = {std::move(tree)}};
    return tree;
}

// A tree of n levels has n objects and n arrays inside each other.
TEST(JsonCodec, WhatItWritesAtItsLimitsItReads) {
    const auto codec = json_codec<Tree>({.bytes_max = 200, .depth_max = 10});

    const auto deepest = codec.encode(nested(5));

    ASSERT_TRUE(deepest) << deepest.error().message();
    EXPECT_TRUE(codec.decode(*deepest));
    const auto deeper = codec.encode(nested(6));
    ASSERT_FALSE(deeper);
    EXPECT_TRUE(deeper.error().cause.ends_with("nested more than 10 deep"));
    EXPECT_FALSE(codec.decode(json::write(nested(6))));
    EXPECT_EQ(codec.encode(Tree{std::vector<Tree>(50)}).error().code, Errc::too_large);
    EXPECT_EQ(codec.decode(json::write(Tree{std::vector<Tree>(50)})).error().code, Errc::too_large);
}

TEST(JsonCodec, AsManyValuesAsItWritesItReads) {
    const auto codec = json_codec<Tree>({.values_max = 1 + 1 + 3 * 2});  // the tree, its array, ...

    const auto three = codec.encode(Tree{std::vector<Tree>(3)});

    ASSERT_TRUE(three) << three.error().message();
    EXPECT_TRUE(codec.decode(*three));
    EXPECT_EQ(codec.encode(Tree{std::vector<Tree>(4)}).error().code, Errc::too_large);
    EXPECT_EQ(codec.decode(json::write(Tree{std::vector<Tree>(4)})).error().code, Errc::too_large);
}

TEST(JsonCodec, WhatJsonCannotHoldIsNotStored) {
    EXPECT_EQ(json_codec<Request>().encode(Request{"\xff"}).error().cause, "channelId: not UTF-8");
    EXPECT_EQ(json_codec<Numbers>()
                  .encode({.real = std::numeric_limits<double>::quiet_NaN()})
                  .error()
                  .cause,
              "real: not a finite number");
    EXPECT_EQ(json_codec<Voices>().encode({.moods = {{"a", Mood{9}}}, .notes = {}}).error().cause,
              "moods.a: the enumeration has no name for this value");
}

TEST(JsonCodec, ADescribedValueComesBackEqual) {
    const auto codec = json_codec<Activation>();
    const Activation activation{"a", "\xc3\xa9", std::string("g"), "m", {}};

    const auto text = codec.encode(activation);

    ASSERT_TRUE(text);
    EXPECT_EQ(codec.decode(*text), activation);
    EXPECT_EQ(codec.name, "json");
    EXPECT_TRUE(codec);
    EXPECT_FALSE(Codec<int>{});
}

TEST(BytesCodec, AnyBytesComeBack) {
    const auto codec = bytes_codec();
    const std::string bytes("\0\xff\n", 3);

    EXPECT_EQ(codec.decode(codec.encode(bytes).value()), bytes);
    EXPECT_EQ(codec.name, "bytes");
}

}  // namespace
}  // namespace tutti
