#include "base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tutti/log.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;
using namespace std::chrono_literals;

class LogLines : public ::testing::Test {
protected:
    testing::ManualClock clock_;
    LogLimiter limiter_{clock_};
};

TEST_F(LogLines, OneOfAKindAMinuteAndTheNextOneCountsWhatWasLeftOut) {
    EXPECT_THAT(limiter_.admit("database", "refused"), Optional(std::string("database: refused")));
    for (int i = 0; i < 4999; ++i) EXPECT_EQ(limiter_.admit("database", "refused"), std::nullopt);
    clock_.advance(LogLimiter::period - 1ns);
    EXPECT_EQ(limiter_.admit("database", "refused"), std::nullopt);

    clock_.advance(1ns);

    EXPECT_THAT(
        limiter_.admit("database", "timeout"),
        Optional(std::string("database: timeout (and 5000 such lines before it were left out)")));
    clock_.advance(LogLimiter::period);
    EXPECT_THAT(limiter_.admit("database", "refused"), Optional(std::string("database: refused")));
}

TEST_F(LogLines, KindsDoNotSilenceEachOther) {
    EXPECT_TRUE(limiter_.admit("cache a: a value was not stored", "too large"));
    EXPECT_TRUE(limiter_.admit("cache b: a value was not stored", "too large"));
    EXPECT_FALSE(limiter_.admit("cache a: a value was not stored", "too large"));
}

TEST_F(LogLines, KindsWithoutNumberShareOneAllowance) {
    std::size_t written = 0;
    for (std::size_t i = 0; i < 3 * LogLimiter::kinds_max; ++i) {
        written += limiter_.admit("peer " + std::to_string(i), "nonsense").has_value() ? 1U : 0U;
    }
    EXPECT_EQ(written, LogLimiter::kinds_max + 1);
}

TEST_F(LogLines, CopiesOfALogShareTheirLimits) {
    std::vector<std::string> written;
    const Log log([&](LogLevel, std::string_view text) { written.emplace_back(text); }, clock_);
    const Log copy = log;  // NOLINT(performance-unnecessary-copy-initialization): the subject

    log.limited(LogLevel::warning, "cache a", "away");
    copy.limited(LogLevel::warning, "cache a", "away");
    copy(LogLevel::warning, "stopping");

    EXPECT_THAT(written, ElementsAre("cache a: away", "stopping"));
}

TEST_F(LogLines, SilentLogHasNothingToLimit) { Log().limited(LogLevel::error, "cache a", "away"); }

}  // namespace
}  // namespace tutti
