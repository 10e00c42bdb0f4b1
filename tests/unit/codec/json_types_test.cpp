// What JSON makes of the standard library's types, of times, and of types with a converter.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "tutti/error.hpp"
#include "tutti/json.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_time;

enum class Tempo : std::uint8_t { calm, very_loud };
BOOST_DESCRIBE_ENUM(Tempo, calm, very_loud)

struct Picture {
    std::string url;
    friend bool operator==(const Picture&, const Picture&) = default;
};
BOOST_DESCRIBE_STRUCT(Picture, (), (url))

using Content = std::variant<std::monostate, std::string, Picture>;

struct Color {
    int red = 0;
    friend bool operator==(const Color&, const Color&) = default;
};

struct Point {
    int x = 0;
    friend bool operator==(const Point&, const Point&) = default;
};

}  // namespace

template <>
inline constexpr std::array json::alternatives<Content>{"nothing", "text", "picture"};

template <>
struct json::Converter<Color> {
    using Wire = std::string;
    static Wire to_wire(const Color& color) { return "red " + std::to_string(color.red); }
    static std::expected<Color, std::string> from_wire(const Wire& text) {
        if (!text.starts_with("red ")) return std::unexpected("expected a color");
        return Color{.red = std::stoi(text.substr(4))};
    }
};

template <>
struct json::Converter<Point> {
    using Wire = std::vector<int>;
    static std::expected<Wire, std::string> to_wire(const Point& point) {
        if (point.x < 0) return std::unexpected("not in the picture");
        return Wire{point.x};
    }
    static std::expected<Point, std::string> from_wire(const Wire& wire) {
        if (wire.size() != 1) return std::unexpected("expected one number");
        return Point{.x = wire.front()};
    }
};

namespace {

template <class T>
std::string written(const T& value) {
    const auto text = json::write_exactly(value);
    return text ? *text : "(" + text.error().cause + ")";
}

template <class T>
std::string problem_of(const std::string& text) {
    const auto value = json::read<T>(text);
    return value ? "(read)" : value.error().cause;
}

template <class T>
void expect_both_ways(const T& value, const std::string& text) {
    EXPECT_EQ(written(value), text);
    EXPECT_EQ(json::read<T>(text), value) << text;
}

TEST(JsonTypes, ASetIsAnArrayInOrder) {
    expect_both_ways(std::set<int>{3, 1, 20}, "[1,3,20]");
    expect_both_ways(std::unordered_set<std::string>{"b", "a", "c"}, R"(["a","b","c"])");

    EXPECT_EQ(problem_of<std::set<int>>("[1,2,1]"), "[2]: the same as another element");
    EXPECT_EQ(problem_of<std::set<int>>(R"([1,"x","y"])"),
              "[1]: expected an integer, found a string; [2]: expected an integer, found a string");
    EXPECT_EQ(problem_of<std::set<int>>("{}"), "expected an array, found an object");
}

TEST(JsonTypes, ArraysPairsAndTuplesHaveTheirLength) {
    expect_both_ways(std::array<int, 2>{4, 5}, "[4,5]");
    expect_both_ways(std::pair<std::string, bool>{"a", true}, R"(["a",true])");
    expect_both_ways(std::tuple<int, std::vector<int>, Tempo>{1, {2}, Tempo::calm},
                     R"([1,[2],"calm"])");

    EXPECT_EQ((problem_of<std::array<int, 2>>("[1]")), "expected 2 elements, found 1");
    EXPECT_EQ((problem_of<std::pair<int, int>>("[1,2,3]")), "expected 2 elements, found 3");
    EXPECT_EQ((problem_of<std::tuple<int, Picture>>(R"([1,{"url":2}])")),
              "[1].url: expected a string, found an integer");
}

TEST(JsonTypes, KeysMayBeIntegersAndEnumerators) {
    expect_both_ways(std::map<int, bool>{{10, true}, {-2, false}}, R"({"-2":false,"10":true})");
    expect_both_ways(std::unordered_map<Tempo, int>{{Tempo::very_loud, 2}, {Tempo::calm, 1}},
                     R"({"calm":1,"veryLoud":2})");

    for (const char* text : {R"({"01":1})", R"({"x":1})", R"({"1 ":1})", R"({"":1})"})
        EXPECT_TRUE(
            (problem_of<std::map<int, int>>(text)).ends_with("expected an integer as the key"))
            << text;
    EXPECT_EQ((problem_of<std::map<std::uint8_t, int>>(R"({"256":1})")),
              "256: integer out of range");
    EXPECT_EQ((problem_of<std::map<Tempo, int>>(R"({"sad":1})")),
              "sad: expected one of calm, veryLoud");
    EXPECT_EQ(written(std::map<Tempo, int>{{static_cast<Tempo>(9), 1}}),
              "(the enumeration has no name for this value)");
}

TEST(JsonTypes, AVariantSaysWhichAlternativeItIs) {
    expect_both_ways(Content(std::string("hi")), R"({"text":"hi"})");
    expect_both_ways(Content(Picture{"u"}), R"({"picture":{"url":"u"}})");
    expect_both_ways(Content(), "null");

    EXPECT_EQ(json::read<Content>(R"({"text":"hi","later":1})"), Content(std::string("hi")));
    EXPECT_EQ(problem_of<Content>(R"({"video":1})"), "expected one of nothing, text, picture");
    EXPECT_EQ(problem_of<Content>(R"({"text":"a","picture":{"url":"u"}})"),
              "expected only one of nothing, text, picture");
    EXPECT_EQ(problem_of<Content>(R"({"picture":{}})"), "picture.url: missing");
    EXPECT_EQ(problem_of<Content>("7"), "expected an object, found an integer");
}

TEST(JsonTypes, AConverterSaysAsWhatATypeIsWritten) {
    expect_both_ways(Color{7}, R"("red 7")");
    expect_both_ways(std::vector<Point>{{1}, {2}}, "[[1],[2]]");

    EXPECT_EQ(problem_of<std::vector<Color>>(R"(["red 1","blue"])"), "[1]: expected a color");
    EXPECT_EQ(problem_of<Color>("1"), "expected a string, found an integer");
    EXPECT_EQ(written(std::vector<Point>{{1}, {-1}}), "([1]: not in the picture)");
}

TEST(JsonTypes, ADurationSaysItsUnit) {
    expect_both_ways(250ns, R"("250ns")");
    expect_both_ways(-1us, R"("-1us")");
    expect_both_ways(1500ms, R"("1500ms")");
    expect_both_ways(30s, R"("30s")");
    expect_both_ways(90min, R"("90min")");
    expect_both_ways(2h, R"("2h")");
    expect_both_ways(std::chrono::days(7), R"("7d")");
    expect_both_ways(std::chrono::hours::max(), written(std::chrono::hours::max()));
}

TEST(JsonTypes, ACountBeyond64BitsWithASignIsNoNegativeOne) {
    using Unsigned = std::chrono::duration<std::uint64_t, std::nano>;

    expect_both_ways(Unsigned(7), R"("7ns")");
    EXPECT_EQ(written(Unsigned::max()), "(out of range)");
    EXPECT_EQ(written(sys_time<Unsigned>::max()), "(out of range)");
}

TEST(JsonTypes, ADurationIsReadInAnyUnitThatTheTypeHoldsExactly) {
    EXPECT_EQ(json::read<std::chrono::seconds>(R"("2min")"), 120s);
    EXPECT_EQ(json::read<std::chrono::seconds>(R"("2000ms")"), 2s);
    EXPECT_EQ(problem_of<std::chrono::seconds>(R"("1500ms")"),
              "finer than what this program keeps");
    EXPECT_EQ(problem_of<std::chrono::nanoseconds>(R"("300000d")"), "out of range");
    EXPECT_EQ(problem_of<std::chrono::seconds>(R"("99999999999999999999s")"), "out of range");
    EXPECT_EQ((problem_of<std::chrono::duration<std::int8_t>>(R"("128s")")), "out of range");
    for (const char* text : {R"("")", R"("s")", R"("1")", R"("1.5s")", R"("1 s")", R"("1S")"})
        EXPECT_EQ(problem_of<std::chrono::seconds>(text),
                  "expected a whole number and one of ns, us, ms, s, min, h, d")
            << text;
}

using Milliseconds = sys_time<std::chrono::milliseconds>;

TEST(JsonTypes, ATimeIsTextInUtc) {
    using namespace std::chrono;
    constexpr sys_days day = 2026y / November / 28;
    expect_both_ways(Milliseconds(day + 15h + 4min + 5s + 50ms), R"("2026-11-28T15:04:05.050Z")");
    expect_both_ways(sys_seconds(day + 15h), R"("2026-11-28T15:00:00Z")");
    expect_both_ways(sys_time<nanoseconds>(sys_days(1970y / 1 / 1) - 1ns),
                     R"("1969-12-31T23:59:59.999999999Z")");
    expect_both_ways(sys_days(2024y / February / 29), R"("2024-02-29T00:00:00Z")");
    expect_both_ways(Milliseconds(sys_days(0y / 1 / 1)), R"("0000-01-01T00:00:00.000Z")");

    using Nanoseconds = sys_time<nanoseconds>;
    expect_both_ways(Nanoseconds::max(), R"("2262-04-11T23:47:16.854775807Z")");
    expect_both_ways(Nanoseconds::min(), R"("1677-09-21T00:12:43.145224192Z")");
    EXPECT_EQ(problem_of<Nanoseconds>(R"("1677-09-21T00:12:43.145224191Z")"), "out of range");
    EXPECT_EQ(written(Milliseconds::max()), "(not in the years 0 to 9999)");
    EXPECT_EQ(written(Milliseconds::min()), "(not in the years 0 to 9999)");
    EXPECT_EQ(written(sys_time<hours>::max()), "(not in the years 0 to 9999)");
    EXPECT_EQ(written(Milliseconds(sys_days(10000y / 1 / 1))), "(not in the years 0 to 9999)");
}

TEST(JsonTypes, ATimeIsReadWithAnyOffset) {
    const auto noon = json::read<Milliseconds>(R"("2026-11-28T12:00:00Z")");
    ASSERT_TRUE(noon);
    EXPECT_EQ(json::read<Milliseconds>(R"("2026-11-28T14:30:00.0+02:30")"), *noon);
    EXPECT_EQ(json::read<Milliseconds>(R"("2026-11-28T02:00:00.000000-10:00")"), *noon);

    EXPECT_EQ(problem_of<Milliseconds>(R"("2026-11-28T12:00:00.0001Z")"),
              "finer than what this program keeps");
    EXPECT_EQ(problem_of<sys_time<std::chrono::nanoseconds>>(R"("2300-01-01T00:00:00Z")"),
              "out of range");
    for (const char* text :
         {"", "2026-11-28", "2026-11-28T12:00Z", "2026-11-28T12:00:00", "2026-02-29T12:00:00Z",
          "2026-11-28T24:00:00Z", "2026-11-28T12:60:00Z", "2026-11-28T12:00:60Z",
          "2026-11-28 12:00:00Z", "2026-11-28T12:00:00.Z", "2026-11-28T12:00:00.0000000000Z",
          "2026-11-28T12:00:00+24:00", "2026-11-28T12:00:00ZZ", "+026-11-28T12:00:00Z"})
        EXPECT_EQ(problem_of<Milliseconds>('"' + std::string(text) + '"'),
                  "expected a time like 2026-11-28T15:04:05Z")
            << text;
}

RC_GTEST_PROP(JsonTypes, EveryTimeInItsYearsComesBack, ()) {
    const auto nanoseconds = *rc::gen::arbitrary<std::int64_t>();
    const sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(nanoseconds)};

    const auto read = json::read<sys_time<std::chrono::nanoseconds>>(json::write(time));

    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == time);
}

}  // namespace
}  // namespace tutti
