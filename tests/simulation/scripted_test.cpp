// Single accidents, step by step, on the same fleet that the storms play with. Each is the cause of
// a violation that was found once.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "simulation/fleet.hpp"

namespace tutti::simulation {
namespace {

using namespace std::chrono_literals;

class Scripted : public ::testing::Test {
protected:
    Scripted() { fleet.start_all(); }
    void TearDown() override {
        fleet.settle();
        EXPECT_EQ(fleet.report(), "");
    }

    // Every node has it in memory.
    void warm(std::size_t row) {
        for (std::size_t place = 0; place < fleet.size(); ++place)
            fleet.get(place, Fleet::users, row);
        fleet.run_for(50ms);
    }

    Fleet fleet{{.held_up = false, .history_survives = true}};
};

// No promise is broken, and every lease is in force: only the source knows.
TEST(ScriptedChecks, AChangeThatNobodyPublishesIsFound) {
    Fleet fleet{{.held_up = false, .checked = 1}};
    fleet.start_all();
    const auto counted = [&] {
        for (const InventoryRow& row : fleet.node(0).engine().inventory())
            if (row.declaration.name == "users") return row.counters;
        return CacheCounters{};
    };
    fleet.get(0, Fleet::users, 0);
    fleet.run_for(50ms);
    fleet.get(0, Fleet::users, 0);
    fleet.run_for(50ms);
    EXPECT_EQ(counted().checked_same, 1U);

    (void)fleet.source().commit(0);
    fleet.get(0, Fleet::users, 0);
    fleet.run_for(15s);

    EXPECT_EQ(counted().checked_stale, 1U);
    EXPECT_EQ(fleet.report(), "");
}

TEST_F(Scripted, PausedNodeServesNothingOldAtItsFirstInstant) {
    warm(0);

    fleet.pause(0, 5s);
    fleet.write(1, Fleet::users, 0, Ack::every_instance);
    fleet.run_for(6s);

    EXPECT_EQ(fleet.counts().done, 1);
}

TEST_F(Scripted, InvalidationWhoseAnswerComesAfterStopIsAnswered) {
    fleet.write(0, Fleet::users, 0, Ack::every_instance);
    fleet.stop(0, 1s);

    fleet.run_for(2s);

    EXPECT_EQ(fleet.counts().unconfirmed, 1);
}

TEST_F(Scripted, LapsedLeaseDeletesNothing) {
    warm(0);
    const std::uint64_t loads = fleet.counts().loads;

    fleet.cut(0, Fleet::Direction::both, 3s);
    fleet.run_for(2s);
    EXPECT_FALSE(fleet.peek(0, Fleet::users, 0));
    fleet.run_for(2s);

    EXPECT_TRUE(fleet.peek(0, Fleet::users, 0));
    EXPECT_EQ(fleet.counts().loads, loads);
}

// The echo took it away, and the next reader loaded again.
TEST_F(Scripted, WhatAReloadHasLoadedStaysWhenItsEchoComesLater) {
    fleet.node(0).faults().set_rates({.push_lost = 1});
    fleet.write_and_reload(0, Fleet::users, 0, Ack::none);
    fleet.run_for(50ms);
    const std::uint64_t loads = fleet.counts().loads;

    fleet.node(0).faults().set_rates(good_network);
    fleet.run_for(3s);  // the next renewal has it replayed

    EXPECT_TRUE(fleet.peek(0, Fleet::users, 0));
    EXPECT_EQ(fleet.counts().loads, loads);
}

TEST_F(Scripted, AMissOfTheWholeFleetIsLoadedOnce) {
    fleet.plan_load = [] { return LoadPlan{.takes = 300ms, .reads_after = 1ms}; };

    for (int reader = 0; reader < 30; ++reader) {
        for (std::size_t place = 0; place < fleet.size(); ++place) {
            fleet.get(place, Fleet::ledger, fleet.row(Fleet::ledger_channel, 0));
        }
        fleet.run_for(5ms);
    }
    fleet.run_for(1s);

    EXPECT_EQ(fleet.counts().loads, 1);
}

TEST_F(Scripted, ALoaderThatDiesIsReplaced) {
    fleet.plan_load = [] { return LoadPlan{.takes = 300ms, .reads_after = 1ms}; };
    const std::size_t row = fleet.row(Fleet::ledger_channel, 0);
    fleet.get(0, Fleet::ledger, row);
    fleet.run_for(20ms);
    for (int reader = 0; reader < 10; ++reader) fleet.get(1, Fleet::ledger, row, {.deadline = 20s});

    fleet.crash(0, 20s);
    fleet.run_for(20s);

    EXPECT_EQ(fleet.counts().loads, 2);
}

// Found by a storm: the wake-up overtook the answer that says whom to wait for.
TEST(ScriptedWaking, AWakeUpThatOvertakesTheAnswerIsNotLost) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Fleet fleet{{.seed = seed, .held_up = false, .calm = true}};
        fleet.start_all();
        fleet.plan_load = [] { return LoadPlan{.takes = 2ms, .reads_after = 1ms}; };
        const std::size_t row = fleet.row(Fleet::ledger_channel, 0);

        fleet.get(0, Fleet::ledger, row);
        fleet.run_for(4ms);
        fleet.get(1, Fleet::ledger, row, {.deadline = 2s});
        fleet.run_for(3s);

        EXPECT_EQ(fleet.report(), "") << "seed " << seed;
    }
}

// Found by a storm: the foreign event reached nobody, and a node that joined later trusted the
// store.
TEST(ScriptedJoining, ANodeThatJoinsDoesNotTrustWhatNobodyMayHaveDropped) {
    Fleet fleet{{.held_up = false}};
    fleet.start_all();
    const std::size_t row = fleet.row(Fleet::legacy_channel, 0);
    fleet.get(0, Fleet::archive, row);
    fleet.run_for(50ms);
    fleet.crash(2, 300ms);
    fleet.half_open(0, 10s);
    fleet.half_open(1, 10s);

    fleet.write_foreign(row);
    fleet.run_for(2500ms);
    fleet.get(2, Fleet::archive, row);
    fleet.run_for(100ms);

    EXPECT_EQ(fleet.report(), "");
}

TEST(ScriptedRestart, DoneWaitsForLeasesThatTheServerHasForgotten) {
    Fleet fleet{{.held_up = false}};
    fleet.start_all();
    for (std::size_t place = 0; place < fleet.size(); ++place) fleet.get(place, Fleet::users, 0);
    fleet.run_for(50ms);
    fleet.server().restart_empty();

    fleet.write(0, Fleet::users, 0, Ack::every_instance);
    for (int i = 0; i < 200; ++i) {
        fleet.run_for(10ms);
        fleet.peek_everything(1);
        fleet.peek_everything(2);
    }

    EXPECT_EQ(fleet.counts().done, 1);
    EXPECT_EQ(fleet.report(), "");
}

// The checker must not be content with a cache that never answers.
TEST(Checker, NoticesACacheThatNeverCaches) {
    Fleet fleet{{.cacheable = false}};
    fleet.start_all();

    fleet.settle();

    EXPECT_NE(fleet.report().find("A7"), std::string::npos);
}

TEST(Checker, DemandsNoHitOfWhatWasReadLongBefore) {
    Fleet fleet{{.held_up = false, .settles = 350ms, .clock_permilles = {1000, 1000, 1000}}};
    fleet.start_all();
    fleet.get(0, Fleet::stored, 0);  // for two seconds
    fleet.run_for(50ms);

    fleet.settle();

    EXPECT_EQ(fleet.report(), "");
}

TEST(Checker, BindsAFreshReadToThePublicationsBeforeTheBound) {
    const testing::ManualClock clock;
    Source source(1, clock);
    Checker checker(source, 1);
    const TimePoint published{10s};
    source.commit(0);
    checker.executed(published, 0);
    const auto judge = [&](TimePoint begins, Version seen) {
        checker.judge(begins, 0, checker.obligation(0, begins, 1s, 2s, 0), seen,
                      Checker::Answer::fresh);
        return checker.violations().size();
    };

    EXPECT_EQ(judge(published + 1s - 1ns, 0), 0);
    EXPECT_EQ(judge(published + 1s, 1), 0);
    EXPECT_EQ(judge(published + 1s, 0), 1);
}

TEST(Checker, HoldsSuspectAnswersToTheirAgeOnly) {
    const testing::ManualClock clock;
    Source source(1, clock);
    Checker checker(source, 1);
    const TimePoint published{10s};
    checker.done(0, source.commit(0));
    checker.executed(published, 0);
    const auto judge = [&](TimePoint begins) {
        checker.judge(begins, 0, checker.obligation(0, begins, 1s, 2s, 0), 0,
                      Checker::Answer::suspect);
        return checker.violations().size();
    };

    EXPECT_EQ(judge(published + 2s - 1ns), 0);
    EXPECT_EQ(judge(published + 2s), 1);
}

}  // namespace
}  // namespace tutti::simulation
