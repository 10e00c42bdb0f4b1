#include "load/take_back.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>

#include "support/unowned.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

class TakeBacks : public ::testing::Test {
protected:
    // Of something whose writing has failed.
    TakeBack::Remove removal() {
        return [this](TimePoint, Completion<bool> done) {
            ++asked;
            if (away) return done(fail(Errc::unavailable, "remove", "no connection"));
            ++answered;
            done(there);
        };
    }
    void fail_writes(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) take_back->take(removal());
    }

    testing::ManualClock clock;
    testing::ManualExecutor executor{clock};
    std::shared_ptr<TakeBack> take_back =
        std::make_shared<TakeBack>(clock, tests::unowned<Executor>(executor), 20s);
    bool away = true;
    bool there = false;
    std::size_t asked = 0;
    std::size_t answered = 0;
};

TEST_F(TakeBacks, AsksUntilTheStoreHasRemovedWhatWasUnderWayWhenTheConnectionBroke) {
    fail_writes(500);
    executor.advance(10s);
    away = false;
    there = true;

    executor.advance(1s);

    EXPECT_EQ(answered, 500U);
    executor.advance(60s);
    EXPECT_EQ(answered, 500U);
}

TEST_F(TakeBacks, DoesNotAskForWhatWasNeverSentBecauseTheStoreWasAway) {
    fail_writes(1);
    executor.advance(100ms);
    for (int i = 0; i < 100; ++i) {
        fail_writes(10);
        executor.advance(100ms);
    }
    away = false;

    executor.advance(60s);

    EXPECT_LE(answered, 12U) << "the one that was under way, until its window has passed";
    EXPECT_EQ(executor.timer_count(), 0U);
}

TEST_F(TakeBacks, KnowsTheNextBreakOfAConnectionThatWasBack) {
    fail_writes(1);
    executor.advance(5s);
    away = false;
    executor.advance(2s);
    away = true;
    fail_writes(300);
    executor.advance(1s);
    away = false;
    there = true;
    answered = 0;

    executor.advance(10s);

    EXPECT_EQ(answered, 301U);
}

TEST_F(TakeBacks, KnowsTheNextBreakAlsoWhenItHasAskedSeldomByThen) {
    fail_writes(1);
    executor.advance(1s);
    away = false;
    executor.advance(8s);
    away = true;
    executor.advance(6s);
    away = false;
    executor.advance(1500ms);
    away = true;
    fail_writes(300);
    away = false;
    there = true;
    answered = 0;

    executor.advance(10s);

    EXPECT_EQ(answered, 301U);
}

TEST_F(TakeBacks, AsksSoonAndThenSeldomWhatIsNotThere) {
    fail_writes(1);
    executor.advance(2s);
    away = false;

    executor.advance(2s);
    EXPECT_GE(answered, 4U) << "what arrives late arrives now";

    const std::size_t soon = answered;
    executor.advance(30s);
    EXPECT_LE(answered, soon + 6);
    EXPECT_EQ(executor.timer_count(), 0U);
}

}  // namespace
}  // namespace tutti
