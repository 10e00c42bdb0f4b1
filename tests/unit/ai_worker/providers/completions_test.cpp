#include "ai-worker/providers/completions.hpp"

#include <gtest/gtest.h>

namespace tutti::services::worker::providers {
namespace {

FailureCategory category(std::string_view body) {
    const auto answer = read_completion(body, "llm");
    EXPECT_FALSE(answer) << body;
    return answer ? FailureCategory::unknown : answer.error().category.value();
}

TEST(Completion, IsTheTextOfTheFirstChoice) {
    EXPECT_EQ(
        read_completion(
            R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},)"
            R"("finish_reason":"stop"}],"usage":{"total_tokens":3}})",
            "llm")
            .value(),
        "hi");
}

TEST(Completion, WithoutTextIsEmpty) {
    for (const char* body :
         {"", R"({"choices":[]})", R"({"choices":[{"message":{"content":""}}]})",
          R"({"choices":[{"message":{"content":null}}]})", R"({"choices":[{"message":{}}]})"}) {
        EXPECT_EQ(category(body), FailureCategory::empty) << body;
    }
}

TEST(Completion, ThatAFilterWithheldIsCensored) {
    EXPECT_EQ(
        category(R"({"choices":[{"message":{"content":"x"},"finish_reason":"content_filter"}]})"),
        FailureCategory::censored);
}

TEST(Completion, OfTwoHundredThatSaysItFailedIsThatFailure) {
    EXPECT_EQ(category(R"({"error":{"code":402,"message":"pay"}})"), FailureCategory::credit);
    EXPECT_EQ(category(R"({"error":{"code":429}})"), FailureCategory::rate_limit);
    EXPECT_EQ(category(R"({"error":{"code":"content_filter"}})"), FailureCategory::content_policy);
    EXPECT_EQ(category(R"({"error":{}})"), FailureCategory::unknown);
}

TEST(Completion, ThatIsNoneIsUnknown) {
    for (const char* body : {"this is no answer", "[]", "{}", R"({"choices":{}})", "null"}) {
        EXPECT_EQ(category(body), FailureCategory::unknown) << body;
    }
}

TEST(Completion, FailureMayHaveBeenBilledAndRepeatsNothing) {
    const auto answer = read_completion("sk-secret", "llm");

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().error.code, Errc::load_failed);
    EXPECT_FALSE(answer.error().error.message().contains("sk-secret"));
}

}  // namespace
}  // namespace tutti::services::worker::providers
