// What `tutti probe` refuses before it asks anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/cli.hpp"

namespace tutti::cli {
namespace {

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

}  // namespace
}  // namespace tutti::cli
