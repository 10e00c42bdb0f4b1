#include "runtime/asio_executor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/node_thread.hpp"
#include "runtime/runtime.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

// Returns when everything that was posted before has run.
void drain(Runtime& runtime) {
    std::promise<void> reached;
    runtime.executor().post([&] { reached.set_value(); });
    reached.get_future().wait();
}

TEST(AsioExecutor, TasksOfOneCallerRunInOrderAndNeverInsidePost) {
    Runtime runtime;
    std::vector<int> order;
    std::promise<void> done;

    runtime.executor().post([&] {
        runtime.executor().post([&] {
            order.push_back(2);
            done.set_value();
        });
        order.push_back(1);
    });
    EXPECT_TRUE(order.empty());
    runtime.start();
    done.get_future().wait();

    EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(AsioExecutor, TasksRunOnOneMarkedThread) {
    Runtime runtime;
    std::thread::id first;
    std::thread::id second;
    bool marked = false;

    runtime.executor().post([&] { first = std::this_thread::get_id(); });
    runtime.executor().post([&] {
        second = std::this_thread::get_id();
        marked = on_node_thread() && runtime.on_thread();
    });
    runtime.start();
    drain(runtime);

    EXPECT_EQ(first, second);
    EXPECT_NE(first, std::this_thread::get_id());
    EXPECT_TRUE(marked);
    EXPECT_FALSE(on_node_thread());
    EXPECT_FALSE(runtime.on_thread());
}

TEST(AsioExecutor, EquallyDueTimersRunInTheOrderOfTheirIds) {
    Runtime runtime;
    const TimePoint due = Boottime::now();
    std::vector<int> order;
    std::promise<void> done;

    runtime.executor().run_at(due, [&] { order.push_back(1); });
    runtime.executor().run_at(due, [&] { order.push_back(2); });
    runtime.executor().run_at(due - 1s, [&] { order.push_back(0); });
    runtime.executor().run_at(due, [&] { done.set_value(); });
    runtime.start();
    done.get_future().wait();

    EXPECT_EQ(order, (std::vector{0, 1, 2}));
}

TEST(AsioExecutor, ATimerIsNotEarlyAndAnEarlierOneOvertakes) {
    Runtime runtime;
    const TimePoint late = Boottime::now() + 30ms;
    const TimePoint early = Boottime::now() + 10ms;
    std::promise<TimePoint> late_ran;
    std::promise<TimePoint> early_ran;

    runtime.start();
    runtime.executor().run_at(late, [&] { late_ran.set_value(Boottime::now()); });
    runtime.executor().run_at(early, [&] { early_ran.set_value(Boottime::now()); });
    const TimePoint early_at = early_ran.get_future().get();
    const TimePoint late_at = late_ran.get_future().get();

    EXPECT_GE(early_at, early);
    EXPECT_GE(late_at, late);
    EXPECT_LT(early_at, late_at);
}

TEST(AsioExecutor, CancelIsTrueExactlyWhenTheTaskWillNotRun) {
    Runtime runtime;
    runtime.start();
    bool ran = false;
    std::promise<void> done;

    const auto far = runtime.executor().run_at(Boottime::now() + 1h, [&] { ran = true; });
    EXPECT_TRUE(runtime.executor().cancel(far));
    EXPECT_FALSE(runtime.executor().cancel(far));
    const auto near = runtime.executor().run_at(Boottime::now(), [&] { done.set_value(); });
    done.get_future().wait();

    EXPECT_FALSE(runtime.executor().cancel(near));
    EXPECT_FALSE(runtime.executor().cancel(Executor::TimerId{12345}));
    EXPECT_FALSE(runtime.executor().cancel(Executor::TimerId::none));
    EXPECT_FALSE(ran);
}

TEST(AsioExecutor, ATimerThatIsDueWithAnotherCanStillCancelIt) {
    Runtime runtime;
    const TimePoint due = Boottime::now();
    bool cancelled = false;
    bool ran = false;
    std::promise<void> done;
    Executor::TimerId second{};

    runtime.executor().run_at(due, [&] { cancelled = runtime.executor().cancel(second); });
    second = runtime.executor().run_at(due, [&] { ran = true; });
    runtime.executor().run_at(due, [&] { done.set_value(); });
    runtime.start();
    done.get_future().wait();

    EXPECT_TRUE(cancelled);
    EXPECT_FALSE(ran);
}

TEST(AsioExecutor, ATimerThatSetsTheNextOneKeepsPostedTasksRunning) {
    std::atomic<bool> stop = false;
    std::function<void()> again;  // before the runtime, which may call it until it has gone
    Runtime runtime;
    runtime.start();
    again = [&] {
        if (!stop) runtime.executor().run_at(TimePoint{}, again);
    };

    runtime.executor().run_at(TimePoint{}, again);
    drain(runtime);
    drain(runtime);

    stop = true;
    drain(runtime);
}

TEST(Runtime, StopRunsWhatWasPostedBeforeItAndNothingLater) {
    Runtime runtime;
    runtime.start();
    int ran = 0;
    auto owned = std::make_shared<int>(0);

    for (int i = 0; i < 1000; ++i) runtime.executor().post([&] { ++ran; });
    runtime.executor().run_at(Boottime::now() + 1h, [&, owned] { ran = -1; });
    runtime.stop();
    runtime.executor().post([&] { ran = -1; });
    runtime.stop();

    EXPECT_EQ(ran, 1000);
    EXPECT_EQ(owned.use_count(), 1) << "a timer that never ran is destroyed by the stop";
}

TEST(Runtime, DestroyingItDropsWhatNeverRan) {
    auto owned = std::make_shared<int>(0);

    {
        Runtime runtime;
        runtime.executor().post([owned] {});
        runtime.executor().run_at(Boottime::now() + 1h, [owned] {});
    }

    EXPECT_EQ(owned.use_count(), 1);
}

TEST(AsioExecutor, ATimerWithoutALimitNeverRunsAndHoldsUpNoOther) {
    Runtime runtime;
    runtime.start();
    std::atomic<bool> ran = false;
    std::promise<void> reached;

    const auto never = runtime.executor().run_at(TimePoint::max(), [&] { ran = true; });
    drain(runtime);
    runtime.executor().run_at(saturating_add(Boottime::now(), 1ms), [&] { reached.set_value(); });
    reached.get_future().wait();

    EXPECT_FALSE(ran);
    EXPECT_TRUE(runtime.executor().cancel(never));
}

TEST(RuntimeDeathTest, ATaskThatThrowsEndsTheProgram) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            Runtime runtime;
            runtime.executor().post([] { throw std::runtime_error("from a task"); });
            runtime.start();
            runtime.stop();
        },
        "from a task");
}

}  // namespace
}  // namespace tutti
