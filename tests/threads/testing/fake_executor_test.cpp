#include "tutti/testing/fake_executor.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tutti::testing {
namespace {

TEST(ManualExecutor, TasksMayBePostedFromOtherThreads) {
    ManualClock clock;
    ManualExecutor executor(clock);
    std::size_t count = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 500; ++n) {
                    executor.post([&] { ++count; });
                    executor.cancel(executor.run_at(clock.now(), [&] { ++count; }));
                }
            });
        }
    }

    EXPECT_EQ(executor.run_ready(), 2000U);
    EXPECT_EQ(count, 2000U);
}

}  // namespace
}  // namespace tutti::testing
