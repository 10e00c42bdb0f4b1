// When a call of a provider is repeated, and what a failure is called.
#include "ai-worker/providers/upstream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "tutti/testing/manual_clock.hpp"

namespace tutti::services::worker::providers {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using ::testing::SizeIs;

struct Scripted {
    Result<http::Response> answer;
    bool begun = true;  // bytes of the request went out
};

Scripted status(int code, std::string body = "") {
    return {.answer = http::Response{.status = code, .headers = {}, .body = std::move(body)}};
}
Scripted failed(Errc code, bool begun) {
    return {.answer = fail(code, "llm", "scripted"), .begun = begun};
}

class Provider : public ::testing::Test {
protected:
    Answered<std::string> post(const process::Secret& key = {}) {
        return upstream.post(
            {.path = "/chat/completions", .content_type = "application/json", .body = "{}"}, key,
            clock.now() + 60s);
    }
    ProviderFailure failure(Scripted scripted) {
        script = {std::move(scripted)};
        auto answer = post();
        EXPECT_FALSE(answer);
        return answer ? ProviderFailure{} : answer.error();
    }

    tutti::testing::ManualClock clock;
    std::deque<Scripted> script;  // the last one stays
    std::vector<http::Request> sent;
    std::vector<Duration> pauses;
    Upstream upstream{{.name = "llm",
                       .base_url = "http://provider/v1",
                       .key = process::Secret("operator"),
                       .pool = process::Settings{}.llm},
                      {.send =
                           [this](std::string_view, const http::Request& request, TimePoint,
                                  http::Client::Trace& trace) {
                               sent.push_back(request);
                               Scripted next = script.front();
                               if (script.size() > 1) script.pop_front();
                               trace.begun = next.begun;
                               return next.answer;
                           },
                       .pause =
                           [this](Duration pause) {
                               pauses.push_back(pause);
                               clock.advance(pause);
                               return true;
                           },
                       .clock = &clock}};
};

TEST_F(Provider, IsAskedWithTheOperatorsKeyOrTheUsers) {
    script = {status(200, "ok")};

    EXPECT_EQ(post().value(), "ok");
    EXPECT_EQ(post(process::Secret("user")).value(), "ok");

    EXPECT_EQ(sent[0].headers.find("Authorization"), "Bearer operator");
    EXPECT_EQ(sent[1].headers.find("Authorization"), "Bearer user");
    EXPECT_EQ(sent[0].headers.find("Content-Type"), "application/json");
    EXPECT_EQ(sent[0].path, "/chat/completions");
}

TEST_F(Provider, ACallThatNeverArrivedIsRepeatedAfterALongerPauseEachTime) {
    script = {failed(Errc::unavailable, false), failed(Errc::unavailable, false),
              status(200, "ok")};

    EXPECT_EQ(post().value(), "ok");

    EXPECT_THAT(pauses, ElementsAre(AllOf(Ge(800ms), Le(1200ms)), AllOf(Ge(1600ms), Le(2400ms))));
}

TEST_F(Provider, ThreeAttemptsAreAll) {
    const auto last = failure(failed(Errc::unavailable, false));

    EXPECT_THAT(sent, SizeIs(3));
    EXPECT_EQ(last.error.code, Errc::unavailable);
    EXPECT_EQ(last.category, FailureCategory::network);
}

TEST_F(Provider, WhatMayHaveBeenBilledIsNeverRepeated) {
    for (const Errc code : {Errc::unavailable, Errc::timeout, Errc::protocol, Errc::too_large}) {
        sent.clear();
        const auto one = failure(failed(code, true));

        EXPECT_THAT(sent, SizeIs(1)) << to_string(code);
        EXPECT_THAT(pauses, IsEmpty());
        EXPECT_NE(one.error.code, Errc::unavailable) << "that would say that it was not";
    }
    for (const int code : {500, 502, 504}) {
        sent.clear();
        const auto one = failure(status(code));

        EXPECT_THAT(sent, SizeIs(1)) << code;
        EXPECT_EQ(one.error.code, Errc::load_failed);
        EXPECT_EQ(one.category, FailureCategory::server);
    }
}

TEST_F(Provider, BusyOneIsAskedAgainWhenItWants) {
    auto busy = status(429);
    busy.answer->headers.set("Retry-After", "7");
    script = {busy, status(503), status(200, "ok")};

    EXPECT_EQ(post().value(), "ok");

    EXPECT_THAT(pauses, ElementsAre(Duration(7s), AllOf(Ge(1600ms), Le(2400ms))));
}

TEST_F(Provider, OneThatWantsToBeLeftAloneForLongIsNotAskedAgain) {
    auto busy = status(429);
    busy.answer->headers.set("Retry-After", "3600");

    EXPECT_EQ(failure(busy).category, FailureCategory::rate_limit);
    EXPECT_THAT(sent, SizeIs(1));
}

TEST_F(Provider, SpentQuotaIsNoBusyProvider) {
    const auto spent = failure(status(429, R"({"error":{"code":"insufficient_quota"}})"));

    EXPECT_EQ(spent.category, FailureCategory::quota);
    EXPECT_THAT(sent, SizeIs(1));
}

TEST_F(Provider, NothingIsRepeatedPastTheDeadline) {
    script = {failed(Errc::unavailable, false)};

    const auto answer =
        upstream.post({.path = "/x", .content_type = "a/b", .body = ""}, {}, clock.now() + 500ms);

    EXPECT_FALSE(answer);
    EXPECT_THAT(sent, SizeIs(1));
}

TEST_F(Provider, FailuresOfThisProcessHaveNoCategory) {
    for (const Errc code : {Errc::overloaded, Errc::stopped, Errc::invalid_option}) {
        const auto own = failure(failed(code, false));

        EXPECT_EQ(own.error.code, code);
        EXPECT_FALSE(own.category);
    }
    EXPECT_EQ(failure(failed(Errc::stopped, true)).error.code, Errc::cancelled)
        << "it may have been billed";
}

TEST_F(Provider, ATimeoutBeforeAnythingWasSentWasNotBilled) {
    EXPECT_EQ(failure(failed(Errc::timeout, false)).error.code, Errc::unavailable);
    EXPECT_EQ(failure(failed(Errc::timeout, true)).error.code, Errc::timeout);
}

TEST_F(Provider, WhatItSaysIsNotRepeated) {
    const auto one = failure(status(401, R"({"error":{"message":"wrong key sk-1234"}})"));

    EXPECT_EQ(one.category, FailureCategory::auth);
    EXPECT_THAT(one.error.message(), Not(HasSubstr("sk-1234")));
    EXPECT_THAT(one.error.message(), HasSubstr("401"));
}

TEST(FailureCategory, IsToldByTheStatusAndWhereItSaysLittleByTheCode) {
    const auto error = [](const std::string& code) {
        return R"({"error":{"code":")" + code + "\"}}";
    };

    EXPECT_EQ(category_of(401, ""), FailureCategory::auth);
    EXPECT_EQ(category_of(403, ""), FailureCategory::auth);
    EXPECT_EQ(category_of(403, error("moderation_blocked")), FailureCategory::content_policy);
    EXPECT_EQ(category_of(402, ""), FailureCategory::credit);
    EXPECT_EQ(category_of(404, ""), FailureCategory::model_missing);
    EXPECT_EQ(category_of(408, ""), FailureCategory::timeout);
    EXPECT_EQ(category_of(429, ""), FailureCategory::rate_limit);
    EXPECT_EQ(category_of(400, ""), FailureCategory::bad_request);
    EXPECT_EQ(category_of(422, "not json"), FailureCategory::bad_request);
    EXPECT_EQ(category_of(400, error("content_policy_violation")), FailureCategory::content_policy);
    EXPECT_EQ(category_of(400, error("invalid_image_url")), FailureCategory::media_missing);
    EXPECT_EQ(category_of(400, error("model_not_found")), FailureCategory::model_missing);
    EXPECT_EQ(category_of(500, ""), FailureCategory::server);
    EXPECT_EQ(category_of(302, ""), FailureCategory::unknown);
    EXPECT_EQ(category_of(400, R"({"error":{"code":400}})"), FailureCategory::bad_request);
    EXPECT_EQ(category_of(400, R"({"error":"x"})"), FailureCategory::bad_request);
}

}  // namespace
}  // namespace tutti::services::worker::providers
