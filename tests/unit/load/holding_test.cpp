// What a cache says that a read may be answered with: all that a read may be, and nothing else.
#include <gmock/gmock.h>

#include <optional>
#include <string>

#include "cache_fixture.hpp"

namespace tutti::testing {
namespace {

using ::testing::FieldsAre;
using ::testing::Optional;

class Holdings : public CacheTest {
protected:
    [[nodiscard]] std::optional<Holding> held(const std::string& key = "a") const {
        return core_->holding(key);
    }
};

TEST_F(Holdings, AnEntryIsAsOldAsTheBeginOfItsLoad) {
    open(options());
    const auto answer = read("a");
    clock_.advance(2s);
    finish(0, 1);
    clock_.advance(3s);

    EXPECT_THAT(held(), Optional(FieldsAre("numbers", 5s, 1h - 5s, false)));
    EXPECT_EQ(held("b"), std::nullopt);
    EXPECT_EQ(value(answer), 1);
}

TEST_F(Holdings, NothingIsHeldThatWasInvalidatedOrHasEnded) {
    open(options());
    fill("a", 1);
    fill("b", 1);

    core_->remove("a");
    EXPECT_EQ(held("a"), std::nullopt);
    EXPECT_NE(held("b"), std::nullopt);

    core_->flush();
    EXPECT_EQ(held("b"), std::nullopt);

    fill("c", 1);
    clock_.advance(30s + 1ns);
    EXPECT_EQ(held("c"), std::nullopt) << "past its TTL, and no last known good is kept";
}

TEST_F(Holdings, ALastKnownGoodIsHeld) {
    auto keeping = options();
    keeping.stale_if_error = StaleIfError{.for_up_to = 1h};
    open(keeping);
    fill("a", 1);

    clock_.advance(10min);

    EXPECT_THAT(held(), Optional(FieldsAre("numbers", 10min, 50min, false)));
}

TEST_F(Holdings, NothingIsHeldUnderNoLease) {
    open(options());
    fill("a", 1);

    lapse_lease();
    EXPECT_EQ(held(), std::nullopt);

    renew_lease();
    EXPECT_NE(held(), std::nullopt) << "suspect is not gone (R6)";
}

TEST_F(Holdings, WhatIsServedWithoutALeaseIsHeldAsSuspectUntilItsAgeEnds) {
    auto lenient = options();
    lenient.on_suspect = OnSuspect::serve_up_to(1min);
    open(lenient);
    fill("a", 1);
    clock_.advance(10s);

    lapse_lease();
    EXPECT_THAT(held(), Optional(FieldsAre("numbers", 10s, 50s, true)));

    lease_->extend(clock_.now() - 1min - 1ns, clock_.now());
    EXPECT_EQ(held(), std::nullopt);
}

TEST_F(Holdings, ALoadThatMayBeJoinedIsHeldUntilItIsPoisoned) {
    open(options());
    (void)read("a");
    clock_.advance(4s);
    EXPECT_THAT(held(), Optional(FieldsAre("numbers", 4s, 1h - 4s, false)));

    core_->remove("a");
    EXPECT_EQ(held(), std::nullopt) << "its value goes only to those who have joined it";

    finish(0, 1);
    EXPECT_EQ(held(), std::nullopt);
}

TEST_F(Holdings, OfAnEntryAndItsRefreshTheOlderOneCounts) {
    open(options());
    fill("a", 1);
    clock_.advance(5s);
    cache_->refresh("a", GetOptions{}, [](const Result<Lookup<int>>&) {});
    clock_.advance(1s);

    EXPECT_THAT(held(), Optional(FieldsAre("numbers", 6s, 1h - 6s, false)));

    finish(1, 2);
    EXPECT_THAT(held(), Optional(FieldsAre("numbers", 1s, 1h - 6s, false)));
}

TEST_F(Holdings, ALoadIsNotJoinedUnderNoLease) {
    auto lenient = options();
    lenient.on_suspect = OnSuspect::serve_up_to(1min);
    open(lenient);
    (void)read("a");

    lapse_lease();

    EXPECT_EQ(held(), std::nullopt);
    finish(0, 1);
}

TEST_F(Holdings, WhatIsAskedForAtEachReadIsNotHeld) {
    auto validated = options();
    validated.validate_on_read = true;
    open(validated);

    EXPECT_EQ(held(), std::nullopt);
}

TEST_F(Holdings, AClosedCacheHoldsNothing) {
    open(options());
    fill("a", 1);

    core_->close();

    EXPECT_EQ(held(), std::nullopt);
}

TEST_F(Holdings, ToLookIsNoReadAndNoUse) {
    auto idle = options();
    idle.idle_ttl = 10s;
    open(idle);
    fill("a", 1);
    const CacheCounters before = core_->counters();

    clock_.advance(6s);
    (void)held();
    EXPECT_EQ(core_->counters(), before);
    clock_.advance(6s);

    EXPECT_EQ(cache_->peek("a"), std::nullopt) << "the look has not prolonged it";
}

}  // namespace
}  // namespace tutti::testing
