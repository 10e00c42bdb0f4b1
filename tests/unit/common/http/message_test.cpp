#include "common/http/message.hpp"

#include <gtest/gtest.h>

namespace tutti::services::http {
namespace {

TEST(HttpHeaders, NamesCompareWithoutCaseAndTheFirstCounts) {
    Headers headers{{"X-Id", "1"}, {"x-id", "2"}};

    EXPECT_EQ(headers.find("X-ID"), "1");
    EXPECT_FALSE(headers.find("X-Other"));

    headers.set("x-Id", "3");
    EXPECT_EQ(headers.find("X-Id"), "3");
    EXPECT_EQ(headers.size(), 1U);
}

TEST(HttpRequest, QueryValuesAreDecoded) {
    const Request request{.query = "a=1&b=x%20y+z&&empty=&flag&a=2&%61b=c"};

    EXPECT_EQ(request.query_value("a"), "1");
    EXPECT_EQ(request.query_value("b"), "x y z");
    EXPECT_EQ(request.query_value("empty"), "");
    EXPECT_EQ(request.query_value("flag"), "");
    EXPECT_EQ(request.query_value("ab"), "c");
    EXPECT_FALSE(request.query_value("missing"));
}

}  // namespace
}  // namespace tutti::services::http
