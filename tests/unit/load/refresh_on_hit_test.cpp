// Refresh::on_hit_after.
#include <gmock/gmock.h>

#include <cstddef>
#include <utility>

#include "store_fixture.hpp"

namespace tutti::testing {
namespace {

class RefreshOnHit : public StoreTest {
protected:
    static Options ahead() {
        Options options = in_memory();
        options.ttl = 100s;
        options.refresh = Refresh<std::string>{.on_hit_after = 0.8};
        return options;
    }
    // The store keeps values as long as memory does.
    static Options stored() {
        Options options = ahead();
        options.store = StoreTier<int>{.ttl = 100s, .codec = number_codec()};
        return options;
    }
};

TEST_F(RefreshOnHit, AHitNearTheEndHasItsValueAtOnceAndTheNextOneTheNew) {
    TestNode& one = node(ahead());
    one.get("a");
    source = 2;
    clock_.advance(79s);
    EXPECT_EQ(value(one.get("a")), 1);
    EXPECT_EQ(one.loads, 1U) << "four fifths have not passed";

    clock_.advance(1s);
    EXPECT_EQ(value(one.get("a")), 1);

    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(one.loads, 2U);
    EXPECT_EQ(one.core->counters().refreshes, 1U);
    EXPECT_EQ(one.core->counters().misses, 1U) << "only the first read waited";
}

TEST_F(RefreshOnHit, AHitThatIsMeasuredOrToldOfBeginsOneToo) {
    Options measured = ahead();
    measured.measure_hits = true;
    Options told = ahead();
    std::vector<std::string> events;
    told.events =
        EventListener{.listen = [&](const CacheEvent& event) { events.push_back(event.key); },
                      .kinds = {CacheEvent::Kind::hit}};
    for (const Options& options : {measured, told}) {
        TestNode& one = node(options);
        one.get("a");
        clock_.advance(80s);

        EXPECT_EQ(value(one.get("a")), 1);

        EXPECT_EQ(one.loads, 2U);
        EXPECT_EQ(one.core->counters().hits, 1U);
    }
    executor_.run_ready();
    EXPECT_THAT(events, ::testing::ElementsAre("a"));
}

TEST_F(RefreshOnHit, AValueWithALifeOfItsOwnIsLoadedAgainThoughTheStoreHasIt) {
    TestNode& one = node(stored());
    one.answer = [] {
        Loaded<int> loaded(1);
        loaded.keep_for(10s);
        return Result<Loaded<int>>(std::move(loaded));
    };
    one.get("a");

    for (int hits = 0; hits < 19; ++hits) {
        clock_.advance(500ms);
        one.get("a");
    }

    EXPECT_EQ(one.loads, 2U);
    EXPECT_EQ(one.core->counters().misses, 1U) << "only the first read waited";
}

TEST_F(RefreshOnHit, ManyHitsBeginOneLoad) {
    Options options = ahead();
    options.load_deadline = 1min;
    TestNode& one = node(options);
    one.get("a");
    one.hold_loads = true;
    clock_.advance(80s);

    for (int hits = 0; hits < 10; ++hits) {
        EXPECT_EQ(value(one.get("a")), 1);
        clock_.advance(1s);
    }

    EXPECT_EQ(one.loads, 2U) << "the load runs on, however long it takes";
}

TEST_F(RefreshOnHit, WhatIsNotReadIsNotRefreshed) {
    TestNode& one = node(ahead());
    one.get("a");

    executor_.advance(200s);

    EXPECT_EQ(one.loads, 1U);
}

TEST_F(RefreshOnHit, AFailedOneLeavesTheValueAndIsTriedAgainAFewTimes) {
    TestNode& one = node(ahead());
    one.get("a");
    source = fail(broken());
    clock_.advance(80s);

    for (int hits = 0; hits < 200; ++hits) {
        EXPECT_EQ(value(one.get("a")), 1);
        clock_.advance(100ms);
    }

    EXPECT_EQ(one.loads, 9U) << "eight turns in the last fifth";
}

TEST_F(RefreshOnHit, AnInvalidationDuringItWins) {
    TestNode& one = node(ahead());
    one.get("a");
    one.hold_loads = true;
    clock_.advance(80s);
    one.get("a");
    ASSERT_EQ(one.held.size(), 1U);

    one.invalidate("a");
    one.finish(0, 1);
    one.hold_loads = false;
    source = 2;

    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(RefreshOnHit, WithoutALeaseNoHitBeginsIt) {
    Options options = ahead();
    options.on_suspect = OnSuspect::serve_up_to(1h);
    TestNode& one = node(options);
    one.get("a");
    clock_.advance(80s);
    one.lease->end_now();

    EXPECT_EQ(value(one.get("a")), 1);

    EXPECT_EQ(one.loads, 1U);
}

TEST_F(RefreshOnHit, OneInstanceOfTheFleetLoadsAndTheOthersTakeIt) {
    TestNode& one = node(stored());
    TestNode& two = node(stored());
    one.get("a");
    two.get("a");
    source = 2;
    clock_.advance(81s);

    one.get("a");
    two.get("a");

    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(value(two.get("a")), 2);
    EXPECT_EQ(one.loads + two.loads, 2U);
}

TEST_F(RefreshOnHit, WhatTheStoreHasLongYetIsTakenFromThere) {
    Options options = stored();
    options.ttl = 10s;
    TestNode& one = node(options);
    one.get("a");
    clock_.advance(9s);

    one.get("a");
    clock_.advance(5s);

    EXPECT_EQ(lookup(one.get("a")).tier(), Tier::memory) << "for ten seconds more";
    EXPECT_EQ(one.loads, 1U) << "the source was not asked";
}

TEST_F(RefreshOnHit, OfALongerTimeToLiveTheLastFifthOfTheUsualOneCounts) {
    TestNode& one = node(ahead());
    source = Loaded<int>(1).keep_for(1000s);
    one.get("a");

    clock_.advance(979s);
    one.get("a");
    EXPECT_EQ(one.loads, 1U);
    clock_.advance(1s);
    one.get("a");

    EXPECT_EQ(one.loads, 2U);
}

TEST_F(RefreshOnHit, AbsenceIsRefreshedAndARememberedFailureIsNot) {
    Options options = ahead();
    options.negative = NegativeTtls{.ceiling = 100s, .otherwise = 100s};
    TestNode& one = node(options);
    source = Loaded<int>(absent);
    one.get("nothing");
    source = Loaded<int>(negative("auth"));
    one.get("refused");
    clock_.advance(90s);

    one.get("nothing");
    one.get("refused");

    EXPECT_EQ(one.loads, 3U);
}

TEST_F(RefreshOnHit, AlsoReadsOfManyKeysBeginIt) {
    TestNode& one = node(ahead());
    one.get("a");
    one.get("b");
    clock_.advance(80s);

    std::size_t answers = 0;
    one.cache->get_many(std::vector<std::string>{"a", "b"}, {},
                        [&](const auto& given) { answers = given.size(); });
    executor_.run_ready();

    EXPECT_EQ(answers, 2U);
    EXPECT_EQ(one.loads, 4U);
}

TEST_F(RefreshOnHit, APeekBeginsNone) {
    TestNode& one = node(ahead());
    one.get("a");
    clock_.advance(80s);

    EXPECT_TRUE(one.cache->contains("a"));
    executor_.run_ready();

    EXPECT_EQ(one.loads, 1U);
}

}  // namespace
}  // namespace tutti::testing
