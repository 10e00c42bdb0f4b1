// Cooldowns are swept now and then, whatever their period.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/engine.hpp"
#include "support/unowned.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/quiet_bus.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

class Sweep : public ::testing::Test {
protected:
    // When the first sweep is due of a node with one cooldown of this period.
    std::optional<TimePoint> first_sweep(Duration period) {
        auto engine =
            std::make_shared<Engine>(NodeOptions{.name = "node"},
                                     EngineParts{.store = nullptr,
                                                 .bus = std::make_unique<testing::QuietBus>(),
                                                 .executor = tests::unowned<Executor>(executor_),
                                                 .workers = nullptr,
                                                 .clock = &clock_,
                                                 .member = "node-1"});
        (void)engine->declare_cooldown(
            {.name = "notices", .caches = "notices", .period = period, .bound = entries(10)});
        engine->start(10s, [](const Result<void>& started) { EXPECT_TRUE(started); });
        while (executor_.posted_count() > 0) executor_.run_one();
        const auto due = executor_.next_timer();
        engine->stop([] {});
        while (executor_.posted_count() > 0) executor_.run_one();
        engines_.push_back(std::move(engine));
        return due;
    }

    testing::ManualClock clock_;
    testing::ManualExecutor executor_{clock_};
    std::vector<std::shared_ptr<Engine>> engines_;
};

TEST_F(Sweep, ComesOncePerPeriod) { EXPECT_EQ(first_sweep(1h), clock_.now() + 1h); }

TEST_F(Sweep, NeverComesWithoutALimit) {
    EXPECT_EQ(first_sweep(Duration::max()), TimePoint::max());
}

TEST_F(Sweep, ComesAtMostOnceASecond) { EXPECT_EQ(first_sweep(1ns), clock_.now() + 1s); }

}  // namespace
}  // namespace tutti
