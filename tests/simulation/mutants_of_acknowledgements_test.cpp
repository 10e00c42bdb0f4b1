// Every rule that `done` stands on is needed: acknowledgements, and leases that are waited out. See
// mutants_test.cpp.
#include <gtest/gtest.h>

#include <chrono>

#include "simulation/mutant_scripts.hpp"

namespace tutti::simulation {
namespace {

using namespace std::chrono_literals;

// The slowest clock has renewed at the last moment before PUB and hears nothing more.
TEST(MutantScripts, TheWaitOutCoversTheSlowestClock) {
    expect_needed(Rule::wait_out_counts_drift, [] {
        Fleet fleet{{.held_up = false, .clock_permilles = {834, 1000, 1000}}};
        fleet.start_all();
        warm(fleet, 0);
        const auto age = [&] { return fleet.node(0).engine().channels().back().freshness_age; };
        while (age() > 10ms) fleet.run_for(1ms);

        fleet.cut(0, Fleet::Direction::both, 5s);
        fleet.write(1, Fleet::users, 0, Ack::every_instance);
        watch(fleet, 3s);

        return fleet.kept() && fleet.counts().done == 1;
    });
}

// Three nodes, of which the first holds a long lease, has just renewed it and hears nothing more;
// it goes on serving for as long as that.
class LongLease {
public:
    LongLease()
        : fleet_({.seed = 1,
                  .leases = {2s, 500ms, 500ms},
                  .held_up = false,
                  .clock_permilles = {834, 1000, 1000}}) {
        fleet_.start_all();
        warm(fleet_, 0);
        const auto age = [&] { return fleet_.node(0).engine().channels().back().freshness_age; };
        while (age() > 10ms) fleet_.run_for(1ms);
        fleet_.cut(0, Fleet::Direction::both, 8s);
    }
    Fleet& fleet() { return fleet_; }

    // Whether a change that another node acknowledges is seen by the first one, too.
    bool acknowledges() {
        fleet_.write(1, Fleet::users, 0, Ack::every_instance);
        watch(fleet_, 4s);
        return fleet_.kept() && fleet_.counts().done == 1;
    }

private:
    Fleet fleet_;
};

TEST(MutantScripts, ALeaseIsKnownUntilItHasLapsed) {
    expect_needed(Rule::lease_kept_until_it_lapses, [] {
        LongLease long_lease;
        long_lease.fleet().run_for(600ms);  // the others have renewed meanwhile
        return long_lease.acknowledges();
    });
}

// The writer has started since, so it has not heard of any lease itself.
TEST(MutantScripts, ALeaseOutlivesTheEpochOnTheServer) {
    expect_needed(Rule::leases_outlive_epoch, [] {
        LongLease long_lease;
        Fleet& fleet = long_lease.fleet();
        fleet.crash(1, 20ms);
        fleet.server().rotate("rows");
        while (!fleet.node(1).serving()) fleet.run_for(10ms);
        return long_lease.acknowledges();
    });
}

TEST(MutantScripts, ALeaseThatTheServerHasLostIsWaitedOut) {
    expect_needed(Rule::lost_lease_is_waited_out, [] {
        LongLease long_lease;
        Fleet& fleet = long_lease.fleet();
        fleet.server().restart_empty();
        fleet.server().come_back();
        fleet.run_for(300ms);
        return long_lease.acknowledges();
    });
}

// What is promised when it is over: `done` is fast again, whether it left or died.
TEST(LongLeases, AreWaitedOutOnlyAsLongAsTheyMayBeHeld) {
    const auto wait_out_after = [](auto end) {
        Fleet fleet{{.leases = {2s, 500ms, 500ms}, .held_up = false}};
        fleet.start_all();
        end(fleet);
        fleet.run_for(12s);
        fleet.cut(2, Fleet::Direction::both, 5s);  // so that one is silent
        fleet.write(1, Fleet::users, 0, Ack::every_instance);
        const TimePoint begun = fleet.now();
        while (fleet.counts().done == 0 && fleet.now() < begun + 5s) fleet.run_for(1ms);
        EXPECT_EQ(fleet.report(), "");
        return fleet.now() - begun;
    };

    EXPECT_GT(wait_out_after([](Fleet&) {}), 2400ms);
    EXPECT_LT(wait_out_after([](Fleet& fleet) { fleet.stop(0, 1h); }), 900ms);
    EXPECT_LT(wait_out_after([](Fleet& fleet) { fleet.crash(0, 1h); }), 900ms);
}

// PUB is slow on its way. The slowest clock renews just before the server takes it, and hears
// nothing more.
TEST(MutantScripts, TheWaitOutCountsFromTheAnswer) {
    expect_needed(Rule::wait_out_from_answer, [](std::uint64_t seed) {
        Fleet fleet{{.seed = seed, .held_up = false, .clock_permilles = {834, 1000, 1000}}};
        fleet.start_all();
        warm(fleet, 0);
        const auto age = [&] { return fleet.node(0).engine().channels().back().freshness_age; };
        while (age() > 10ms) fleet.run_for(1ms);

        fleet.node(1).faults().set_rates({.delayed = 1, .delay_max = 700ms});
        fleet.write(1, Fleet::users, 0, Ack::every_instance);
        fleet.run_for(300ms);
        while (age() > 10ms) fleet.run_for(1ms);
        fleet.cut(0, Fleet::Direction::both, 5s);
        watch(fleet, 3s);

        return fleet.kept();
    });
}

// A node that has applied a lot in one epoch, and in the next one not yet what is published.
TEST(MutantScripts, AnAcknowledgementOfTheEpochBeforeSaysNothing) {
    expect_needed(Rule::ack_counts_in_its_epoch, [] {
        Fleet fleet{{.held_up = false}};
        fleet.start_all();
        for (int i = 0; i < 5; ++i) fleet.write(0, Fleet::users, 1, Ack::none);
        fleet.run_for(50ms);
        const BusPosition before = fleet.position();
        fleet.server().rotate("rows");
        fleet.run_for(4s);
        for (int i = 0; i < 4; ++i) fleet.write(0, Fleet::users, 1, Ack::none);
        fleet.run_for(50ms);
        warm(fleet, 0);

        fleet.node(1).faults().set_rates({.push_lost = 1});
        fleet.write(0, Fleet::users, 0, Ack::every_instance);
        fleet.run_for(5ms);
        fleet.late_ack(1, before);
        watch(fleet, 3s);

        return fleet.kept() && fleet.counts().done == 1;
    });
}

// The copy that the server starts from again is older than a member, and than the publication that
// is waited for. Acknowledgements that were under way arrive before anything notices the restart.
TEST(MutantScripts, WhatAnOlderCopyHasNotPublishedIsNotAcknowledged) {
    expect_needed(Rule::ack_not_beyond_the_log, [] {
        Fleet fleet{{.held_up = false}};
        fleet.start_all();
        fleet.stop(1, 50ms);
        fleet.run_for(20ms);
        fleet.cut(2, Fleet::Direction::both, 100ms);
        fleet.write(0, Fleet::users, 1, Ack::every_instance);
        fleet.run_for(50ms);
        const auto older = fleet.remember();  // acknowledgements are waited for in it, too
        while (!fleet.node(1).serving()) fleet.run_for(10ms);
        fleet.run_for(5s);
        warm(fleet, 0);

        fleet.cut(1, Fleet::Direction::both, 3s);
        fleet.write(0, Fleet::users, 0, Ack::every_instance);
        fleet.run_for(50ms);
        const BusPosition published = fleet.position();
        fleet.server().restart_from(older.state);
        fleet.server().come_back();
        fleet.late_ack(0, published);
        fleet.late_ack(2, published);
        watch(fleet, 3s);

        return fleet.kept() && fleet.counts().done == 2;
    });
}

}  // namespace
}  // namespace tutti::simulation
