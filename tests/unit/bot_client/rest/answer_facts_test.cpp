// What answers say about limits, and what they may say besides.
#include "bot-client/rest/answer_facts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>

namespace tutti::services::bot::rest {
namespace {

using namespace std::chrono_literals;

http::Response with_bucket(const char* limit, const char* remaining, const char* reset,
                           const char* hash = "abcd1234") {
    return {.headers = {{"X-RateLimit-Limit", limit},
                        {"X-RateLimit-Remaining", remaining},
                        {"X-RateLimit-Reset-After", reset},
                        {"X-RateLimit-Bucket", hash}}};
}

TEST(AnswerFacts, TellTheBucket) {
    const auto facts = read_answer(with_bucket("5", "4", "1.25"));

    ASSERT_TRUE(facts.bucket.has_value());
    EXPECT_EQ(facts.bucket->hash, "abcd1234");
    EXPECT_EQ(facts.bucket->limit, 5);
    EXPECT_EQ(facts.bucket->remaining, 4);
    EXPECT_EQ(facts.bucket->reset_after, 1250ms);
}

TEST(AnswerFacts, HeadersThatCannotBeCountAsAbsent) {
    for (const auto& response :
         {with_bucket("0", "0", "1"), with_bucket("-5", "1", "1"), with_bucket("5", "-1", "1"),
          with_bucket("5", "4", "-1"), with_bucket("5", "4", "nan"), with_bucket("5", "4", "inf"),
          with_bucket("5", "4", "1s"), with_bucket("", "4", "1"), with_bucket("5 ", "4", "1"),
          with_bucket("99999999999999999999", "4", "1"), with_bucket("5", "4", "1", ""),
          with_bucket("5", "4", "1", "a b"),
          with_bucket("5", "4", "1", std::string(65, 'a').c_str())}) {
        EXPECT_FALSE(read_answer(response).bucket.has_value());
    }
    EXPECT_FALSE(read_answer(http::Response{}).bucket.has_value());
}

TEST(AnswerFacts, WhatIsOutOfProportionIsBounded) {
    const auto facts = read_answer(with_bucket("5", "900", "1e9"));

    ASSERT_TRUE(facts.bucket.has_value());
    EXPECT_EQ(facts.bucket->remaining, 5);
    EXPECT_EQ(facts.bucket->reset_after, 24h);
}

http::Response limited(std::initializer_list<http::Headers::Field> headers,
                       std::string body = "{}") {
    return {.status = 429, .headers = headers, .body = std::move(body)};
}

TEST(AnswerFacts, TellTheScopeOfA429) {
    EXPECT_EQ(read_answer(limited({{"X-RateLimit-Scope", "shared"}})).scope, LimitScope::shared);
    EXPECT_EQ(read_answer(limited({{"X-RateLimit-Scope", "user"}})).scope, LimitScope::user);
    EXPECT_EQ(read_answer(limited({{"X-RateLimit-Scope", "global"}})).scope, LimitScope::global);
    EXPECT_EQ(read_answer(limited({{"X-RateLimit-Global", "true"}})).scope, LimitScope::global);
    EXPECT_EQ(read_answer(limited({}, R"({"global":true,"retry_after":1})")).scope,
              LimitScope::global);
    EXPECT_EQ(read_answer(limited({{"X-RateLimit-Scope", "nonsense"}})).scope, LimitScope::none);
}

TEST(AnswerFacts, OfTwoTimesTheLongerOneCounts) {
    EXPECT_EQ(read_answer(limited({{"Retry-After", "2"}}, R"({"retry_after":1.337})")).retry_after,
              2s);
    EXPECT_EQ(read_answer(limited({{"Retry-After", "1"}}, R"({"retry_after":1.337})")).retry_after,
              1337ms);
    EXPECT_EQ(read_answer(limited({})).retry_after, 5s);
    EXPECT_EQ(read_answer(limited({{"Retry-After", "-3"}}, "<html>")).retry_after, 5s);
    EXPECT_EQ(read_answer(limited({{"Retry-After", "1e300"}})).retry_after, 24h);
}

TEST(AnswerFacts, TellDiscordsNumberOfAnError) {
    EXPECT_EQ(
        read_answer({.status = 404, .body = R"({"code":10015,"message":"Unknown Webhook"})"}).code,
        10015);
    EXPECT_EQ(read_answer({.status = 404, .body = R"({"code":"10015"})"}).code, 0);
}

}  // namespace
}  // namespace tutti::services::bot::rest
