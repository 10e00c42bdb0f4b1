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

TEST_F(TakeBacks, AsksAlsoForWhatFailedLongAfterTheConnectionBroke) {
    fail_writes(1);
    executor.advance(5s);
    fail_writes(300);
    away = false;
    there = true;

    executor.advance(10s);

    EXPECT_EQ(answered, 301U);
}

TEST(TakeBack, AWriteThatWasNeverSentLeavesNothing) {
    for (const Errc code : {Errc::timeout, Errc::unavailable, Errc::protocol}) {
        EXPECT_TRUE(TakeBack::may_be_written({.code = code, .operation = {}, .cause = {}}));
        const Error unsent{.code = code, .operation = {}, .cause = {}, .unsent = true};
        EXPECT_FALSE(TakeBack::may_be_written(unsent));
        EXPECT_TRUE(TakeBack::may_be_left(unsent)) << "what a removal was to remove";
    }
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
