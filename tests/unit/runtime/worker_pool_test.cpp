#include "runtime/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "base/node_thread.hpp"

namespace tutti {
namespace {

// Occupies one thread of a pool until it is destroyed.
class Occupied {
public:
    explicit Occupied(WorkerPool& pool) {
        std::promise<void> started;
        EXPECT_TRUE(pool.try_post([&started, release = release_.get_future().share()] {
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
    std::promise<bool> marked;

    ASSERT_TRUE(pool.try_post([&] { marked.set_value(on_node_thread()); }));

    EXPECT_TRUE(marked.get_future().get());
    EXPECT_FALSE(on_node_thread());
}

TEST(WorkerPool, RefusesWhenTheQueueIsFullAndAcceptsAgainAfterwards) {
    WorkerPool pool({.threads = 1, .queued_max = 2});
    std::promise<void> second_ran;

    {
        const Occupied occupied(pool);
        EXPECT_TRUE(pool.try_post([] {}));
        EXPECT_TRUE(pool.try_post([&] { second_ran.set_value(); }));
        EXPECT_FALSE(pool.try_post([] {}));
    }
    second_ran.get_future().wait();

    EXPECT_TRUE(pool.try_post([] {}));
}

TEST(WorkerPool, AsManyTasksRunAtOnceAsThereAreThreads) {
    WorkerPool pool({.threads = 3, .queued_max = 3});

    const Occupied first(pool);
    const Occupied second(pool);
    const Occupied third(pool);

    EXPECT_TRUE(pool.try_post([] {}));
}

TEST(WorkerPool, StopWaitsForTheRunningTaskAndDropsTheQueuedOnes) {
    WorkerPool pool({.threads = 1, .queued_max = 1'000'000});
    auto owned = std::make_shared<int>(0);
    std::atomic<bool> queued_ran = false;
    std::atomic<bool> running_ended = false;
    std::promise<void> started;
    std::promise<void> release;

    ASSERT_TRUE(pool.try_post([&] {
        started.set_value();
        release.get_future().wait();
        running_ended = true;
    }));
    ASSERT_TRUE(pool.try_post([&, owned] { queued_ran = true; }));
    started.get_future().wait();
    auto stopped = std::async(std::launch::async, [&] {
        EXPECT_TRUE(pool.stop(Boottime::now() + std::chrono::minutes{1}));
    });
    while (pool.try_post([] {})) std::this_thread::yield();
    release.set_value();
    stopped.wait();

    EXPECT_TRUE(running_ended);
    EXPECT_FALSE(queued_ran);
    EXPECT_EQ(owned.use_count(), 1);
    EXPECT_FALSE(pool.try_post([] {}));
}

}  // namespace
}  // namespace tutti
