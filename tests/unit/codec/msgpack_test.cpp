#include "tutti/json/msgpack.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "tutti/error.hpp"
#include "tutti/json.hpp"
#include "tutti/json/limits.hpp"

namespace tutti {
namespace {

struct Track {
    std::string title;
    std::int64_t plays = 0;
    double volume = 0.0;
    std::optional<std::string> note;
    std::vector<std::uint64_t> marks;
    std::map<std::string, bool> flags;

    friend bool operator==(const Track&, const Track&) = default;
};
BOOST_DESCRIBE_STRUCT(Track, (), (title, plays, volume, note, marks, flags))

struct Folder {
    std::vector<Folder> folders;
};
BOOST_DESCRIBE_STRUCT(Folder, (), (folders))

std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) text += static_cast<char>(value);
    return text;
}

template <class V>
std::string problem(const std::string& text, JsonLimits limits = {}) {
    const auto value = msgpack_codec<V>(limits).decode(text);
    return value ? "(read)" : value.error().cause;
}

const Track track{.title = "F\u00fcr Elise",
                  .plays = -3,
                  .volume = 0.1,
                  .note = "slow",
                  .marks = {0, 127, 128, std::numeric_limits<std::uint64_t>::max()},
                  .flags = {{"live", false}, {"mono", true}}};

TEST(MessagePack, ReadsWhatItWrites) {
    const auto codec = msgpack_codec<Track>();

    const auto text = codec.encode(track);

    ASSERT_TRUE(text);
    EXPECT_EQ(codec.decode(*text), track);
    EXPECT_LT(text->size(), json_codec<Track>().encode(track)->size());
    EXPECT_EQ(msgpack_codec<std::vector<int>>().encode({}), bytes({0x90}));
    EXPECT_EQ((msgpack_codec<std::map<std::string, int>>().encode({{"a", 1}})),
              bytes({0x81, 0xa1, 'a', 1}));
}

TEST(MessagePack, WhatAnotherProgramWroteIsReadInAnyOfItsForms) {
    const auto codec = msgpack_codec<std::vector<int>>();

    EXPECT_EQ(codec.decode(bytes({0x93, 0x01, 0xd3, 0, 0, 0, 0, 0, 0, 0, 2, 0xcd, 0, 3})),
              (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(codec.decode(bytes({0xdd, 0, 0, 0, 1, 0xd0, 0xff})), std::vector<int>{-1});
}

TEST(MessagePack, WhatIsNotOfThisFormSaysWhere) {
    EXPECT_EQ(problem<Track>(""), "not MessagePack at byte 1");
    EXPECT_EQ(problem<int>(bytes({0xc1})), "not MessagePack at byte 1") << "is never used";
    EXPECT_EQ(problem<int>(bytes({1, 2})), "not MessagePack at byte 2") << "more behind it";
    EXPECT_EQ(problem<std::vector<int>>(bytes({0x92, 1})), "not MessagePack at byte 3");
    EXPECT_EQ(problem<std::vector<int>>(bytes({0x92, 1, 0xa1, 'x'})),
              "[1]: expected an integer, found a string");
    EXPECT_EQ((problem<std::map<std::string, int>>(bytes({0x81, 1, 1}))),
              "not MessagePack at byte 2")
        << "a key that is no string";
    EXPECT_EQ(problem<std::string>(bytes({0xa1, 0xff})), "not UTF-8");
    EXPECT_EQ(problem<std::string>(bytes({0xc4, 1, 'x'})), "binary data");
    EXPECT_EQ(problem<std::string>(bytes({0xd4, 1, 'x'})), "binary data") << "an extension";
    EXPECT_EQ(problem<double>(bytes({0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0})), "number out of range");
}

TEST(MessagePack, ASizeThatIsOnlyPromisedCostsNothing) {
    EXPECT_EQ(problem<std::vector<int>>(bytes({0xdd, 0xff, 0xff, 0xff, 0xff})),
              "not MessagePack at byte 6");
    EXPECT_EQ(problem<std::string>(bytes({0xdb, 0xff, 0xff, 0xff, 0xff, 'x'})),
              "not MessagePack at byte 7");
    EXPECT_EQ(problem<Track>(bytes({0xdf, 0xff, 0xff, 0xff, 0xff})), "not MessagePack at byte 6");
}

TEST(MessagePack, LimitsHoldInBothDirections) {
    const JsonLimits small{.bytes_max = 10, .depth_max = 2, .values_max = 3};

    EXPECT_EQ(msgpack_codec<std::string>(small).encode("0123456789").error().code, Errc::too_large);
    EXPECT_EQ(msgpack_codec<std::string>(small).decode(std::string(11, '\0')).error().code,
              Errc::too_large);
    EXPECT_EQ(msgpack_codec<std::vector<int>>(small).encode({1, 2, 3}).error().code,
              Errc::too_large);
    EXPECT_EQ(msgpack_codec<std::vector<int>>(small).decode(bytes({0x93, 1, 2, 3})).error().code,
              Errc::too_large);
    EXPECT_EQ(problem<Folder>(bytes({0x91, 0x91, 0x91}), small),
              "too many levels inside each other");
    EXPECT_EQ(problem<Folder>(std::string(1'000'000, '\x91'), {}),
              "too many levels inside each other");
}

RC_GTEST_PROP(MessagePackProperty, EveryTrackComesBack,
              (std::int64_t plays, std::vector<std::uint64_t> marks, double volume)) {
    Track any = track;
    any.plays = plays;
    any.marks = std::move(marks);
    any.volume = volume;
    const auto codec = msgpack_codec<Track>();

    const auto read = codec.decode(codec.encode(any).value());

    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == any);
}

}  // namespace
}  // namespace tutti
