#include "common/net/slots.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace tutti::services::net {
namespace {

using namespace std::chrono_literals;

TimePoint soon() { return Boottime::now() + 10s; }

Errc code_of(const Result<Slots::Slot>& slot) {
    EXPECT_FALSE(slot);
    return slot ? Errc{} : slot.error().code;
}

void await_queued(const Slots& slots, std::size_t count) {
    while (slots.load().queued != count) std::this_thread::yield();
}

TEST(Slots, AreLimitedAndGivenBackWithTheObject) {
    Slots slots({.concurrent_max = 2, .queued_max = 0});
    std::optional first(*slots.take(soon()));
    const auto second = slots.take(soon());
    ASSERT_TRUE(second);
    EXPECT_EQ(code_of(slots.take(soon())), Errc::overloaded);

    first.reset();

    EXPECT_TRUE(slots.take(soon()));
    EXPECT_EQ(slots.load().in_use, 1U);
}

TEST(Slots, FullQueueRefusesAtOnce) {
    Slots slots({.concurrent_max = 1, .queued_max = 1});
    std::optional held(*slots.take(soon()));
    auto waiting = std::async(std::launch::async, [&] { return slots.take(soon()).has_value(); });
    await_queued(slots, 1);

    // Its deadline is far away: an answer proves that it did not wait.
    EXPECT_EQ(code_of(slots.take(Boottime::now() + 24h)), Errc::overloaded);

    held.reset();
    EXPECT_TRUE(waiting.get());
}

TEST(Slots, WaitingEndsAtTheDeadline) {
    Slots slots({.concurrent_max = 1, .queued_max = 1});
    const auto held = slots.take(soon());

    const auto before = Boottime::now();
    EXPECT_EQ(code_of(slots.take(before + 20ms)), Errc::overloaded);

    EXPECT_GE(Boottime::now(), before + 20ms);
    EXPECT_EQ(slots.load().queued, 0U);
}

TEST(Slots, TurnsAreTakenInTheOrderOfArrival) {
    constexpr int callers = 8;
    Slots slots({.concurrent_max = 1, .queued_max = callers});
    std::optional held(*slots.take(soon()));
    std::mutex mutex;
    std::vector<int> order;
    std::vector<std::jthread> threads;
    for (int i = 0; i < callers; ++i) {
        threads.emplace_back([&, i] {
            const auto slot = slots.take(soon());
            const std::lock_guard lock(mutex);
            order.push_back(slot ? i : -1);
        });
        await_queued(slots, static_cast<std::size_t>(i) + 1);
    }

    held.reset();
    threads.clear();

    EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(slots.load().in_use, 0U);
}

TEST(Slots, StopEndsTheWaitingAndRefuses) {
    Slots slots({.concurrent_max = 1, .queued_max = 1});
    const auto held = slots.take(soon());
    auto waiting = std::async(std::launch::async, [&] { return code_of(slots.take(soon())); });
    await_queued(slots, 1);

    slots.stop();

    EXPECT_EQ(waiting.get(), Errc::stopped);
    EXPECT_EQ(code_of(slots.take(soon())), Errc::stopped);
}

TEST(Slots, NoSlotIsLostAmongManyThreads) {
    Slots slots({.concurrent_max = 3, .queued_max = 100});
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 500; ++i) {
                // Some give up while they wait, just when a slot may be handed to them.
                const auto slot = slots.take(Boottime::now() + (t % 2 == 0 ? 10s : 1us));
                if (t % 2 == 0) {
                    ASSERT_TRUE(slot);
                }
                ASSERT_LE(slots.load().in_use, 3U);
            }
        });
    }
    threads.clear();

    EXPECT_EQ(slots.load().in_use, 0U);
    EXPECT_EQ(slots.load().queued, 0U);
}

}  // namespace
}  // namespace tutti::services::net
