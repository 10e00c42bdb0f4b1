// The wire form of what an instance holds.
#include "tutti/node/holdings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(Holdings, WhatIsWrittenIsReadBack) {
    const Holdings said{
        .node = "web-1",
        .member = "web-1:7f",
        .epoch = Epoch{0xfeedULL << 48U},
        .applied = 41,
        .held = {{.cache = "users", .age = 1500ms, .servable_for = 3s, .suspect = true}}};

    const auto read = parse_holdings(to_json(said));

    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, said);
    EXPECT_THAT(to_json(said), HasSubstr(R"("epoch":"feed000000000000")"));
}

TEST(Holdings, NothingHeldIsReadBack) {
    EXPECT_EQ(parse_holdings(to_json(Holdings{})).value(), Holdings{});
}

TEST(Holdings, WhatIsServedForEverIsReadBackAsLong) {
    const Holdings said{
        .held = {{.cache = "users", .age = Duration::max(), .servable_for = Duration::max()}}};

    const auto read = parse_holdings(to_json(said));

    ASSERT_TRUE(read) << read.error().message();
    EXPECT_GT(read->held[0].age, 24h * 365 * 99);
    EXPECT_GT(read->held[0].servable_for, 24h * 365 * 99);
}

TEST(Holdings, WhatIsNoneIsRefused) {
    const std::string whole = to_json(
        Holdings{.node = "web-1", .member = "web-1:7f", .held = {{.cache = "users", .age = 1s}}});
    const auto with = [&](const std::string& old, const std::string& text) {
        std::string changed = whole;
        changed.replace(changed.find(old), old.size(), text);
        return changed;
    };
    for (const std::string& text :
         {std::string(), std::string("{}"), std::string("<html>"),
          with("\"ageUs\":1000000", "\"ageUs\":-1"),
          with("\"ageUs\":1000000", "\"ageUs\":9223372036854775807"),
          with("\"ageUs\":1000000", "\"ageUs\":1e300"), with("\"ageUs\":1000000", "\"age\":1"),
          with("\"0000000000000000\"", "\"xyz\""), with("\"held\":[", "\"held\":[7,")}) {
        EXPECT_EQ(parse_holdings(text).error().code, Errc::protocol) << text;
    }
    const std::string large(70'000, ' ');
    EXPECT_EQ(parse_holdings(large + whole).error().code, Errc::too_large);
}

}  // namespace
}  // namespace tutti
