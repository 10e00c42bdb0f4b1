// What `tutti probe` refuses before it asks anything, and the form of what commands are given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/cli.hpp"
#include "cli/option_kinds.hpp"
#include "tutti/clock.hpp"

namespace tutti::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ProbeArguments, WhatIsWrongIsNamed) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{"probe", "redis://h"}, "CHANNEL"},
        {{"probe", "redis://h", "c"}, "PROCESS"},
        {{"probe", "-", "c", "one:1", "--within", "100ms"}, "REDIS_URL is not set"},
        {{"probe", "redis://h", "c", "one:1", "--within", "soon"}, "--within"},
        {{"probe", "redis://h", "c", "one:1", "--within", "0s"}, "--within"},
        {{"probe", "redis://h", "c", "one:1", "--within", "5"}, "--within"},
        {{"probe", "redis://h", "c", "one:1", "--for", "60"}, "--for: must be a time such as"},
        {{"probe", "redis://h", "c", "one:1", "--within", "3601s"}, "--within"},
        {{"probe", "redis://h", "c", "one:1", "--one-in", "0"}, "--one-in"},
        {{"probe", "redis://h", "c", "one:1", "--rate", "1001"}, "--rate"},
        {{"probe", "redis://h", "c", "one:1", "--patience", "0"}, "--patience"},
    };

    for (const auto& [arguments, named] : cases) {
        std::ostringstream out;
        std::ostringstream err;
        EXPECT_EQ(run(arguments, out, err, {}), 2) << named;
        EXPECT_THAT(err.str(), HasSubstr(named));
        EXPECT_THAT(out.str(), IsEmpty()) << named;
    }
}

TEST(Times, HaveOneForm) {
    EXPECT_EQ(time_in("500ms"), 500ms);
    EXPECT_EQ(time_in("2s"), 2s);
    EXPECT_EQ(time_in("5m"), 5min);
    EXPECT_EQ(time_in("0s"), 0s);
    EXPECT_EQ(time_in("720h"), 720h);
    for (const char* text : {"", "s", "5", "5 s", "-5s", "5S", "1.5s", "5us", "5sec", "5s5", "721h",
                             "4294967295m", "4294967296ms"}) {
        EXPECT_EQ(time_in(text), std::nullopt) << text;
    }
}

TEST(Times, AreWrittenAsTheyAreRead) {
    for (const char* text : {"1ms", "999ms", "1s", "90s", "5m", "90m", "1h", "720h", "0ms"}) {
        EXPECT_EQ(time_in_words(*time_in(text)), text);
    }
    EXPECT_EQ(time_in_words(3650ms), "3650ms");
    EXPECT_EQ(time_in_words(60s), "1m");
}

}  // namespace
}  // namespace tutti::cli
