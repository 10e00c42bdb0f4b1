#include "common/process/lifecycle.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <future>
#include <stdexcept>
#include <string>

namespace tutti::services::process {
namespace {

using namespace std::chrono_literals;

TEST(Lifecycle, StepsRunInReverseOrderEvenAfterOneThrew) {
    std::string order;
    Lifecycle lifecycle;
    lifecycle.on_stop("first", [&] { order += '1'; });
    lifecycle.on_stop("second", [&] { throw std::runtime_error("no"); });
    lifecycle.on_stop("third", [&] { order += '3'; });

    lifecycle.request_stop();

    EXPECT_EQ(lifecycle.wait(), 0);
    EXPECT_EQ(order, "31");
}

TEST(Lifecycle, SignalsEndTheWait) {
    for (const int signal : {SIGTERM, SIGINT}) {
        bool stopped = false;
        Lifecycle lifecycle;
        lifecycle.on_stop("step", [&] { stopped = true; });

        ::kill(::getpid(), signal);

        EXPECT_EQ(lifecycle.wait(), 0);
        EXPECT_TRUE(stopped);
    }
}

TEST(Lifecycle, EarlyReturnRunsNoStepOnWhatIsDestroyedAlready) {
    bool stopped = false;

    {
        Lifecycle().on_stop("step", [&] { stopped = true; });
    }

    EXPECT_FALSE(stopped);
}

TEST(LifecycleDeathTest, HangingStepIsNamedWhenTheBoundIsOver) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto hang = [] {
        Lifecycle lifecycle({.stop_bound = 500ms});
        lifecycle.on_stop("the slow one", [] { std::promise<void>().get_future().wait(); });
        lifecycle.request_stop();
        return lifecycle.wait();
    };

    EXPECT_EXIT(static_cast<void>(hang()), ::testing::ExitedWithCode(1), "the slow one");
}

TEST(LifecycleDeathTest, ASecondSignalEndsTheProcessAtOnceAndNamesTheStep) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto hang = [] {
        Lifecycle lifecycle({.stop_bound = 1h});
        lifecycle.on_stop("the slow one", [] {
            ::kill(::getpid(), SIGINT);
            std::promise<void>().get_future().wait();
        });
        ::kill(::getpid(), SIGTERM);
        return lifecycle.wait();
    };

    EXPECT_EXIT(static_cast<void>(hang()), ::testing::ExitedWithCode(130),
                "second signal; giving up in: the slow one");
}

}  // namespace
}  // namespace tutti::services::process
