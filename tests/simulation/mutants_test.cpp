// Every rule of base/rules.hpp is needed: with it switched off the checker finds a broken promise
// within a few seeds, and on the same seed none with it. Where chance takes too long to get there,
// or where the accident is one that storms leave out, a script goes there.
//
// Three rules protect what no promise speaks of, and are held to it directly: `undecodable_flushes`
// (at once; the gap that an unread entry leaves would be found by the next renewal),
// `lost_claim_fills_nothing` (memory learns at once what the next renewal would have told) and
// `older_load_yields` (nothing was invalidated; somebody asked for news).
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <ostream>
#include <string>
#include <string_view>

#include "base/rules.hpp"
#include "simulation/storm.hpp"
#include "support/broken_rule.hpp"

namespace tutti::simulation {
namespace {

using namespace std::chrono_literals;

struct Mutant {
    std::string_view name;
    Rule rule;
    std::string_view scenario;
};

void PrintTo(const Mutant& mutant, std::ostream* out) { *out << mutant.name; }

class Mutants : public ::testing::TestWithParam<Mutant> {};

TEST_P(Mutants, IsCaughtByAStorm) {
    constexpr std::uint64_t seeds_max = 300;
    const Scenario& chosen = scenario(GetParam().scenario);

    std::uint64_t seed = 0;
    Outcome outcome;
    do {
        const tests::BrokenRule broken(GetParam().rule);
        outcome = simulate(chosen, ++seed);
    } while (outcome.kept() && seed < seeds_max);

    EXPECT_FALSE(outcome.kept()) << "not within " << seeds_max << " seeds";
    EXPECT_EQ(simulate(chosen, seed).report, "") << "seed " << seed;
    std::cout << "seed " << seed << ": " << outcome.report.substr(0, outcome.report.find('\n'))
              << "\n";
}

constexpr Mutant mutants[]{
    {"poison_running_flights", Rule::poison_running_flights, "partition"},
    {"poisoned_fill_nothing", Rule::poisoned_fill_nothing, "partition"},
    {"flush_drops_entries", Rule::flush_drops_entries, "restart"},
    {"capture_generation_first", Rule::capture_generation_first, "everything"},
    {"join_only_under_lease", Rule::join_only_under_lease, "terrible"},
    {"join_only_clean_flights", Rule::join_only_clean_flights, "partition"},
    {"two_loads_of_a_key", Rule::two_loads_of_a_key, "terrible"},
    {"own_removal_first", Rule::own_removal_first, "calm"},
    {"own_removal_reaches_all", Rule::own_removal_reaches_all, "calm"},
    {"serve_only_under_lease", Rule::serve_only_under_lease, "partition"},
    {"suspect_within_age", Rule::suspect_within_age, "terrible"},
    {"lease_counts_from_request", Rule::lease_counts_from_request, "terrible"},
    {"lease_after_catching_up", Rule::lease_after_catching_up, "partition"},
    {"lease_needs_probe", Rule::lease_needs_probe, "foreign"},
    {"gaps_are_replayed", Rule::gaps_are_replayed, "lossy"},
    {"lost_gap_rejoins", Rule::lost_gap_rejoins, "everything"},
    {"new_epoch_flushes", Rule::new_epoch_flushes, "restart"},
    {"rejoin_takes_position", Rule::rejoin_takes_position, "restart"},
    {"flush_after_reply", Rule::flush_after_reply, "everything"},
    {"disconnect_flushes_foreign", Rule::disconnect_flushes_foreign, "foreign"},
    {"unpublished_is_retried", Rule::unpublished_is_retried, "partition"},
    {"wait_out_before_done", Rule::wait_out_before_done, "calm"},
    {"done_needs_every_ack", Rule::done_needs_every_ack, "acks"},
    {"ack_after_applying", Rule::ack_after_applying, "acks"},
    {"new_epoch_has_grace", Rule::new_epoch_has_grace, "acks"},
    {"reap_only_silent_members", Rule::reap_only_silent_members, "acks"},
    {"replicas_deny_done", Rule::replicas_deny_done, "moods"},
    {"wait_out_for_longest_lease", Rule::wait_out_for_longest_lease, "terrible"},
    {"fill_needs_claim", Rule::fill_needs_claim, "lossy"},
    {"publication_empties_store", Rule::publication_empties_store, "calm"},
    {"store_checks_epoch", Rule::store_checks_epoch, "restart"},
    {"every_prefix_is_emptied", Rule::every_prefix_is_emptied, "calm"},
    {"flight_covers_store_read", Rule::flight_covers_store_read, "lossy"},
    {"one_claim_in_the_fleet", Rule::one_claim_in_the_fleet, "herd"},
    {"others_bypass_store", Rule::others_bypass_store, "partition"},
    {"refresh_asks_source", Rule::refresh_asks_source, "calm"},
    {"ended_claim_wakes", Rule::ended_claim_wakes, "calm"},
    {"unpublished_bypasses_store", Rule::unpublished_bypasses_store, "partition"},
    {"foreign_bypasses_store", Rule::foreign_bypasses_store, "everything"},
    {"foreign_needs_lease_for_store", Rule::foreign_needs_lease_for_store, "everything"},
    {"disconnect_empties_store", Rule::disconnect_empties_store, "foreign"},
    {"refresh_never_joins", Rule::refresh_never_joins, "lossy"},
    {"removal_takes_last_known_good", Rule::removal_takes_last_known_good, "lossy"},
    {"last_known_good_under_lease", Rule::last_known_good_under_lease, "everything"},
    {"reserve_only_if_absent", Rule::reserve_only_if_absent, "calm"},
    {"confirm_compares", Rule::confirm_compares, "lossy"},
    {"release_compares", Rule::release_compares, "lossy"},
    {"unknown_reservation_is_taken_back", Rule::unknown_reservation_is_taken_back, "lossy"},
};
INSTANTIATE_TEST_SUITE_P(All, Mutants, ::testing::ValuesIn(mutants),
                         ::testing::PrintToStringParamName());

// Scripts. Each says whether the promises held.

void warm(Fleet& fleet, std::size_t row) {
    for (std::size_t place = 0; place < fleet.size(); ++place) fleet.get(place, Fleet::users, row);
    fleet.run_for(50ms);
}

void watch(Fleet& fleet, Duration length) {
    for (const TimePoint end = fleet.now() + length; fleet.now() < end && fleet.kept();) {
        fleet.run_for(5ms);
        for (std::size_t place = 0; place < fleet.size(); ++place) fleet.peek_everything(place);
    }
}

void expect_needed(Rule rule, const std::function<bool()>& script) {
    EXPECT_TRUE(script()) << "with the rule";
    const tests::BrokenRule broken(rule);
    EXPECT_FALSE(script()) << "without the rule";
}

// The same where it depends on how long messages happen to take.
void expect_needed(Rule rule, const std::function<bool(std::uint64_t seed)>& script) {
    constexpr std::uint64_t seeds = 40;
    std::uint64_t broken_seed = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        EXPECT_TRUE(script(seed)) << "with the rule, seed " << seed;
        const tests::BrokenRule broken(rule);
        if (!script(seed)) broken_seed = seed;
    }
    EXPECT_GT(broken_seed, 0U) << "without the rule, in none of " << seeds << " seeds";
}

// A question to the store takes so long that its load goes alone. When it arrives at last, it takes
// a claim that is younger than what the load has read.
TEST(MutantScripts, AClaimThatWasTakenAfterTheLoadBeganCoversNothing) {
    expect_needed(Rule::claim_before_load, [](std::uint64_t seed) {
        Fleet fleet{{.seed = seed, .held_up = false}};
        fleet.start_all();
        fleet.plan_load = [] { return LoadPlan{.takes = 4s, .reads_after = 10ms}; };
        fleet.half_open(0, 20s);
        fleet.node(0).faults().set_rates({.delayed = 1, .delay_max = 3s});
        fleet.get(0, Fleet::stored, 0, 20s);
        fleet.run_for(900ms);
        fleet.node(0).faults().set_rates({.request_lost = 1});  // what would give the claim back
        fleet.run_for(400ms);

        fleet.write(1, Fleet::stored, 0, Ack::none);
        fleet.run_for(3400ms);
        fleet.node(0).faults().set_rates(good_network);
        fleet.run_for(5s);
        fleet.get(1, Fleet::stored, 0);
        fleet.run_for(5s);

        return fleet.kept();
    });
}

// Its requests take so long that the row has changed, everywhere, when they arrive.
TEST(MutantScripts, ALateOfferDoesNotPutBackWhatWasInvalidated) {
    expect_needed(Rule::offer_waits_for_claim, [](std::uint64_t seed) {
        Fleet fleet{{.seed = seed, .held_up = false}};
        fleet.start_all();
        fleet.node(0).faults().set_rates({.delayed = 1, .delay_max = 3s});
        const std::size_t row = fleet.row(Fleet::ledger_channel, 0);
        fleet.offer(0, Fleet::ledger, row);
        fleet.run_for(1200ms);  // it has its claim by now, or it has failed
        fleet.node(0).faults().set_rates(good_network);

        fleet.write(1, Fleet::ledger, row, Ack::none);
        for (int read = 0; read < 100; ++read) {
            fleet.run_for(50ms);
            fleet.get(1, Fleet::ledger, row);
        }
        fleet.run_for(1s);

        return fleet.kept();
    });
}

TEST(MutantScripts, AValueWhoseClaimIsLostDoesNotEnterMemory) {
    expect_needed(Rule::lost_claim_fills_nothing, [](std::uint64_t seed) {
        Fleet fleet{{.seed = seed, .held_up = false}};
        fleet.start_all();
        fleet.plan_load = [] { return LoadPlan{.takes = 60ms, .reads_after = 1ms}; };
        fleet.node(0).faults().set_rates({.push_lost = 1});
        fleet.get(0, Fleet::stored, 0);
        fleet.run_for(20ms);
        fleet.write(1, Fleet::stored, 0, Ack::none);

        fleet.run_for(60ms);

        return !fleet.peek(0, Fleet::stored, 0).has_value();
    });
}

TEST(MutantScripts, AnOlderLoadDoesNotReplaceWhatARefreshHasBrought) {
    expect_needed(Rule::older_load_yields, [] {
        Fleet fleet{{.held_up = false}};
        fleet.start_all();
        fleet.plan_load = [] { return LoadPlan{.takes = 500ms, .reads_after = 1ms}; };
        fleet.get(0, Fleet::users, 0);
        fleet.run_for(10ms);
        fleet.plan_load = [] { return LoadPlan{.takes = 5ms, .reads_after = 1ms}; };
        const Version latest = fleet.source().commit(0);
        fleet.refresh(0, Fleet::users, 0);

        fleet.run_for(1s);

        return fleet.peek(0, Fleet::users, 0) == latest;
    });
}

// The server is set back and gives sequence 1 once more, to something else.
TEST(MutantScripts, ChainsTellTwoHistoriesApart) {
    expect_needed(Rule::chains_must_match, [] {
        Fleet fleet{{.held_up = false}};
        fleet.start_all();
        const auto memory = fleet.remember();
        warm(fleet, 0);
        warm(fleet, 1);
        fleet.write(0, Fleet::users, 0, Ack::none);
        fleet.run_for(50ms);

        fleet.set_back(memory);
        fleet.write(0, Fleet::users, 1, Ack::none);
        watch(fleet, 3s);

        return fleet.kept();
    });
}

// The same, and the same key, before a renewal has seen that the log ended earlier.
TEST(MutantScripts, TheSameKeyAtTheSamePlaceIsAnotherHistory) {
    expect_needed(Rule::chain_takes_candidate, [](std::uint64_t seed) {
        Fleet fleet{{.seed = seed, .held_up = false}};
        fleet.start_all();
        const auto memory = fleet.remember();
        fleet.write(0, Fleet::users, 0, Ack::none);
        fleet.run_for(50ms);
        warm(fleet, 0);

        fleet.set_back(memory);
        fleet.write(0, Fleet::users, 0, Ack::none);
        watch(fleet, 3s);

        return fleet.kept();
    });
}

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

// What is in memory and was not invalidated is there again when the node hears of everything again.
TEST(MutantScripts, ALapsedLeaseDeletesNothing) {
    expect_needed(Rule::lapse_deletes_nothing, [] {
        Fleet fleet{{.held_up = false, .history_survives = true}};
        fleet.start_all();
        warm(fleet, 0);
        fleet.peek_everything(0);

        fleet.cut(0, Fleet::Direction::both, 3s);
        watch(fleet, 4s);

        return fleet.kept() && fleet.peek(0, Fleet::users, 0).has_value();
    });
}

// More than one publication carries, and each of its parts fails.
TEST(MutantScripts, EveryFailedPartOfAPublicationIsKept) {
    expect_needed(Rule::every_failed_part_is_kept, [] {
        Fleet fleet{{.keys = 40, .key_bytes = 3600, .held_up = false}};
        fleet.start_all();
        fleet.cut(0, Fleet::Direction::both, 3s);
        for (std::size_t row = 0; row < 40; ++row) fleet.write(0, Fleet::users, row, Ack::none);

        fleet.run_for(4s);
        fleet.settle();

        return fleet.kept();
    });
}

// What is being published again may be lost once more, and until then the store has the old value.
TEST(MutantScripts, ARetryIsNotPublishedYet) {
    expect_needed(Rule::retry_bypasses_store, [] {
        Fleet fleet{{.held_up = false}};
        fleet.start_all();
        fleet.get(1, Fleet::stored, 0);
        fleet.run_for(50ms);
        fleet.cut(0, Fleet::Direction::both, 1500ms);
        fleet.write(0, Fleet::stored, 0, Ack::none);

        fleet.run_for(1600ms);
        fleet.get(0, Fleet::stored, 0);
        fleet.run_for(100ms);

        return fleet.kept();
    });
}

// The wake-up overtakes the answer that says whom to wait for.
TEST(MutantScripts, AWakeUpCountsWhileTheKeyIsBeingAskedFor) {
    expect_needed(Rule::wake_up_while_asking_counts, [](std::uint64_t seed) {
        Fleet fleet{{.seed = seed, .held_up = false, .calm = true}};
        fleet.start_all();
        fleet.plan_load = [] { return LoadPlan{.takes = 2ms, .reads_after = 1ms}; };
        const std::size_t row = fleet.row(Fleet::ledger_channel, 0);

        fleet.get(0, Fleet::ledger, row);
        fleet.run_for(4ms);
        fleet.get(1, Fleet::ledger, row, 2s);
        fleet.run_for(3s);

        return fleet.kept();
    });
}

TEST(MutantScripts, AFlightFromBeforeAFlushFillsNothing) {
    expect_needed(Rule::fill_checks_generation, [] {
        Fleet fleet{{.held_up = false}};
        fleet.start_all();
        fleet.plan_load = [] { return LoadPlan{.takes = 500ms, .reads_after = 1ms}; };
        fleet.get(0, Fleet::users, 0);
        fleet.run_for(10ms);
        fleet.source().commit(0);
        fleet.invalidate_all(0, Fleet::users);
        fleet.run_for(1s);

        fleet.get(0, Fleet::users, 0);
        fleet.run_for(1s);

        return fleet.kept();
    });
}

TEST(MutantScripts, AnUndecodableEntryEmptiesTheCacheAtOnce) {
    expect_needed(Rule::undecodable_flushes, [] {
        Fleet fleet{{.held_up = false}};
        fleet.start_all();
        warm(fleet, 0);

        fleet.server().push_undecodable("rows");
        fleet.run_for(20ms);

        return !fleet.peek(0, Fleet::users, 0).has_value();
    });
}

}  // namespace
}  // namespace tutti::simulation
