#include "runtime/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "base/node_thread.hpp"

namespace tutti {
namespace {

constexpr std::size_t unlimited = 1'000;

// Occupies one thread of a pool until it is destroyed.
class Occupied {
public:
    Occupied(WorkerPool& pool, Workers::Lane lane) {
        std::promise<void> started;
        EXPECT_TRUE(pool.try_post(lane, [&started, release = release_.get_future().share()] {
            started.set_value();
            release.wait();
        }));
        started.get_future().wait();
    }
    ~Occupied() { release_.set_value(); }

private:
    std::promise<void> release_;
};

TEST(WorkerPool, RunsTasksOnMarkedThreads) {
    WorkerPool pool({.threads = 2, .queued_max = 4});
    const auto lane = pool.open_lane("lane", unlimited);
    std::promise<bool> marked;

    ASSERT_TRUE(pool.try_post(lane, [&] { marked.set_value(on_node_thread()); }));

    EXPECT_TRUE(marked.get_future().get());
    EXPECT_FALSE(on_node_thread());
}

TEST(WorkerPool, RefusesWhenTheQueueIsFullAndAcceptsAgainAfterwards) {
    WorkerPool pool({.threads = 1, .queued_max = 2});
    const auto lane = pool.open_lane("lane", unlimited);
    std::promise<void> second_ran;

    {
        const Occupied occupied(pool, lane);
        EXPECT_TRUE(pool.try_post(lane, [] {}));
        EXPECT_TRUE(pool.try_post(lane, [&] { second_ran.set_value(); }));
        EXPECT_FALSE(pool.try_post(lane, [] {}));
    }
    second_ran.get_future().wait();

    EXPECT_TRUE(pool.try_post(lane, [] {}));
}

TEST(WorkerPool, AsManyTasksRunAtOnceAsThereAreThreads) {
    WorkerPool pool({.threads = 3, .queued_max = 3});
    const auto lane = pool.open_lane("lane", unlimited);

    const Occupied first(pool, lane);
    const Occupied second(pool, lane);
    const Occupied third(pool, lane);

    EXPECT_TRUE(pool.try_post(lane, [] {}));
}

// Forty tasks of one lane hang; without a place of its own the other lane's would wait for ever.
TEST(WorkerPool, ALaneWhoseTasksHangLeavesAPlaceToEveryOther) {
    WorkerPool pool({.threads = 2, .queued_max = 100});
    const auto hangs = pool.open_lane("lane", unlimited);
    const auto other = pool.open_lane("lane", unlimited);
    const auto third = pool.open_lane("lane", unlimited);
    std::promise<void> release;
    const auto released = release.get_future().share();
    for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE(pool.try_post(hangs, [released] { released.wait(); }));
    }

    for (int i = 0; i < 10; ++i) {
        const Occupied one(pool, other);
        const Occupied beside_it(pool, third);
    }

    release.set_value();
}

TEST(WorkerPool, StopWaitsForTheRunningTaskAndDropsTheQueuedOnes) {
    WorkerPool pool({.threads = 1, .queued_max = 1'000'000});
    const auto lane = pool.open_lane("lane", unlimited);
    auto owned = std::make_shared<int>(0);
    std::atomic<bool> queued_ran = false;
    std::atomic<bool> running_ended = false;
    std::promise<void> started;
    std::promise<void> release;

    ASSERT_TRUE(pool.try_post(lane, [&] {
        started.set_value();
        release.get_future().wait();
        running_ended = true;
    }));
    ASSERT_TRUE(pool.try_post(lane, [&, owned] { queued_ran = true; }));
    started.get_future().wait();
    auto stopped = std::async(std::launch::async, [&] {
        EXPECT_TRUE(pool.stop(Boottime::now() + std::chrono::minutes{1}));
    });
    while (pool.try_post(lane, [] {})) std::this_thread::yield();
    release.set_value();
    stopped.wait();

    EXPECT_TRUE(running_ended);
    EXPECT_FALSE(queued_ran);
    EXPECT_EQ(owned.use_count(), 1);
    EXPECT_FALSE(pool.try_post(lane, [] {}));
}

}  // namespace
}  // namespace tutti
