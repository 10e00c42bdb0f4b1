#include "store_fixture.hpp"

namespace tutti::testing {
namespace {

class RefreshTest : public StoreTest {
protected:
    static Refresh<std::string> schedule() {
        return {.keys = {"a"}, .first = 10s, .every = 8h, .signal_after = 2};
    }
};

TEST_F(RefreshTest, AForcedRefreshReplacesWhatIsThere) {
    TestNode& one = node(in_memory());
    one.get("a");
    source = 2;

    EXPECT_EQ(value(one.get("a")), 1);
    EXPECT_EQ(value(one.refresh("a")), 2);
    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(one.core->counters().refreshes, 1U);
}

TEST_F(RefreshTest, AForcedRefreshNeverJoinsAnOrdinaryRead) {
    TestNode& one = node(in_memory());
    one.hold_loads = true;
    const auto reader = one.get("a");

    const auto refreshed = one.refresh("a");
    one.finish(1, 2);

    EXPECT_EQ(value(refreshed), 2);
    EXPECT_FALSE(reader->has_value());
}

TEST_F(RefreshTest, AnOlderLoadDoesNotReplaceWhatARefreshHasBrought) {
    TestNode& one = node(in_memory());
    one.hold_loads = true;
    const auto reader = one.get("a");
    clock_.advance(1ms);
    one.refresh("a");
    one.finish(1, 2);

    one.finish(0, 1);

    EXPECT_EQ(value(reader), 1) << "its own answer";
    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(RefreshTest, TheOldValueIsServedWhileARefreshRuns) {
    TestNode& one = node(in_memory());
    one.get("a");
    one.hold_loads = true;

    one.refresh("a");

    EXPECT_EQ(value(one.get("a")), 1);
}

TEST_F(RefreshTest, AFailedRefreshSaysSoAndLeavesTheOldValue) {
    Options options = in_memory();
    options.stale_if_error = StaleIfError{.for_up_to = 1h};
    TestNode& one = node(options);
    one.get("a");
    source = fail(broken());

    EXPECT_EQ(error(one.refresh("a")), Errc::unavailable) << "who asks for news is not given old";
    EXPECT_EQ(value(one.get("a")), 1);
    EXPECT_EQ(one.core->counters().refresh_failures, 1U);
}

TEST_F(RefreshTest, AForcedRefreshTakesTheClaimFromAnOlderLoad) {
    TestNode& one = node();
    TestNode& two = node();
    one.hold_loads = true;
    one.get("a");
    source = 2;

    EXPECT_EQ(value(two.refresh("a")), 2);
    one.finish(0, 1);
    one.hold_loads = false;

    EXPECT_EQ(value(one.get("a")), 2) << "the older value entered neither store nor memory";
}

TEST_F(RefreshTest, AnInvalidationDuringARefreshWins) {
    TestNode& one = node();
    one.get("a");
    one.hold_loads = true;
    one.refresh("a");

    one.invalidate("a");
    one.finish(0, 1);
    one.hold_loads = false;
    source = 2;

    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(RefreshTest, TheScheduleLoadsFirstAndThenEveryPeriod) {
    Options options = in_memory();
    options.ttl = 24h;
    options.refresh = schedule();
    TestNode& one = node(options);

    executor_.advance(10s);
    EXPECT_EQ(one.loads, 1U);
    source = 2;
    executor_.advance(8h);

    EXPECT_EQ(one.loads, 2U);
    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(lookup(one.get("a")).tier(), Tier::memory);
}

TEST_F(RefreshTest, OneInstanceOfTheFleetLoadsAndTheOthersTakeIt) {
    Options options = StoreTest::options();
    options.ttl = 24h;
    options.store->ttl = 24h;
    options.refresh = schedule();
    TestNode& one = node(options);
    TestNode& two = node(options);

    executor_.advance(10s);
    EXPECT_EQ(one.loads + two.loads, 1U);
    source = 2;
    executor_.advance(8h);

    EXPECT_EQ(one.loads + two.loads, 2U);
    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(value(two.get("a")), 2);
}

TEST_F(RefreshTest, AFailedRefreshIsTriedSoonerAndSignalled) {
    std::vector<std::size_t> signals;
    Options options = in_memory();
    options.ttl = 24h;
    options.refresh = schedule();
    options.refresh->failing = [&](std::string_view, std::size_t failures, const Error&) {
        signals.push_back(failures);
    };
    TestNode& one = node(options);
    executor_.advance(10s);
    source = fail(broken());

    executor_.advance(8h);
    EXPECT_EQ(signals, (std::vector<std::size_t>{})) << "once is no pattern";
    executor_.advance(30min);
    EXPECT_EQ(signals, (std::vector<std::size_t>{2}));
    EXPECT_EQ(value(one.get("a")), 1) << "a failed refresh deletes nothing";
    source = 3;
    executor_.advance(2h);

    EXPECT_EQ(signals, (std::vector<std::size_t>{2, 0}));
    EXPECT_EQ(value(one.get("a")), 3);
}

}  // namespace
}  // namespace tutti::testing
