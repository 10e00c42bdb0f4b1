#include "store_fixture.hpp"

namespace tutti::testing {
namespace {

class StoreTier : public StoreTest {
protected:
    static Options in_store_alone() {
        Options options = StoreTest::options();
        options.ttl.reset();
        options.bound.reset();
        return options;
    }
};

TEST_F(StoreTier, WhatOneNodeHasLoadedTheNextTakesFromTheStore) {
    TestNode& one = node();
    TestNode& two = node();

    const auto first = one.get("a");
    const auto second = two.get("a");

    EXPECT_EQ(lookup(first).tier(), Tier::source);
    EXPECT_EQ(value(second), 1);
    EXPECT_EQ(lookup(second).tier(), Tier::store);
    EXPECT_EQ(two.loads, 0U);
    EXPECT_EQ(lookup(two.get("a")).tier(), Tier::memory);
    EXPECT_EQ(two.core->counters().store_hits, 1U);
    EXPECT_EQ(two.core->counters().wait_times.count(), 1U) << "for the store";
}

TEST_F(StoreTier, ConcurrentMissesOfAFleetMakeOneLoad) {
    TestNode& one = node();
    one.hold_loads = true;
    std::vector<Answered> answers;
    for (int i = 0; i < 3; ++i) node();

    const auto first = one.get("a");
    for (std::size_t i = 1; i < nodes_.size(); ++i) {
        for (int reader = 0; reader < 5; ++reader) answers.push_back(nodes_[i]->get("a"));
    }
    for (const auto& answer : answers) EXPECT_FALSE(answer->has_value());
    one.finish(0, 7);

    EXPECT_EQ(value(first), 7);
    for (const auto& answer : answers) EXPECT_EQ(value(answer), 7);
    for (std::size_t i = 1; i < nodes_.size(); ++i) EXPECT_EQ(nodes_[i]->loads, 0U);
}

TEST_F(StoreTier, AWaitForAnotherInstanceEndsWithItsLastReaderAndLeavesItsPlace) {
    TestNode& one = node();
    one.hold_loads = true;
    auto narrow = options();
    narrow.loads_max = 1;
    TestNode& two = node(std::move(narrow));
    one.get("a");
    const auto left = two.get("a", {.deadline = 1s});
    const auto behind_it = two.get("b", {.deadline = 10s});
    EXPECT_FALSE(behind_it->has_value());

    executor_.advance(1s);

    EXPECT_EQ(error(left), Errc::timeout);
    EXPECT_EQ(value(behind_it), 1);
    one.finish(0, 7);
    EXPECT_EQ(value(two.get("a")), 7) << "the other one's load is as good as ever";
    EXPECT_EQ(two.loads, 1U);
}

TEST_F(StoreTier, AValueFromBeforeAnInvalidationEntersNoTier) {
    TestNode& one = node();
    TestNode& two = node();
    one.hold_loads = one.deaf = true;
    const auto reader = one.get("a");

    two.invalidate("a");
    one.finish(0, 1);
    source = 2;

    EXPECT_EQ(value(reader), 1) << "it had joined before";
    EXPECT_EQ(one.core->counters().poisoned, 1U) << "the store said so; the push was lost";
    one.hold_loads = false;
    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(value(two.get("a")), 2);
}

TEST_F(StoreTier, AnInvalidationEmptiesTheStoreForEveryNode) {
    TestNode& one = node();
    TestNode& two = node();
    one.get("a");
    two.get("a");

    source = 2;
    EXPECT_TRUE(one.invalidate("a").published());

    EXPECT_EQ(value(two.get("a")), 2);
    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(one.loads + two.loads, 2U);
}

TEST_F(StoreTier, InvalidatingEverythingEmptiesTheStoreToo) {
    TestNode& one = node();
    TestNode& two = node();
    one.get("a");
    one.get("b");

    source = 2;
    two.invalidate(std::nullopt);

    EXPECT_EQ(value(two.get("a")), 2);
    EXPECT_EQ(value(one.get("b")), 2);
}

TEST_F(StoreTier, AFailedLoadHandsTheClaimToWhoWaits) {
    TestNode& one = node();
    TestNode& two = node();
    one.hold_loads = true;
    const auto first = one.get("a");
    const auto second = two.get("a");

    one.finish(0, fail(broken()));

    EXPECT_EQ(error(first), Errc::unavailable);
    EXPECT_EQ(value(second), 1);
    EXPECT_EQ(two.loads, 1U);
}

TEST_F(StoreTier, AStopHandsTheClaimsOfRunningLoadsToWhoWaits) {
    TestNode& one = node();
    TestNode& two = node();
    one.hold_loads = true;
    const auto first = one.get("a");
    const auto second = two.get("a");

    one.core->close();
    executor_.run_ready();

    EXPECT_EQ(error(first), Errc::stopped);
    EXPECT_EQ(value(second), 1);
    EXPECT_EQ(two.loads, 1U);
}

TEST_F(StoreTier, ADeadLoadersClaimLapsesAndTheNextTakesOver) {
    TestNode& two = node();
    {
        TestNode dead(hub_, executor_, clock_, options());
        dead.hold_loads = true;
        dead.get("a");
        dead.core->end_calls();
    }
    const auto waiting = two.get("a", {.deadline = 1min});

    EXPECT_FALSE(waiting->has_value());
    executor_.advance(8s);

    EXPECT_EQ(value(waiting), 1);
    EXPECT_EQ(two.loads, 1U);
}

TEST_F(StoreTier, WithTheStoreAwayEachNodeGoesAloneAndSaysSo) {
    TestNode& one = node();
    TestNode& two = node();
    server_.go_away();

    const auto first = one.get("a");
    const auto second = two.get("a");

    EXPECT_EQ(value(first), 1);
    EXPECT_EQ(value(second), 1);
    EXPECT_NE(lookup(first).degraded(), "");
    EXPECT_EQ(one.loads + two.loads, 2U);
    EXPECT_GT(one.core->counters().store_failures, 0U);
}

TEST_F(StoreTier, WhatOwnInvalidationsCouldNotPublishIsNotReadFromTheStore) {
    TestNode& one = node();
    one.get("a");
    server_.go_away();
    EXPECT_FALSE(one.invalidate("a").published());
    source = 2;

    server_.come_back();
    const auto before_retry = one.get("a");

    EXPECT_EQ(value(before_retry), 2);
    EXPECT_EQ(lookup(before_retry).tier(), Tier::source);
    EXPECT_NE(lookup(before_retry).degraded(), "");
    executor_.advance(5s);
    EXPECT_EQ(one.writer->pending(), 0U);
    EXPECT_EQ(value(node().get("a")), 2);
}

TEST_F(StoreTier, AnUnreadableValueIsACountedMissWithALogLine) {
    TestNode& one = node();
    one.get("a");
    Options newer = options();
    newer.store->version = 2;
    TestNode& two = node(std::move(newer));
    source = 2;

    const auto answer = two.get("a");

    EXPECT_EQ(value(answer), 2);
    EXPECT_EQ(two.core->counters().unreadable, 1U);
    ASSERT_EQ(two.log.size(), 1U);
    EXPECT_NE(two.log[0].find("version"), std::string::npos);
    EXPECT_EQ(two.core->counters().store_failures, 0U);
}

TEST_F(StoreTier, AbsenceIsSharedLikeAValue) {
    TestNode& one = node();
    TestNode& two = node();
    source = Loaded<int>(absent);

    one.get("a");
    const auto second = two.get("a");

    EXPECT_EQ(lookup(second).answer(), Answer::absent);
    EXPECT_EQ(lookup(second).tier(), Tier::store);
    EXPECT_EQ(two.loads, 0U);
}

TEST_F(StoreTier, MemoryKeepsAValueNoLongerThanTheStore) {
    Options brief = options();
    brief.store->ttl = 20s;
    TestNode& one = node(brief);
    TestNode& two = node(brief);
    one.get("a");

    clock_.advance(15s);
    EXPECT_EQ(lookup(two.get("a")).age(), 15s);
    clock_.advance(6s);
    source = 2;

    EXPECT_EQ(value(two.get("a")), 2) << "the memory TTL alone would be 30 s";
}

// How much of a round trip came before the store looked is not known.
TEST_F(StoreTier, AStoredValueIsAsOldAsIfTheStoreHadLookedWhenItWasAsked) {
    Options brief = options();
    brief.store->ttl = 20s;
    node(brief).get("a");
    TestNode& two = node(brief);
    clock_.advance(10s);
    two.faults.next(Operation::fetch, {.request_delay = 200ms, .reply_delay = 300ms});
    const auto asked = two.get("a");
    executor_.advance(500ms);

    EXPECT_EQ(lookup(asked).tier(), Tier::store);
    EXPECT_EQ(lookup(asked).age(), 10s + 200ms + 500ms) << "it is 10.5 s old, and never less";
    EXPECT_EQ(two.core->holding("a")->age, lookup(asked).age());
    EXPECT_EQ(two.cache->peek("a")->time_left(), 20s - (10s + 200ms) - 500ms);
}

TEST_F(StoreTier, AStoredValueWhoseTimeEndsOnItsWayDoesNotEnterMemory) {
    Options brief = options();
    brief.store->ttl = 20s;
    node(brief).get("a");
    TestNode& two = node(brief);
    clock_.advance(19'700ms);
    two.faults.next(Operation::fetch, {.reply_delay = 400ms});
    const auto asked = two.get("a");
    executor_.advance(400ms);

    EXPECT_EQ(value(asked), 1);
    EXPECT_EQ(two.core->holding("a"), std::nullopt);
}

TEST_F(StoreTier, WithoutMemoryEveryReadAsksTheStore) {
    Options plain = options();
    plain.ttl.reset();
    plain.bound.reset();
    TestNode& one = node(plain);

    EXPECT_EQ(lookup(one.get("a")).tier(), Tier::source);
    EXPECT_EQ(lookup(one.get("a")).tier(), Tier::store);
    EXPECT_EQ(lookup(one.get("a")).tier(), Tier::store);
    EXPECT_EQ(one.loads, 1U);
}

TEST_F(StoreTier, RawValuesAreExactlyWhatTheCodecWrites) {
    Options raw = options();
    raw.store->raw_prefix = "n:";
    TestNode& one = node(raw);

    one.get("a");

    std::optional<Result<std::optional<std::string>>> found;
    one.store->get("n:a", TimePoint::max(), [&](auto given) { found = std::move(given); });
    executor_.run_ready();
    EXPECT_EQ(found->value(), "1");
}

TEST_F(StoreTier, AForeignProgramsValueIsTakenOnlyWhereItIsDeclared) {
    Options raw = options();
    raw.store->raw_prefix = "n:";
    Options shared = raw;
    shared.store->foreign_writers = true;
    TestNode& strict = node(raw);
    TestNode& open = node(shared);
    strict.store->put("n:a", "42", {.ttl = 1min}, TimePoint::max(), [](auto) {});
    executor_.run_ready();

    EXPECT_EQ(value(open.get("a")), 42);
    EXPECT_EQ(value(strict.get("a")), 1);
}

TEST_F(StoreTier, TheBetterOfTwoOfferedValuesStays) {
    Options ranked = options();
    ranked.store->rank = [](const int& number) { return std::int64_t{number / 100}; };
    ranked.store->rank_yields_after = 1min;
    TestNode& one = node(ranked);
    TestNode& two = node(ranked);

    EXPECT_EQ(one.offer("a", 205).value(), Filled::stored);
    EXPECT_EQ(two.offer("a", 110).value(), Filled::kept_better);
    EXPECT_EQ(value(two.get("a")), 205);
    EXPECT_EQ(two.offer("a", 299).value(), Filled::stored) << "as good as the old one";
    clock_.advance(61s);

    EXPECT_EQ(two.offer("a", 111).value(), Filled::stored) << "the better one is too old";
    EXPECT_EQ(value(one.get("a")), 111);
}

TEST_F(StoreTier, AnOfferWhoseValueWasNeverSentGivesItsClaimBack) {
    TestNode& one = node();
    TestNode& two = node();
    one.faults.next(
        Operation::fill,
        {.error =
             Error{.code = Errc::unavailable, .operation = "test", .cause = {}, .unsent = true}});

    const auto offered = one.offer("a", 5);

    EXPECT_EQ(offered.error().code, Errc::unavailable);
    EXPECT_FALSE(offered.error().unsent) << "its claim was taken";
    EXPECT_EQ(value(two.get("a")), 1) << "nobody waits for it";
}

TEST_F(StoreTier, WhatTheStoreOutranksLeavesMemoryAndIsToldWithThatCause) {
    Options ranked = options();
    ranked.store->rank = [](const int& number) { return std::int64_t{number}; };
    std::vector<CacheEvent> told;
    ranked.events = EventListener{.listen = [&](const CacheEvent& event) { told.push_back(event); },
                                  .kinds = {CacheEvent::Kind::evicted}};
    TestNode& one = node(ranked);
    one.get("a");
    ASSERT_EQ(node(ranked).offer("a", 5).value(), Filled::stored);

    one.refresh("a");
    executor_.run_ready();

    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told.front().key, "a");
    EXPECT_EQ(told.front().cause, CacheEvent::Cause::outranked);
    EXPECT_EQ(value(one.get("a")), 5);
}

TEST_F(StoreTier, AnswersOfInvalidateAreCountedByWhatTheySay) {
    TestNode& one = node();
    ASSERT_TRUE(one.invalidate("a").published());
    one.writer->close();

    ASSERT_EQ(one.invalidate("a").outcome, Invalidation::Outcome::unconfirmed);

    EXPECT_EQ(one.core->counters().invalidate_published, 1U);
    EXPECT_EQ(one.core->counters().invalidate_unconfirmed, 1U);
    EXPECT_EQ(one.core->counters().invalidate_done, 0U);
}

TEST_F(StoreTier, ABetterValueOfAnotherVersionDoesNotStandInTheWay) {
    Options old = in_store_alone();
    old.store->rank = [](const int& number) { return std::int64_t{number}; };
    source = 5;
    node(old).get("a");
    Options current = old;
    current.store->version = 2;
    source = 1;

    TestNode& two = node(current);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(value(two.get("a")), 1);

    EXPECT_EQ(two.loads, 1U);
    EXPECT_EQ(two.offer("a", 0).value(), Filled::kept_better) << "ranks count as before";
}

TEST_F(StoreTier, AnOfferReplacesABetterValueThatCannotBeRead) {
    Options old = in_store_alone();
    old.store->rank = [](const int& number) { return std::int64_t{number}; };
    ASSERT_EQ(node(old).offer("a", 5).value(), Filled::stored);
    Options current = old;
    current.store->version = 2;

    EXPECT_EQ(node(current).offer("a", 1).value(), Filled::stored);
}

TEST_F(StoreTier, ABetterValueThatIsPastItsTimeToLiveDoesNotStandInTheWay) {
    Options ranked = in_store_alone();
    ranked.store->ttl = 1min;
    ranked.store->rank = [](const int& number) { return std::int64_t{number}; };
    ranked.stale_if_error = StaleIfError{.for_up_to = 1h};
    TestNode& one = node(ranked);
    ASSERT_EQ(one.offer("a", 5).value(), Filled::stored);
    clock_.advance(2min);
    source = 1;

    for (int i = 0; i < 5; ++i) EXPECT_EQ(value(one.get("a")), 1);

    EXPECT_EQ(one.loads, 1U);
}

TEST_F(StoreTier, AnOfferThatAnInvalidationOvertakesIsNotStored) {
    TestNode& one = node();
    TestNode& two = node();
    std::optional<Result<Filled>> filled;

    one.core->offer("a", std::make_shared<const int>(1), 1s,
                    [&](Result<Filled> given) { filled.emplace(std::move(given)); });
    two.core->invalidate(KeySet::of("a"), {}, [](const Invalidation&) {});
    source = 2;
    executor_.run_ready();

    EXPECT_EQ(filled.value().value(), Filled::claim_lost);
    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(value(two.get("a")), 2);
}

// Two answers about one stored value say as nearly when it was stored as they were quick.
TEST_F(StoreTier, ALastKnownGoodGivesWayToTheSameValueThatASlowerStoreBrings) {
    Options lenient = options();
    lenient.ttl = 1s;
    lenient.stale_if_error = StaleIfError{.for_up_to = 1min, .retry_after = 1s};
    node(lenient).get("a");
    TestNode& two = node(lenient);
    two.get("a");
    clock_.advance(2s);
    two.faults.next(Operation::fetch, {.request_delay = 5ms});
    two.get("a");
    executor_.advance(5ms);

    EXPECT_EQ(lookup(two.get("a")).tier(), Tier::memory);
}

// What was published between the answer and the claim could not take it away.
TEST_F(StoreTier, AnOfferThatWasAnsweredBeforeItsClaimIsNotStored) {
    TestNode& one = node();
    std::optional<Result<Filled>> filled;
    one.faults.next(Operation::fetch, {.request_delay = 500ms});
    one.core->offer("a", std::make_shared<const int>(1), 100ms,
                    [&](Result<Filled> given) { filled.emplace(std::move(given)); });
    executor_.advance(100ms);
    EXPECT_EQ(filled.value().error().code, Errc::timeout);
    node().core->invalidate(KeySet::of("a"), {}, [](const Invalidation&) {});
    source = 2;

    executor_.advance(1s);

    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(StoreTier, ALoadFromBeforeAnOfferReplacesItNowhere) {
    TestNode& one = node();
    one.hold_loads = true;
    const auto reader = one.get("a");

    ASSERT_EQ(one.offer("a", 5).value(), Filled::stored);
    one.finish(0, 1);

    EXPECT_EQ(value(reader), 1) << "it had joined before";
    EXPECT_EQ(value(one.get("a")), 5);
}

TEST_F(StoreTier, AnOfferThatCannotBeWrittenDisturbsNoLoad) {
    Options small = options();
    small.store->value_bytes_max = 2;
    TestNode& one = node(small);
    TestNode& two = node(small);
    two.hold_loads = true;
    two.get("a");

    EXPECT_EQ(one.offer("a", 1234).error().code, Errc::too_large);
    two.finish(0, 7);

    EXPECT_EQ(lookup(one.get("a")).tier(), Tier::store) << "the load has kept its claim";
}

TEST_F(StoreTier, AWaitingLoadIsNotHeldUpByALostWakeUp) {
    TestNode& one = node();
    TestNode& two = node();
    one.hold_loads = true;
    one.get("a");
    const auto waiting = two.get("a", {.deadline = 1min});

    server_.disconnect();
    one.finish(0, 7);
    EXPECT_FALSE(waiting->has_value());
    server_.reconnect();
    executor_.run_ready();

    EXPECT_EQ(value(waiting), 7);
}

// As FLUSHALL does: no connection breaks, and nothing knows any more who waited.
TEST_F(StoreTier, AWaitingLoadIsNotHeldUpByAServerThatForgets) {
    TestNode& one = node();
    TestNode& two = node();
    one.hold_loads = true;
    one.get("a");
    const auto waiting = two.get("a", {.deadline = 1min});
    EXPECT_FALSE(waiting->has_value());

    server_.lose_state("numbers");
    clock_.advance(2s);
    executor_.run_ready();

    EXPECT_EQ(value(waiting), 1);
}

// What a command of a dead connection does.
TEST_F(StoreTier, AClaimThatArrivesBehindItsTakingBackHoldsUpNoReader) {
    TestNode& one = node();
    TestNode& two = node();
    one.faults.next(Operation::fetch, {.request_delay = 2s, .overtake = true});
    const auto asked = one.get("a", {.deadline = 1min});
    for (int i = 0; i < 30; ++i) {
        clock_.advance(100ms);
        executor_.run_ready();
    }
    EXPECT_EQ(value(asked), 1) << "the source could answer";

    const auto other = two.get("a", {.deadline = 1min});
    for (int i = 0; i < 20; ++i) {
        clock_.advance(100ms);
        executor_.run_ready();
    }

    EXPECT_EQ(value(other), 1);
}

TEST_F(StoreTier, ARestartFromAnOlderCopyBringsNothingBack) {
    TestNode& one = node();
    one.get("a");
    const auto copy = server_.snapshot();
    one.invalidate("a");
    source = 2;

    server_.restart_from(copy);
    server_.reconnect();
    executor_.run_ready();

    EXPECT_EQ(value(one.get("a")), 2);
}

}  // namespace
}  // namespace tutti::testing
