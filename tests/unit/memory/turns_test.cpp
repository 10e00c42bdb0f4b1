// The two queues of turns beside what they are: two std::deque.
#include "tutti/detail/turns.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>

namespace tutti {
namespace {

struct TurnsTest : ::testing::Test {
    void push(unsigned to) {
        turns.push(to, next);
        model[to].push_back(next++);
    }
    void pop(unsigned from) {
        ASSERT_EQ(turns.pop(from), model[from].front());
        model[from].pop_front();
    }
    void pop_all() {
        for (const unsigned queue : {0U, 1U}) {
            while (!model[queue].empty()) pop(queue);
        }
    }
    void TearDown() override { pop_all(); }

    detail::Turns turns{nullptr};
    std::array<std::deque<std::uint32_t>, 2> model;
    std::uint32_t next = 0;
};

TEST_F(TurnsTest, ComeUpAsTheyCame) {
    std::mt19937_64 random(1);
    for (const std::size_t most : {1U, 5U, 61U, 62U, 63U, 125U, 1000U}) {
        for (int i = 0; i < 20'000; ++i) {
            const auto queue = static_cast<unsigned>(random() % 2);
            if (random() % 2 == 0 && model[0].size() + model[1].size() < most) {
                turns.reserve();
                push(queue);
            } else if (!model[queue].empty()) {
                pop(queue);
            }
            if (HasFatalFailure()) return;
        }
    }
}

// As entries go from one queue to the other while no allocation may fail.
TEST_F(TurnsTest, MoveBetweenTheQueuesWithinWhatWasReservedBefore) {
    std::mt19937_64 random(2);
    for (int i = 0; i < 500; ++i) {
        turns.reserve();
        push(0);
    }
    for (int i = 0; i < 100'000; ++i) {
        const auto from = static_cast<unsigned>(random() % 100 < (i % 5000 < 2500 ? 60U : 40U));
        if (model[from].empty()) continue;
        pop(from);
        push(random() % 10 == 0 ? from : 1 - from);
    }
}

TEST_F(TurnsTest, AreUsedAgainWhenAllAreForgotten) {
    for (int round = 0; round < 3; ++round) {
        for (std::uint32_t i = 0; i < 200; ++i) {
            turns.reserve();
            push(i % 2);
        }
        EXPECT_EQ(turns.front(1), model[1].front());

        turns.clear();

        model = {};
        EXPECT_TRUE(turns.empty(0));
        EXPECT_TRUE(turns.empty(1));
    }
}

TEST_F(TurnsTest, TellWhatComesUpSoon) {
    for (int i = 0; i < 10; ++i) {
        turns.reserve();
        push(0);
    }

    EXPECT_EQ(turns.ahead(0), 4U);
}

}  // namespace
}  // namespace tutti
