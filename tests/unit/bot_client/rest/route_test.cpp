#include "bot-client/rest/route.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace tutti::services::bot::rest {
namespace {

Route route(const char* pattern, std::initializer_list<std::string_view> parameters) {
    return Route::make("POST", pattern, parameters).value();
}

TEST(Route, FillsItsGaps) {
    const Route made = route("/channels/{}/messages/{}", {"42", "43"});

    EXPECT_EQ(made.path, "/channels/42/messages/43");
    EXPECT_EQ(made.major, "/42");
    EXPECT_EQ(made.operation(), "discord POST /channels/{}/messages/{}");
    EXPECT_FALSE(made.own_token);
}

TEST(Route, AParameterIsOneSegmentOfThePath) {
    EXPECT_EQ(route("/channels/{}", {"../guilds?x"}).path, "/channels/..%2Fguilds%3Fx");
}

TEST(Route, AWebhookWithItsTokenIsTheMajorParameter) {
    const Route made = route("/webhooks/{}/{}", {"7", "secret"});

    EXPECT_EQ(made.major, "/7/secret");
    EXPECT_TRUE(made.own_token);
    EXPECT_FALSE(made.operation().contains("secret"));
    EXPECT_EQ(route("/webhooks/{}", {"7"}).major, "/7");
    EXPECT_FALSE(route("/webhooks/{}", {"7"}).own_token);
}

TEST(Route, AnInteractionWithItsTokenIsTheMajorParameter) {
    const Route made = route("/interactions/{}/{}/callback", {"7", "secret"});

    EXPECT_TRUE(made.own_token);
    EXPECT_EQ(made.major, "/7/secret");
}

TEST(Route, ParametersThatDoNotFitAreRefused) {
    EXPECT_FALSE(Route::make("GET", "/channels/{}", {}).has_value());
    EXPECT_FALSE(Route::make("GET", "/channels/{}", {"1", "2"}).has_value());
    EXPECT_FALSE(Route::make("GET", "/channels/{}", {""}).has_value());
}

}  // namespace
}  // namespace tutti::services::bot::rest
