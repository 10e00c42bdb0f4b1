#include "common/process/kept_figure.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>
#include <vector>

namespace tutti::services::process {
namespace {

using namespace std::chrono_literals;

TEST(KeptFigure, IsAskedForOnceHoweverManyWantIt) {
    std::atomic<int> asked = 0;
    std::latch all(8);
    KeptFigure<int> figure(1h, [&] { return std::optional(++asked); });

    std::vector<std::future<std::optional<int>>> found;
    for (int i = 0; i < 8; ++i) {
        found.push_back(std::async(std::launch::async, [&] {
            all.arrive_and_wait();
            return figure.get();
        }));
    }

    for (auto& each : found) EXPECT_EQ(each.get(), 1);
    EXPECT_EQ(asked, 1);
}

TEST(KeptFigure, OthersGetTheLastOneWhileItIsAskedForAgain) {
    std::promise<void> release;
    const auto released = release.get_future().share();
    std::promise<void> entered;
    int asked = 0;
    KeptFigure<int> figure(Duration::zero(), [&]() -> std::optional<int> {
        if (++asked == 2) {
            entered.set_value();
            released.wait();
        }
        return asked;
    });
    EXPECT_EQ(figure.get(), 1);

    auto slow = std::async(std::launch::async, [&] { return figure.get(); });
    entered.get_future().get();
    EXPECT_EQ(figure.get(), 1);
    release.set_value();

    EXPECT_EQ(slow.get(), 2);
}

TEST(KeptFigure, WhatCannotBeSaidIsKeptToo) {
    int asked = 0;
    KeptFigure<int> figure(1h, [&]() -> std::optional<int> {
        ++asked;
        throw std::runtime_error("away");
    });

    EXPECT_EQ(figure.get(), std::nullopt);
    EXPECT_EQ(figure.get(), std::nullopt);
    EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace tutti::services::process
