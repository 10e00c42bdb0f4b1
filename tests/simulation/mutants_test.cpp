// Every rule of tests/simulation/mutations is needed: with it switched off the checker finds a
// broken promise within a few seeds, and on the same seed none with it. Where chance takes too long
// to get there, or where the accident is one that storms leave out, a script goes there;
// mutants_of_acknowledgements_test.cpp has those of `done`.
//
// `late_renewal_opens_no_fence` is held to directly what it says, too: a simulated server that is
// replaced loses the connections on which such an answer would come.
//
// Three rules protect what no promise speaks of, and are held to it directly: `undecodable_flushes`
// (at once; the gap that an unread entry leaves would be found by the next renewal),
// `lost_claim_fills_nothing` (memory learns at once what the next renewal would have told) and
// `older_load_yields` (nothing was invalidated; somebody asked for news).
#include "support/mutants.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <string>

#include "coherence/store_fence.hpp"
#include "simulation/mutant_scripts.hpp"
#include "simulation/storm.hpp"
#include "support/broken_rule.hpp"

namespace tutti::simulation {
namespace {

using namespace std::chrono_literals;

class Mutants : public ::testing::TestWithParam<mutants::Mutant> {};

TEST_P(Mutants, IsCaughtByAStorm) {
    constexpr std::uint64_t seeds_max = 300;
    const Scenario& chosen = scenario(GetParam().storm);

    std::uint64_t seed = 0;
    Outcome outcome;
    do {
        const mutants::BrokenRule broken(GetParam().rule);
        outcome = simulate(chosen, ++seed);
    } while (outcome.kept() && seed < seeds_max);

    EXPECT_FALSE(outcome.kept()) << "not within " << seeds_max << " seeds";
    EXPECT_EQ(simulate(chosen, seed).report, "") << "seed " << seed;
    std::cout << "seed " << seed << ": " << outcome.report.substr(0, outcome.report.find('\n'))
              << "\n";
}

INSTANTIATE_TEST_SUITE_P(All, Mutants, ::testing::ValuesIn(mutants::of_storms()),
                         ::testing::PrintToStringParamName());

// A question to the store takes so long that its load goes alone. When it arrives at last, it takes
// a claim that is younger than what the load has read.
TEST(MutantScripts, AClaimThatWasTakenAfterTheLoadBeganCoversNothing) {
    expect_needed(Rule::claim_before_load, [](std::uint64_t seed) {
        Fleet fleet{{.seed = seed, .held_up = false}};
        fleet.start_all();
        fleet.plan_load = [] { return LoadPlan{.takes = 4s, .reads_after = 10ms}; };
        fleet.half_open(0, 20s);
        fleet.node(0).faults().set_rates({.delayed = 1, .delay_max = 3s});
        fleet.get(0, Fleet::stored, 0, {.deadline = 20s});
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

// A node stays with both connections at a primary that was replaced, and its lease has lapsed.
TEST(MutantScripts, WhatAReplacedPrimaryHasIsServedNoLongerThanTheLease) {
    expect_needed(Rule::store_needs_lease_where_replaced, [] {
        Fleet fleet{{.held_up = false}};
        fleet.mood().counted = true;
        fleet.start_all();
        fleet.get(0, Fleet::stored, 0);
        fleet.run_for(50ms);
        fleet.replace_primary(fleet.server().snapshot(), 1ms,
                              {{.place = 0, .bus = 20s, .store = 20s}});
        fleet.run_for(500ms);
        fleet.write(1, Fleet::stored, 0, Ack::none);

        for (int read = 0; read < 200; ++read) {
            fleet.run_for(50ms);
            fleet.get(0, Fleet::stored, 0);
        }

        return fleet.kept();
    });
}

TEST(MutantScripts, ARenewalFromBeforeAnOwnChangeBringsNoReplacedPrimaryBack) {
    expect_needed(Rule::late_renewal_opens_no_fence, [] {
        constexpr TimePoint start{1h};
        StoreFence fence;
        fence.guard("rows");
        fence.renewed("rows", Epoch{1}, start, 3s);
        fence.published("rows", Epoch{2}, start + 1s);

        fence.renewed("rows", Epoch{1}, start + 900ms, 3s);

        return !fence.covers("rows", Epoch{1}, start + 1s);
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
        fleet.write(1, Fleet::users, 1, Ack::none);
        watch(fleet, 3s);

        return fleet.kept();
    });
}

// A node's own entry never reaches it, and in the next history another one is in that place.
TEST(MutantScripts, AnotherHistorysEntryInThePlaceOfAnOwnOneIsApplied) {
    expect_needed(Rule::own_entry_is_known_by_its_chain, [] {
        Fleet fleet{{.held_up = false}};
        fleet.start_all();
        const auto memory = fleet.remember();
        warm(fleet, 0);
        warm(fleet, 1);
        fleet.node(0).faults().set_rates({.push_lost = 1});
        fleet.write(0, Fleet::users, 0, Ack::none);
        fleet.run_for(50ms);
        fleet.node(0).faults().set_rates(good_network);

        fleet.set_back(memory);
        fleet.write(1, Fleet::users, 1, Ack::none);
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
        fleet.get(1, Fleet::ledger, row, {.deadline = 2s});
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

// More of them than the cache remembers are invalidated behind the tag of a load that runs.
TEST(MutantScripts, ManyTagsPoisonALoadThatBringsOneOfThem) {
    expect_needed(Rule::many_tags_poison_loads, [] {
        Fleet fleet{{.held_up = false}};
        fleet.start_all();
        const std::size_t row = fleet.row(Fleet::labels_channel, 0);
        fleet.plan_load = [] { return LoadPlan{.takes = 500ms, .reads_after = 1ms}; };
        fleet.get(0, Fleet::labels, row);
        fleet.run_for(10ms);
        fleet.write_tagged(1, Fleet::labels, row, Ack::none);
        fleet.run_for(50ms);
        invalidate_other_tags(fleet, 1, 1000);
        fleet.run_for(1s);

        watch(fleet, 2s);

        return fleet.kept();
    });
}

// More of them than the server remembers are invalidated behind the tag of a stored value.
TEST(MutantScripts, AStoredValueIsAbsentWhenItsTagIsForgotten) {
    expect_needed(Rule::forgotten_tags_count_as_invalidated, [] {
        Fleet fleet{{.held_up = false}};
        fleet.start_all();
        const std::size_t row = fleet.row(Fleet::labels_channel, 0);
        fleet.get(0, Fleet::labelled, row);
        fleet.run_for(100ms);
        fleet.write_tagged(1, Fleet::labelled, row, Ack::none);
        fleet.run_for(50ms);
        invalidate_other_tags(fleet, 1, 10'000);
        fleet.run_for(100ms);

        fleet.get(1, Fleet::labelled, row);
        fleet.run_for(100ms);

        return fleet.kept();
    });
}

// The tag of a value is invalidated between its claim and its fill, and the loading node does not
// hear of that.
TEST(MutantScripts, AStoredValueIsAsOldAsItsClaim) {
    expect_needed(Rule::stored_value_counts_from_its_claim, [](std::uint64_t seed) {
        Fleet fleet{{.seed = seed, .held_up = false}};
        fleet.start_all();
        const std::size_t row = fleet.row(Fleet::labels_channel, 0);
        fleet.plan_load = [] { return LoadPlan{.takes = 60ms, .reads_after = 1ms}; };
        fleet.node(0).faults().set_rates({.push_lost = 1});
        fleet.get(0, Fleet::labelled, row);
        fleet.run_for(20ms);
        fleet.write_tagged(1, Fleet::labelled, row, Ack::none);
        fleet.run_for(100ms);

        fleet.get(1, Fleet::labelled, row);
        fleet.run_for(100ms);

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
