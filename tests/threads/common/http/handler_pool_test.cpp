#include "common/http/handler_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>

namespace tutti::services::http {
namespace {

TEST(HandlerPool, RunsWhatIsSubmittedAndStopsWhenAllOfItHasRun) {
    std::atomic<int> ran = 0;
    HandlerPool pool({.threads = 2, .queued_max = 100});

    for (int i = 0; i < 50; ++i) EXPECT_TRUE(pool.submit([&] { ++ran; }));
    pool.stop();

    EXPECT_EQ(ran, 50);
    EXPECT_FALSE(pool.submit([&] { ++ran; }));
}

TEST(HandlerPool, QueueIsBoundedBehindBusyThreads) {
    std::promise<void> release;
    const auto released = release.get_future().share();
    std::latch entered(2);
    HandlerPool pool({.threads = 2, .queued_max = 1});
    const auto wait = [&] {
        entered.count_down();
        released.wait();
    };

    EXPECT_TRUE(pool.submit(wait));
    EXPECT_TRUE(pool.submit(wait));
    entered.wait();
    EXPECT_TRUE(pool.submit([] {}));
    EXPECT_FALSE(pool.submit([] {}));
    release.set_value();
}

TEST(HandlerPool, ThreadOutlivesAJobThatThrows) {
    std::promise<void> ran;
    HandlerPool pool({.threads = 1, .queued_max = 8});

    EXPECT_TRUE(pool.submit([] { throw std::runtime_error("a job"); }));
    EXPECT_TRUE(pool.submit([] { throw 7; }));
    EXPECT_TRUE(pool.submit([&] { ran.set_value(); }));

    ran.get_future().get();
}

}  // namespace
}  // namespace tutti::services::http
