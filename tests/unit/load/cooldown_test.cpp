#include <gtest/gtest.h>

#include "load/cooldown_core.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti::testing {
namespace {

using namespace std::chrono_literals;

class CooldownTest : public ::testing::Test {
protected:
    ManualClock clock_;
    tutti::CooldownCore cooldown_{{.name = "n", .caches = "n", .period = 1h, .bound = entries(3)},
                                  {.clock = &clock_}};
};

TEST_F(CooldownTest, IsAllowedAgainAtExactlyOnePeriod) {
    EXPECT_TRUE(cooldown_.try_claim("a"));

    clock_.advance(1h - 1ns);
    EXPECT_FALSE(cooldown_.try_claim("a"));
    clock_.advance(1ns);
    EXPECT_TRUE(cooldown_.try_claim("a"));
}

TEST_F(CooldownTest, ARefusedCallDoesNotExtendTheWait) {
    EXPECT_TRUE(cooldown_.try_claim("a"));
    clock_.advance(59min);
    EXPECT_FALSE(cooldown_.try_claim("a"));

    clock_.advance(1min);

    EXPECT_TRUE(cooldown_.try_claim("a"));
}

TEST_F(CooldownTest, TheSweepKeepsWhatIsStillCountedAndRemovesTheRest) {
    EXPECT_TRUE(cooldown_.try_claim("old"));
    clock_.advance(1min);
    EXPECT_TRUE(cooldown_.try_claim("young"));
    clock_.advance(59min + 1s);

    cooldown_.sweep();

    EXPECT_EQ(cooldown_.counters().entries, 1U);
    EXPECT_FALSE(cooldown_.try_claim("young"));
}

TEST_F(CooldownTest, TheBoundForgetsTheOldestClaim) {
    for (const char* key : {"a", "b", "c", "d"}) EXPECT_TRUE(cooldown_.try_claim(key));

    EXPECT_TRUE(cooldown_.try_claim("a"));
    EXPECT_EQ(cooldown_.counters().entries, 3U);
}

}  // namespace
}  // namespace tutti::testing
