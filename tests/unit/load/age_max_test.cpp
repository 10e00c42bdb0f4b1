// GetOptions::age_max, CacheOptions::ttl_jitter, peek and contains.
#include <gmock/gmock.h>

#include "cache_fixture.hpp"
#include "load/shelf.hpp"
#include "store_fixture.hpp"

namespace tutti::testing {
namespace {

class AgeMax : public StoreTest {};

TEST_F(AgeMax, AnOlderValueIsLoadedAnewAndServedToAllFromThenOn) {
    TestNode& one = node();
    one.get("a");
    source = 2;
    clock_.advance(10s);

    EXPECT_EQ(value(one.get("a", {.age_max = 10s})), 1);
    clock_.advance(1ms);
    EXPECT_EQ(value(one.get("a")), 1) << "other readers are not concerned";
    EXPECT_EQ(value(one.get("a", {.age_max = 10s})), 2) << "the store's is as old";

    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(one.loads, 2U);
}

TEST_F(AgeMax, WhatAnotherInstanceHasStoredIsYoungEnough) {
    TestNode& one = node();
    TestNode& two = node();
    one.get("a");
    clock_.advance(10s);
    two.refresh("a");

    EXPECT_EQ(lookup(one.get("a", {.age_max = 5s})).tier(), Tier::store);
    EXPECT_EQ(one.loads, 1U);
}

TEST_F(AgeMax, ZeroSkipsWhatThereIsAlsoInTheSameMoment) {
    TestNode& one = node();
    one.get("a");
    source = 2;

    EXPECT_EQ(value(one.get("a", {.age_max = 0s})), 2);
}

TEST_F(AgeMax, ALoadThatBeganLongerAgoIsNotJoined) {
    TestNode& one = node();
    one.hold_loads = true;
    one.get("a");
    clock_.advance(2s);

    const auto young = one.get("a", {.age_max = 3s});
    const auto news = one.get("a", {.age_max = 0s});
    ASSERT_EQ(one.held.size(), 2U) << "the first one is young enough for the first reader";
    one.finish(0, 1);
    EXPECT_EQ(value(young), 1);
    EXPECT_FALSE(news->has_value());
    one.finish(1, 2);

    EXPECT_EQ(value(news), 2);
    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(AgeMax, WhoWantsNewsIsToldThatThereAreNone) {
    Options options = StoreTest::options();
    options.stale_if_error = StaleIfError{.for_up_to = 1h};
    TestNode& one = node(std::move(options));
    one.get("a");
    source = fail(broken());

    EXPECT_EQ(error(one.get("a", {.age_max = 0s})), Errc::unavailable);
    EXPECT_EQ(value(one.get("a")), 1) << "what was there stays";
}

TEST(Shortened, ALifetimeLosesThatFraction) {
    EXPECT_EQ(shortened(Ttl(10s), 0).lifetime(), 10s);
    EXPECT_EQ(shortened(Ttl(10s), 0.5).lifetime(), 5s);
}

TEST_F(AgeMax, LifetimesOfWhatWasLoadedTogetherEndApartButNeverLate) {
    Options options = in_memory();
    options.ttl_jitter = 0.5;
    TestNode& one = node(std::move(options));
    for (int key = 0; key < 100; ++key) one.get(std::to_string(key));
    const auto left_after = [&](Duration time) {
        clock_.advance(time);
        const std::size_t before = one.loads;
        std::size_t there = 0;
        for (int key = 0; key < 100; ++key) there += one.cache->contains(std::to_string(key));
        EXPECT_EQ(one.loads, before) << "a look loads nothing";
        return there;
    };

    EXPECT_EQ(left_after(15s), 100U);
    EXPECT_THAT(left_after(7500ms), ::testing::AllOf(::testing::Gt(25U), ::testing::Lt(75U)));
    EXPECT_EQ(left_after(7501ms), 0U);
}

class Looking : public CacheTest {};

TEST_F(Looking, PeekShowsWhatMayBeServedAndCountsNothing) {
    open(options());
    fill("a", 7);
    const auto before = core_->counters();

    const auto known = cache_->peek("a");

    ASSERT_TRUE(known);
    EXPECT_EQ(**known, 7);
    EXPECT_EQ(known->tier(), Tier::memory);
    EXPECT_TRUE(cache_->contains("a"));
    EXPECT_FALSE(cache_->peek("b"));
    EXPECT_EQ(core_->counters(), before);
    EXPECT_EQ(loads_.size(), 1U);
}

TEST_F(Looking, AbsenceIsKnownAndContainsNothing) {
    open(options());
    const auto answer = read("a");
    finish(0, Loaded<int>(absent));

    EXPECT_TRUE(cache_->peek("a"));
    EXPECT_FALSE(cache_->contains("a"));
}

TEST_F(Looking, WhatMayNotBeServedIsNotSeen) {
    auto forgiving = options();
    forgiving.stale_if_error = StaleIfError{.for_up_to = 1h};
    open(std::move(forgiving));
    fill("a", 7);

    lapse_lease();
    EXPECT_FALSE(cache_->peek("a"));
    renew_lease();
    EXPECT_TRUE(cache_->peek("a"));
    clock_.advance(31s);
    EXPECT_FALSE(cache_->peek("a")) << "a last known good";
}

}  // namespace
}  // namespace tutti::testing
