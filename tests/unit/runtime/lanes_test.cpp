#include "runtime/lanes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tutti {
namespace {

class LanesTest : public ::testing::Test {
protected:
    using Lane = Lanes::Lane;

    static constexpr std::size_t unlimited = 1'000;

    void push(Lane lane, int count) {
        for (int i = 0; i < count; ++i) ASSERT_TRUE(lanes_.push(lane, [] {}));
    }
    // Starts what may start; a letter for each task, by lane.
    std::string start() {
        std::string order;
        while (const auto started = lanes_.take()) order += letter(started->lane);
        return order;
    }
    static char letter(Lane lane) { return static_cast<char>('a' + static_cast<int>(lane)); }

    Lanes lanes_{3, 4};
};

TEST_F(LanesTest, OneLaneMayUseEveryThread) {
    const Lane a = lanes_.open("lane", unlimited);
    push(a, 4);

    EXPECT_EQ(start(), "aaa");
}

TEST_F(LanesTest, EveryOtherLaneHasAPlaceBesideThem) {
    const Lane a = lanes_.open("lane", unlimited);
    const Lane b = lanes_.open("lane", unlimited);
    const Lane c = lanes_.open("lane", unlimited);
    push(a, 4);
    EXPECT_EQ(start(), "aaa");

    push(b, 2);
    push(c, 1);

    EXPECT_EQ(start(), "bc");
    lanes_.ended(b);
    EXPECT_EQ(start(), "b");
}

TEST_F(LanesTest, LanesTakeTurns) {
    const Lane a = lanes_.open("lane", unlimited);
    const Lane b = lanes_.open("lane", unlimited);
    push(a, 4);
    push(b, 4);

    EXPECT_EQ(start(), "aba");
    lanes_.ended(a);
    EXPECT_EQ(start(), "b");
    lanes_.ended(b);
    EXPECT_EQ(start(), "a");
}

TEST_F(LanesTest, ALaneRunsNoMoreTasksThanItMay) {
    const Lane a = lanes_.open("lane", 1);
    const Lane b = lanes_.open("lane", unlimited);
    push(a, 2);
    push(b, 3);

    EXPECT_EQ(start(), "abb");
    lanes_.ended(b);
    EXPECT_EQ(start(), "b");
    lanes_.ended(a);
    EXPECT_EQ(start(), "a");
}

TEST_F(LanesTest, AFullLaneRefusesAndTheOthersDoNot) {
    const Lane a = lanes_.open("lane", unlimited);
    const Lane b = lanes_.open("lane", unlimited);
    push(a, 4);

    EXPECT_FALSE(lanes_.push(a, [] {}));
    EXPECT_TRUE(lanes_.push(b, [] {}));
}

TEST_F(LanesTest, SayWhoseTasksRun) {
    const Lane a = lanes_.open("one", unlimited);
    (void)lanes_.open("two", unlimited);
    const Lane c = lanes_.open("three", unlimited);
    push(a, 2);
    push(c, 1);
    EXPECT_TRUE(lanes_.busy().empty());

    EXPECT_EQ(start(), "aca");

    EXPECT_EQ(lanes_.busy(), (std::vector<std::string>{"one (2)", "three (1)"}));
    lanes_.ended(c);
    EXPECT_EQ(lanes_.busy(), (std::vector<std::string>{"one (2)"}));
}

TEST_F(LanesTest, WhatHasNotStartedCanBeDropped) {
    const Lane a = lanes_.open("lane", unlimited);
    const Lane b = lanes_.open("lane", unlimited);
    push(a, 4);
    push(b, 2);

    EXPECT_EQ(lanes_.drop().size(), 6U);
    EXPECT_FALSE(lanes_.ready());
}

}  // namespace
}  // namespace tutti
