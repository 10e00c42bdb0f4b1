#include "tutti/testing/fake_executor.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace tutti::testing {
namespace {

using std::chrono::milliseconds;
using Words = std::vector<std::string>;

class ManualExecutorTest : public ::testing::Test {
protected:
    Task say(std::string word) {
        return [this, word = std::move(word)] { said.push_back(word); };
    }
    TimePoint in(Duration time) { return clock.now() + time; }

    ManualClock clock;
    Words said;
    ManualExecutor executor{clock};
};

TEST_F(ManualExecutorTest, NothingRunsByItself) {
    executor.post(say("posted"));
    executor.run_at(clock.now(), say("timer"));

    EXPECT_TRUE(said.empty());
    EXPECT_EQ(executor.posted_count(), 1U);
    EXPECT_EQ(executor.timer_count(), 1U);
    EXPECT_TRUE(executor.ready());
}

TEST_F(ManualExecutorTest, TellsFromWhenOnItHasSomethingToRun) {
    EXPECT_EQ(executor.ready_at(), TimePoint::max());

    const auto late = executor.run_at(in(milliseconds{2}), say("late"));
    EXPECT_EQ(executor.ready_at(), in(milliseconds{2}));

    executor.run_at(in(milliseconds{1}), say("early"));
    EXPECT_EQ(executor.ready_at(), in(milliseconds{1}));

    executor.post(say("posted"));
    EXPECT_EQ(executor.ready_at(), TimePoint::min());

    executor.run_ready();
    EXPECT_EQ(executor.ready_at(), in(milliseconds{1}));

    executor.advance(milliseconds{1});
    EXPECT_EQ(executor.ready_at(), in(milliseconds{1}));

    executor.cancel(late);
    EXPECT_EQ(executor.ready_at(), TimePoint::max());
}

TEST_F(ManualExecutorTest, PostedTasksRunInOrderAndBeforeDueTimers) {
    executor.run_at(clock.now(), say("timer"));
    executor.post(say("one"));
    executor.post(say("two"));

    EXPECT_EQ(executor.run_ready(), 3U);
    EXPECT_EQ(said, (Words{"one", "two", "timer"}));
    EXPECT_FALSE(executor.ready());
}

TEST_F(ManualExecutorTest, TasksThatTasksPostRunInTheSameRound) {
    executor.post([&] {
        said.emplace_back("outer");
        executor.post(say("inner"));
        EXPECT_EQ(said.size(), 1U) << "never inside post";
    });

    EXPECT_EQ(executor.run_ready(), 2U);
    EXPECT_EQ(said, (Words{"outer", "inner"}));
}

TEST_F(ManualExecutorTest, TimersRunByTimeAndThenById) {
    executor.run_at(in(milliseconds{2}), say("late"));
    executor.run_at(in(milliseconds{1}), say("early one"));
    executor.run_at(in(milliseconds{1}), say("early two"));
    executor.run_at(in(-milliseconds{5}), say("past"));

    executor.advance(milliseconds{2});

    EXPECT_EQ(said, (Words{"past", "early one", "early two", "late"}));
}

TEST_F(ManualExecutorTest, TimerIsNotRunBeforeItsTime) {
    executor.run_at(in(milliseconds{10}), say("timer"));

    executor.advance(milliseconds{10} - Duration{1});
    EXPECT_TRUE(said.empty());
    executor.advance(Duration{1});
    EXPECT_EQ(said, Words{"timer"});
}

TEST_F(ManualExecutorTest, ClockStopsAtEachTimerOnTheWay) {
    const TimePoint start = clock.now();
    std::vector<TimePoint> times;
    executor.run_at(in(milliseconds{3}), [&] {
        times.push_back(clock.now());
        executor.run_at(in(milliseconds{4}), [&] { times.push_back(clock.now()); });
    });

    executor.advance(milliseconds{10});

    EXPECT_EQ(times, (std::vector{start + milliseconds{3}, start + milliseconds{7}}));
    EXPECT_EQ(clock.now(), start + milliseconds{10});
}

TEST_F(ManualExecutorTest, CancelledTimerDoesNotRunAndARunOneCannotBeCancelled) {
    const auto cancelled = executor.run_at(clock.now(), say("cancelled"));
    const auto ran = executor.run_at(clock.now(), say("ran"));

    EXPECT_TRUE(executor.cancel(cancelled));
    EXPECT_FALSE(executor.cancel(cancelled));
    executor.run_ready();

    EXPECT_EQ(said, Words{"ran"});
    EXPECT_FALSE(executor.cancel(ran));
    EXPECT_FALSE(executor.cancel(Executor::TimerId::none));
    EXPECT_EQ(executor.timer_count(), 0U);
}

TEST_F(ManualExecutorTest, RunUntilStopsAsSoonAsTheConditionHolds) {
    const TimePoint start = clock.now();
    executor.run_at(in(milliseconds{5}), say("five"));
    executor.run_at(in(milliseconds{9}), say("nine"));

    EXPECT_TRUE(executor.run_until([&] { return said == Words{"five"}; }, milliseconds{100}));
    EXPECT_EQ(clock.now(), start + milliseconds{5});

    EXPECT_FALSE(executor.run_until([] { return false; }, milliseconds{100}));
    EXPECT_EQ(clock.now(), start + milliseconds{105});
    EXPECT_EQ(said, (Words{"five", "nine"}));
}

TEST_F(ManualExecutorTest, NextTimerIsTheEarliest) {
    EXPECT_EQ(executor.next_timer(), std::nullopt);
    executor.run_at(in(milliseconds{7}), say("seven"));
    executor.run_at(in(milliseconds{4}), say("four"));

    EXPECT_EQ(executor.next_timer(), in(milliseconds{4}));
}

TEST_F(ManualExecutorTest, SimulatorMovesTheClockOfAnExecutorOverAnyClock) {
    const Clock& foreign = clock;
    ManualExecutor over_foreign(foreign);
    over_foreign.run_at(in(milliseconds{1}), say("timer"));

    EXPECT_FALSE(over_foreign.run_one());
    clock.advance(milliseconds{1});
    EXPECT_TRUE(over_foreign.run_one());
    EXPECT_EQ(said, Words{"timer"});
}

TEST_F(ManualExecutorTest, DestructionDestroysTasksThatUseTheExecutorWhileTheyDie) {
    struct Poster {
        Executor& executor;
        ~Poster() {
            executor.post([] {});
            executor.cancel(Executor::TimerId{1});
        }
    };
    auto dying = std::make_unique<ManualExecutor>(clock);
    dying->run_at(clock.now(), [] {});
    dying->post([poster = std::make_shared<Poster>(*dying)] {});

    dying.reset();

    EXPECT_TRUE(said.empty());
}

}  // namespace
}  // namespace tutti::testing
