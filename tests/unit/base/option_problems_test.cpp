// What is text, what may be a name, and how several mistakes are told.
#include "base/option_problems.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/name_rule.hpp"
#include "base/text.hpp"

namespace tutti {
namespace {

using ::testing::ElementsAre;

TEST(Text, IsUtf8WhenEverySequenceIsWellFormed) {
    for (const char* text :
         {"", "plain", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
        EXPECT_TRUE(is_utf8(text)) << text;
    }
    for (const char* text : {"\xFF", "\x80", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80",
                             "\xF4\x90\x80\x80", "a\xE2\x82"}) {
        EXPECT_FALSE(is_utf8(text)) << text;
        EXPECT_FALSE(is_plain_text(text)) << text;
    }
}

TEST(Text, IsPlainWithoutControlCharactersOfBothSets) {
    EXPECT_TRUE(is_plain_text("Schl\xC3\xBCssel ~"));
    for (const std::string& text : {std::string("a\nb"), std::string("\0", 1), std::string("\x7F"),
                                    std::string("\xC2\x80"), std::string("\xC2\x9F")}) {
        EXPECT_TRUE(is_utf8(text));
        EXPECT_FALSE(is_plain_text(text));
    }
    EXPECT_TRUE(is_plain_text("\xC2\xA0"));
}

TEST(NameRule, TellsWhatANameMustBe) {
    EXPECT_EQ(wrong_with_name("cache:users/*"), std::nullopt);
    EXPECT_EQ(wrong_with_name(std::string(512, 'n')), std::nullopt);
    EXPECT_EQ(wrong_with_name(std::string(513, 'n')),
              "must have 1 to 512 bytes of UTF-8, without braces and control characters");
    EXPECT_NE(wrong_with_name(""), std::nullopt);
    EXPECT_NE(wrong_with_name("a{"), std::nullopt);
    EXPECT_EQ(wrong_with_app(std::string(128, 'a')), std::nullopt);
    EXPECT_EQ(wrong_with_app("a/b"),
              "must have 1 to 128 bytes of UTF-8, without braces, slashes and control characters");
}

TEST(OptionProblems, StandBehindWhatTheyAreAboutAndEachOnce) {
    OptionProblems problems("cache 'users'");
    problems.unless(true, "ttl", "is fine");
    problems.unless(false, "ttl", "is missing");
    problems.add("store.ttl", "must end");
    problems.append(std::vector<std::string>{"ttl: is missing", "bound: is 0"});
    problems.add_if("name", std::nullopt);

    EXPECT_FALSE(problems.empty());
    EXPECT_THAT(problems.take(),
                ElementsAre("cache 'users': ttl: is missing", "cache 'users': store.ttl: must end",
                            "cache 'users': bound: is 0"));
}

TEST(OptionProblems, SeveralAreALineEachAndOneIsASentence) {
    const std::vector<std::string> problems{"ttl: is missing", "bound: is 0"};

    EXPECT_EQ(in_lines(std::span(problems).first(1)), "ttl: is missing");
    EXPECT_EQ(in_lines(problems), "2 problems:\n  ttl: is missing\n  bound: is 0");
}

}  // namespace
}  // namespace tutti
