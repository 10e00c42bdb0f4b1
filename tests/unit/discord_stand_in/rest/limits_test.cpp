#include "discord-stand-in/rest/limits.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace tutti::services::discord::rest {
namespace {

using namespace std::chrono_literals;
using process::UnixTime;

constexpr UnixTime start{std::chrono::milliseconds(1'800'000'000'000)};

class RateLimits : public ::testing::Test {
protected:
    Limits::Verdict take(std::string major = "1", std::string route = "POST /a") {
        return limits.take({.route = std::move(route),
                            .major = std::move(major),
                            .allowance = {.calls = 2, .window = 5s},
                            .counts_globally = true,
                            .hidden = hidden},
                           now);
    }
    static std::string header(const Limits::Verdict& verdict, std::string_view name) {
        return std::string(verdict.headers.find(name).value_or("none"));
    }

    UnixTime now = start;
    std::optional<HiddenLimit> hidden;
    Limits limits;
};

TEST_F(RateLimits, HeadersSayWhatIsLeft) {
    const auto verdict = take();

    EXPECT_FALSE(verdict.limited);
    EXPECT_EQ(header(verdict, "X-RateLimit-Limit"), "2");
    EXPECT_EQ(header(verdict, "X-RateLimit-Remaining"), "1");
    EXPECT_EQ(header(verdict, "X-RateLimit-Reset-After"), "5.000");
    EXPECT_EQ(header(verdict, "X-RateLimit-Reset"), "1800000005.000");
    EXPECT_EQ(header(verdict, "X-RateLimit-Bucket").size(), 32U);
}

TEST_F(RateLimits, TheCallOverTheLimitWaitsForTheEndOfTheWindow) {
    (void)take();
    now = start + 1500ms;
    (void)take();
    const auto over = take();

    ASSERT_TRUE(over.limited);
    EXPECT_EQ(over.limited->retry_after, 3500ms);
    EXPECT_EQ(over.limited->scope, LimitScope::user);
    EXPECT_EQ(header(over, "X-RateLimit-Remaining"), "0");
    now = start + 5s;
    EXPECT_FALSE(take().limited);
}

TEST_F(RateLimits, AnotherChannelHasItsOwnWindowOfTheSameBucket) {
    const auto first = take("1");
    (void)take("1");

    const auto other = take("2");

    EXPECT_FALSE(other.limited);
    EXPECT_EQ(header(other, "X-RateLimit-Bucket"), header(first, "X-RateLimit-Bucket"));
    EXPECT_TRUE(take("1").limited);
}

TEST_F(RateLimits, AHiddenLimitShowsOnlyWhenItIsOver) {
    hidden = HiddenLimit{.key = "channel", .allowance = {.calls = 1, .window = 60s}};
    EXPECT_FALSE(take("1").limited);

    const auto over = take("2");

    ASSERT_TRUE(over.limited);
    EXPECT_EQ(over.limited->retry_after, 60s);
    EXPECT_EQ(header(over, "X-RateLimit-Remaining"), "1") << "the bucket's own";
}

TEST_F(RateLimits, TheBotAsAWholeHasALimit) {
    limits.set({.per_second = 2});
    (void)take("1");
    (void)take("2");

    const auto over = take("3");

    ASSERT_TRUE(over.limited);
    EXPECT_EQ(over.limited->scope, LimitScope::global);
    now = start + 1s;
    EXPECT_FALSE(take("3").limited);
}

TEST_F(RateLimits, AnOptionReplacesTheAllowanceOfARoute) {
    limits.set({.of = {{"POST /a", {.calls = 1, .window = 5s}}}});
    (void)take();

    EXPECT_TRUE(take().limited);
    EXPECT_FALSE(take("1", "POST /b").limited);
}

TEST_F(RateLimits, BucketsMayBeRenamed) {
    const auto before = header(take(), "X-RateLimit-Bucket");
    limits.rename_buckets();

    EXPECT_NE(header(take(), "X-RateLimit-Bucket"), before);
}

TEST_F(RateLimits, SwitchedOffTheyLimitNothingAndSayNothing) {
    limits.set({.on = false});
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(take().limited);
    EXPECT_EQ(take().headers.size(), 0U);
}

TEST(RateLimitAnswer, SaysWhenToComeBackAndWhoseLimitItIs) {
    const auto shared = Limits::answer({.scope = LimitScope::shared, .retry_after = 1200ms});
    EXPECT_EQ(shared.status, 429);
    EXPECT_EQ(shared.headers.find("Retry-After"), "2");
    EXPECT_EQ(shared.headers.find("X-RateLimit-Scope"), "shared");
    EXPECT_FALSE(shared.headers.find("X-RateLimit-Global"));
    EXPECT_EQ(shared.body,
              R"({"message":"You are being rate limited.","retry_after":1.200,"global":false})");

    const auto global = Limits::answer({.scope = LimitScope::global, .retry_after = 1s});
    EXPECT_EQ(global.headers.find("X-RateLimit-Global"), "true");
}

}  // namespace
}  // namespace tutti::services::discord::rest
