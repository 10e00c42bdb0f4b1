// A last known good while the source is slow: StaleIfError::when_slower_than, and
// GetOptions::soft_deadline.
#include "store_fixture.hpp"

namespace tutti::testing {
namespace {

class SlowSource : public StoreTest {
protected:
    // What was loaded has passed its TTL of 30 s, and the next loads are held back.
    TestNode& with_last_known_good(std::optional<OptionDuration> when_slower_than,
                                   Options options = in_memory()) {
        options.stale_if_error =
            StaleIfError{.for_up_to = 1h, .retry_after = 1s, .when_slower_than = when_slower_than};
        TestNode& made = node(std::move(options));
        made.get("a");
        clock_.advance(31s);
        made.hold_loads = true;
        return made;
    }
    void pass(Duration time) {
        clock_.advance(time);
        executor_.run_ready();
    }
};

TEST_F(SlowSource, AReaderIsGivenTheLastKnownGoodInTimeAndTheLoadGoesOn) {
    TestNode& one = with_last_known_good(100ms);

    const auto reader = one.get("a");
    pass(99ms);
    EXPECT_FALSE(reader->has_value());
    pass(1ms);

    ASSERT_EQ(value(reader), 1);
    EXPECT_EQ(lookup(reader).freshness(), Freshness::stale);
    EXPECT_NE(lookup(reader).degraded(), "");
    one.finish(0, 2);
    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(one.loads, 2U);
    EXPECT_EQ(one.core->counters().stale_served, 1U);
}

TEST_F(SlowSource, AtZeroItIsRevalidatedWhileItIsServed) {
    TestNode& one = with_last_known_good(0s);

    EXPECT_EQ(value(one.get("a")), 1);
    EXPECT_EQ(value(one.get("a")), 1);

    EXPECT_EQ(one.held.size(), 1U) << "one load, which has no reader";
    one.finish(0, 2);
    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(lookup(one.get("a")).freshness(), Freshness::fresh);
}

TEST_F(SlowSource, AReaderWithoutTimeIsGivenItWithoutALoad) {
    TestNode& one = with_last_known_good(0s);

    EXPECT_EQ(value(one.get("a", {.deadline = 0s})), 1);
    EXPECT_EQ(error(one.get("b", {.deadline = 0s})), Errc::timeout);

    EXPECT_EQ(one.loads, 1U);
}

TEST_F(SlowSource, WhoComesLaterDoesNotWaitForThatLoadAgain) {
    TestNode& one = with_last_known_good(100ms);
    one.get("a");
    pass(150ms);

    EXPECT_EQ(value(one.get("a")), 1) << "the load has been slow for long enough";
    EXPECT_EQ(one.held.size(), 1U);
}

TEST_F(SlowSource, WithoutALastKnownGoodReadersWait) {
    TestNode& one = with_last_known_good(0s);

    const auto reader = one.get("b", {.deadline = 1s});
    pass(999ms);
    EXPECT_FALSE(reader->has_value());
    pass(1ms);

    EXPECT_EQ(error(reader), Errc::timeout);
}

TEST_F(SlowSource, AReaderWhoseOwnDeadlineIsShorterGetsItThen) {
    TestNode& one = with_last_known_good(2s);

    const auto reader = one.get("a", {.deadline = 1s});
    pass(1s);

    EXPECT_EQ(value(reader), 1);
}

TEST_F(SlowSource, WhatIsInvalidatedMeanwhileIsNotServed) {
    TestNode& one = with_last_known_good(100ms);
    const auto reader = one.get("a");

    one.invalidate("a");
    pass(100ms);

    EXPECT_FALSE(reader->has_value());
    one.finish(0, 2);
    EXPECT_EQ(value(reader), 2) << "it had joined before";
    EXPECT_NE(value(one.get("a")), 2) << "and nobody else is served that";
}

TEST_F(SlowSource, WithoutALeaseNothingIsServed) {
    TestNode& one = with_last_known_good(0s);
    one.lease->end_now();

    EXPECT_FALSE(one.get("a")->has_value());
}

TEST_F(SlowSource, OneReadMaySayOtherwise) {
    TestNode& one = with_last_known_good(std::nullopt);

    const auto patient = one.get("a");
    const auto hasty = one.get("a", {.soft_deadline = 10ms});
    pass(10ms);

    EXPECT_FALSE(patient->has_value());
    EXPECT_EQ(value(hasty), 1);
    one.finish(0, 2);
    EXPECT_EQ(value(patient), 2);
}

TEST_F(SlowSource, OneReadMayWaitInstead) {
    TestNode& one = with_last_known_good(0s);

    EXPECT_FALSE(one.get("a", {.soft_deadline = Duration::max()})->has_value());
}

TEST_F(SlowSource, AForcedRefreshWaits) {
    TestNode& one = with_last_known_good(0s);

    EXPECT_FALSE(one.refresh("a")->has_value());
}

TEST_F(SlowSource, WithoutMemoryTheStoreHasIt) {
    Options options = StoreTest::options();
    options.ttl.reset();
    options.bound.reset();
    options.store->ttl = 30s;
    TestNode& one = with_last_known_good(0s, std::move(options));

    EXPECT_EQ(value(one.get("a")), 1);

    one.finish(0, 2);
    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(SlowSource, ALoadWithoutAReaderEndsWithTheDeadlineOfItsLastOne) {
    Options options = in_memory();
    options.loads_max = 1;
    TestNode& one = with_last_known_good(0s, std::move(options));
    one.get("busy", {.deadline = 10s});

    EXPECT_EQ(value(one.get("a", {.deadline = 1s})), 1);
    pass(1s);
    one.finish(0, 5);

    EXPECT_EQ(one.held.size(), 1U) << "it waited for its turn in vain";
}

}  // namespace
}  // namespace tutti::testing
