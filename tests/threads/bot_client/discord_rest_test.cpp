// Calls end to end, without a network: what would be sent is written down and answered from a
// script. A call that waits does so on the machine's clock; for how long is CallScheduler's, which
// has a test of its own.
#include "bot-client/rest/discord_rest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace tutti::services::bot::rest {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* token = "the-token-of-the-bot";

class Rest : public ::testing::Test {
protected:
    void answer(int status, std::string body = "{}") {
        script.push_back({.response = http::Response{.status = status, .body = std::move(body)}});
    }
    void fail_with(Errc code, bool begun) {
        script.push_back({.response = fail(code, "http", "scripted"), .begun = begun});
    }
    static Route route(const char* method, const char* pattern = "/channels/{}/messages",
                       std::initializer_list<std::string_view> parameters = {"42"}) {
        return Route::make(method, pattern, parameters).value();
    }
    CallResult<http::Response> call(const RestCall& what) {
        return rest.call(what, Boottime::now() + 10s);
    }

    struct Scripted {
        Result<http::Response> response;
        bool begun = false;
    };
    std::deque<Scripted> script;
    std::vector<http::Request> sent;
    DiscordRest rest{{.api_url = "https://discord.example/api/v10",
                      .token = process::Secret(token),
                      .repeat_pause = 1ms},
                     [this](std::string_view, const http::Request& request, TimePoint,
                            http::Client::Trace& trace) {
                         sent.push_back(request);
                         Scripted next = script.front();
                         script.pop_front();
                         trace.begun = next.begun;
                         return next.response;
                     }};
};

TEST_F(Rest, SendsWhatDiscordWants) {
    answer(200, R"({"id":"1"})");

    const auto answered = call({.route = route("POST"), .body = R"({"content":"hi"})"});

    ASSERT_TRUE(answered.has_value());
    EXPECT_EQ(answered->body, R"({"id":"1"})");
    ASSERT_THAT(sent, SizeIs(1));
    EXPECT_EQ(sent[0].method, "POST");
    EXPECT_EQ(sent[0].path, "/channels/42/messages");
    EXPECT_EQ(sent[0].headers.find("Authorization"), "Bot the-token-of-the-bot");
    EXPECT_EQ(sent[0].headers.find("Content-Type"), "application/json");
    EXPECT_THAT(std::string(*sent[0].headers.find("User-Agent")), HasSubstr("DiscordBot ("));
}

TEST_F(Rest, ARouteWithItsOwnTokenDoesNotGetTheBots) {
    answer(204);

    (void)call({.route = route("POST", "/webhooks/{}/{}", {"7", "secret"})});

    EXPECT_FALSE(sent[0].headers.find("Authorization").has_value());
}

TEST_F(Rest, AnswersThatRefuseAreAnswers) {
    answer(403, R"({"code":50013})");

    const auto answered = call({.route = route("POST")});

    ASSERT_TRUE(answered.has_value());
    EXPECT_EQ(answered->status, 403);
    EXPECT_EQ(rest.figures().invalid, 1U);
}

TEST_F(Rest, APostThatDiscordMayHaveSeenIsNotSentAgain) {
    fail_with(Errc::timeout, true);

    const auto answered = call({.route = route("POST")});

    ASSERT_FALSE(answered.has_value());
    EXPECT_TRUE(answered.error().begun);
    EXPECT_EQ(answered.error().error.code, Errc::timeout);
    EXPECT_THAT(sent, SizeIs(1));
}

TEST_F(Rest, AnAnswerThatCannotBeReadLeavesOpenWhatWasDone) {
    fail_with(Errc::protocol, true);

    const auto answered = call({.route = route("GET")});

    EXPECT_TRUE(answered.error().begun);
    EXPECT_THAT(sent, SizeIs(1));
}

TEST_F(Rest, APostThatWasNotSentGoesAgain) {
    fail_with(Errc::unavailable, false);
    answer(200);

    EXPECT_TRUE(call({.route = route("POST")}).has_value());
    EXPECT_THAT(sent, SizeIs(2));
}

TEST_F(Rest, AMessageWithANonceGoesAgain) {
    fail_with(Errc::timeout, true);
    answer(502);
    answer(200);

    const auto answered = call({.route = route("POST"), .repeat = RestCall::Repeat::by_nonce});

    ASSERT_TRUE(answered.has_value());
    EXPECT_EQ(answered->status, 200);
    EXPECT_THAT(sent, SizeIs(3));
}

TEST_F(Rest, DiscordKnowsNoNonceOfAWebhook) {
    const auto answered = call({.route = route("POST", "/webhooks/{}/{}", {"7", "secret"}),
                                .repeat = RestCall::Repeat::by_nonce});

    ASSERT_FALSE(answered.has_value());
    EXPECT_EQ(answered.error().error.code, Errc::invalid_option);
    EXPECT_THAT(sent, SizeIs(0));
}

TEST_F(Rest, APostThatDiscordFailedAtIsItsAnswer) {
    answer(500);

    const auto answered = call({.route = route("POST")});

    ASSERT_TRUE(answered.has_value());
    EXPECT_EQ(answered->status, 500);
    EXPECT_THAT(sent, SizeIs(1));
}

TEST_F(Rest, WhatIsHarmlessIsTriedThreeTimes) {
    for (int i = 0; i < 3; ++i) answer(503);

    const auto answered = call({.route = route("PATCH")});

    ASSERT_TRUE(answered.has_value());
    EXPECT_EQ(answered->status, 503);
    EXPECT_THAT(sent, SizeIs(3));
}

TEST_F(Rest, A429IsSentAgainByItself) {
    script.push_back({.response = http::Response{.status = 429,
                                                 .headers = {{"X-RateLimit-Scope", "shared"}},
                                                 .body = R"({"retry_after":0.001})"}});
    answer(200);

    const auto answered = call({.route = route("POST")});

    ASSERT_TRUE(answered.has_value());
    EXPECT_EQ(answered->status, 200);
    EXPECT_EQ(rest.figures().limited_shared, 1U);
}

TEST_F(Rest, AWaitBeyondTheDeadlineIsRefusedAtOnce) {
    script.push_back({.response = http::Response{.status = 429,
                                                 .headers = {{"X-RateLimit-Scope", "shared"}},
                                                 .body = R"({"retry_after":60})"}});

    const auto answered = call({.route = route("POST")});

    ASSERT_FALSE(answered.has_value());
    EXPECT_EQ(answered.error().error.code, Errc::overloaded);
    EXPECT_FALSE(answered.error().begun);
}

TEST_F(Rest, ErrorsNameTheRouteAndNothingThatIsSecret) {
    fail_with(Errc::timeout, true);

    const auto answered = call(
        {.route = route("POST", "/webhooks/{}/{}", {"7", "webhook-secret"}), .body = "body-text"});

    const std::string text = answered.error().error.message();
    EXPECT_THAT(text, HasSubstr("discord POST /webhooks/{}/{}"));
    for (const char* secret : {token, "webhook-secret", "body-text"}) {
        EXPECT_THAT(text, Not(HasSubstr(secret)));
    }
}

TEST_F(Rest, AfterStopNothingIsSent) {
    rest.stop();

    EXPECT_EQ(call({.route = route("GET")}).error().error.code, Errc::stopped);
    EXPECT_THAT(sent, SizeIs(0));
}

}  // namespace
}  // namespace tutti::services::bot::rest
