// What a writer on a whole node is promised, whatever carries the node's shared tiers.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "contract/node_fixture.hpp"
#include "tutti/invalidator.hpp"

namespace tutti::contract {
namespace {

using ::testing::HasSubstr;
using enum Invalidation::Outcome;

class NodeChanges : public NodeContract {
protected:
    // Two nodes that have the row in memory.
    std::pair<Cache, Cache> two_that_have(int row, const Options& options,
                                          Duration lease = long_lease) {
        auto caches = two(options, lease);
        EXPECT_EQ(get(caches.first, row), row * 10);
        EXPECT_EQ(get(caches.second, row), row * 10);
        return caches;
    }
    // A change of `other` arrives there: so has all that was published before.
    void hears(const Cache& cache, const Cache& other, int row) {
        (void)get(cache, row);
        ASSERT_TRUE(other.invalidate(row, published).published());
        ASSERT_TRUE(eventually([&] { return !cache.contains(row); }));
    }
    static bool done(const Invalidation& outcome) {
        EXPECT_EQ(outcome.reason, "");
        return outcome.done();
    }
};

INSTANTIATE_TEST_SUITE_P(Adapters, NodeChanges, ::testing::ValuesIn(node_worlds()),
                         ::testing::PrintToStringParamName());

TEST_P(NodeChanges, AfterAnInvalidationThisNodeHasWhatTheSourceHas) {
    for (const Options& options : {rows("rows"), stored_rows("stored")}) {
        const Cache cache = node(options.name).coherent(options);
        start();
        for (int change = 1; change <= 20; ++change) {
            source_.write(1, change);
            EXPECT_EQ(cache.invalidate(1, published).outcome, Invalidation::Outcome::published);
            EXPECT_EQ(get(cache, 1), change);
        }
    }
}

TEST_P(NodeChanges, AnInvalidationReachesTheOtherNodes) {
    for (const Options& options : {rows(), stored_rows()}) {
        const auto [cache, other] = two_that_have(1, options);
        source_.write(1, 11);

        EXPECT_TRUE(cache.invalidate(1, published).published());

        EXPECT_TRUE(gets(other, 1, 11));
        EXPECT_EQ(get(other, 1), 11);
        source_.write(1, 10);
        stop_all();
    }
}

TEST_P(NodeChanges, DoneMeansThatNoNodeHasTheOldValue) {
    const auto [cache, other] = two_that_have(1, stored_rows(), short_lease);
    for (int change = 1; change <= 5; ++change) {
        source_.write(1, change);

        ASSERT_TRUE(done(cache.invalidate(1, everywhere)));

        EXPECT_EQ(get(other, 1), change);
        EXPECT_EQ(get(cache, 1), change);
    }
}

TEST_P(NodeChanges, AnInvalidationIsCountedOnceWhereItIsSaidAndWhereItIsHeard) {
    const auto [cache, other] = two(rows(), short_lease);
    ASSERT_TRUE(done(cache.invalidate(1, everywhere)));
    ASSERT_TRUE(done(other.invalidate(2, everywhere)));

    EXPECT_TRUE(eventually([&] { return all_count_invalidations(2); }));
}

TEST_P(NodeChanges, WhatAReloadHasLoadedIsInMemory) {
    const auto [cache, other] = two(rows());
    for (int change = 1; change <= 50; ++change) {
        source_.write(1, change);

        const auto [told, now] = cache.reload(1, published);

        EXPECT_TRUE(told.published());
        EXPECT_EQ(value(now), change);
        EXPECT_TRUE(cache.contains(1));
    }
    hears(cache, other, 2);

    EXPECT_EQ(get(cache, 1), 50);
    EXPECT_EQ(source_.loads(), 50 + 1);
}

// A node's own entry may reach it long after its publication was answered.
TEST_P(NodeChanges, WhatAReloadHasLoadedStaysWhenItsEchoComesLater) {
    const auto [cache, other] = two_that_have(1, rows());
    const int loads = source_.loads();
    source_.write(1, 11);
    world().stop_pushes();

    EXPECT_EQ(value(cache.reload(1, published).value), 11);
    world().resume_pushes();
    EXPECT_TRUE(gets(other, 1, 11));
    hears(cache, other, 2);

    EXPECT_TRUE(cache.contains(1));
    EXPECT_EQ(get(cache, 1), 11);
    EXPECT_EQ(source_.loads(), loads + 3);  // the reload, the other node, and the second row
}

// What another node has published before is missing here, too.
TEST_P(NodeChanges, WhatAReloadHasLoadedStaysWhenMuchIsMissed) {
    const auto [cache, other] = two_that_have(1, rows());
    source_.write(1, 11);
    world().stop_pushes();

    for (int row = 100; row < 110; ++row) EXPECT_TRUE(other.invalidate(row, published).published());
    EXPECT_EQ(value(cache.reload(1, published).value), 11);
    const int loads = source_.loads();
    world().resume_pushes();
    hears(cache, other, 2);

    EXPECT_TRUE(cache.contains(1));
    EXPECT_EQ(source_.loads(), loads + 1);
}

TEST_P(NodeChanges, WhatAReloadHasLoadedIsInTheStoreForTheOthers) {
    const auto [cache, other] = two_that_have(1, stored_rows());
    const int loads = source_.loads();
    source_.write(1, 11);

    EXPECT_EQ(value(cache.reload(1, published).value), 11);

    EXPECT_TRUE(gets(other, 1, 11));
    EXPECT_EQ(source_.loads(), loads + 1);
}

TEST_P(NodeChanges, ReloadsOfTwoNodesAgreeWithTheSource) {
    const auto [cache, other] = two(stored_rows());
    for (int change = 1; change <= 20; ++change) {
        source_.write(1, change);
        const auto here = cache.reload(1, published);
        source_.write(1, 100 + change);
        const auto there = other.reload(1, published);

        EXPECT_EQ(value(here.value), change);
        EXPECT_EQ(value(there.value), 100 + change);
        EXPECT_TRUE(gets(cache, 1, 100 + change));
        EXPECT_EQ(get(other, 1), 100 + change);
    }
}

TEST_P(NodeChanges, AReloadWithAllInstancesIsDoneAndHasTheValue) {
    const auto [cache, other] = two_that_have(1, rows(), short_lease);
    source_.write(1, 11);

    const auto [told, now] = cache.reload(1, everywhere);

    EXPECT_TRUE(done(told));
    EXPECT_EQ(value(now), 11);
    EXPECT_EQ(get(other, 1), 11);
}

TEST_P(NodeChanges, SeveralKeysAreOnePublication) {
    const auto [cache, other] = two_that_have(1, rows());
    EXPECT_EQ(get(other, 2), 20);
    const Invalidation before = cache.invalidate(3, published);
    source_.write(1, 11);
    source_.write(2, 22);

    const Invalidation both = cache.invalidate({1, 2}, published);

    EXPECT_EQ(both.position.sequence, before.position.sequence + 1);
    EXPECT_TRUE(gets(other, 1, 11));
    EXPECT_EQ(get(other, 2), 22);
}

TEST_P(NodeChanges, EverythingIsForgottenEverywhere) {
    const auto [cache, other] = two_that_have(1, stored_rows());
    EXPECT_EQ(get(other, 2), 20);
    source_.write(1, 11);
    source_.write(2, 22);

    EXPECT_TRUE(cache.invalidate_all(published).published());

    EXPECT_EQ(get(cache, 1), 11);
    EXPECT_TRUE(gets(other, 1, 11));
    EXPECT_EQ(get(other, 2), 22);
}

TEST_P(NodeChanges, ACacheOfTheSameChannelForgetsAtOnce) {
    Node& owner = node("one");
    const Cache cache = owner.coherent(rows("rows"));
    const Cache view = owner.coherent(stored_rows("view"));
    start();
    EXPECT_EQ(get(view, 1), 10);
    source_.write(1, 11);

    EXPECT_TRUE(cache.invalidate(1, published).published());

    EXPECT_EQ(get(view, 1), 11);
}

TEST_P(NodeChanges, KeysOfTwoCachesAreToldTogether) {
    Node& here = node("one");
    Node& there = node("two");
    const Cache left = here.coherent(rows("left"));
    const Cache right = here.coherent(rows("right"));
    const Cache left_there = there.coherent(rows("left"));
    const Cache right_there = there.coherent(rows("right"));
    start();
    const Invalidation before = left.invalidate(3, published);
    EXPECT_EQ(get(left_there, 1), 10);
    EXPECT_EQ(get(right_there, 2), 20);
    source_.write(1, 11);
    source_.write(2, 22);

    const Invalidation both = invalidate_together({left.key(1), right.key(2)}, published);

    EXPECT_EQ(both.position.sequence, before.position.sequence + 1);
    EXPECT_TRUE(gets(left_there, 1, 11));
    EXPECT_EQ(get(right_there, 2), 22);
    EXPECT_EQ(get(left, 1), 11);
    EXPECT_EQ(get(right, 2), 22);
}

TEST_P(NodeChanges, KeysOfTwoChannelsAreRefusedAndStay) {
    Node& here = node("one");
    const Cache left = here.coherent(rows("left"));
    Options elsewhere = rows("right");
    elsewhere.channel = "elsewhere";
    const Cache right = here.coherent(elsewhere);
    start();
    EXPECT_EQ(get(left, 1), 10);

    const Invalidation both = invalidate_together({left.key(1), right.key(1)}, published);

    EXPECT_EQ(both.outcome, unconfirmed);
    EXPECT_THAT(both.reason, HasSubstr("on channel 'elsewhere'"));
    EXPECT_TRUE(left.contains(1));
}

TEST_P(NodeChanges, AnInvalidatorTellsOfWhatItDoesNotKeep) {
    const auto changes = node("writer").invalidator<int>(
        {.name = "row-changes", .changes = "rows", .channel = "rows"});
    const Cache cache = node("reader").coherent(stored_rows());
    start();
    EXPECT_EQ(get(cache, 1), 10);
    source_.write(1, 11);

    EXPECT_TRUE(changes.invalidate(1, published).published());

    EXPECT_TRUE(gets(cache, 1, 11));
}

TEST_P(NodeChanges, ASharedCacheForgetsInTheStore) {
    Options options = stored_rows();
    options.ttl.reset();
    options.bound.reset();
    options.channel.clear();
    options.stale = Stale::acceptable;
    const auto cache = node("one").shared(options);
    const auto other = node("two").shared(options);
    start();
    EXPECT_EQ(value(cache.get(1, patient)), 10);
    EXPECT_EQ(value(other.get(1, patient)), 10);
    EXPECT_EQ(source_.loads(), 1);
    source_.write(1, 11);

    EXPECT_TRUE(cache.invalidate(1, published).published());

    EXPECT_EQ(value(other.get(1, patient)), 11);
}

TEST_P(NodeChanges, WithoutBlockingTheOutcomesAreTheSame) {
    const auto [cache, other] = two_that_have(1, stored_rows());
    source_.write(1, 11);

    const auto told =
        answer_of<Invalidation>([&](auto done) { cache.invalidate(1, published, done); });
    const auto both = answer_of<Invalidation>([&](auto done) {
        invalidate_together(std::vector{cache.key(1), cache.key(2)}, published, done);
    });
    const auto all =
        answer_of<Invalidation>([&](auto done) { cache.invalidate_all(published, done); });
    const auto loaded =
        answer_of<Reloaded<int>>([&](auto done) { cache.reload(1, published, done); });

    EXPECT_TRUE(told.published() && both.published() && all.published());
    EXPECT_EQ(loaded.invalidation.position.sequence, told.position.sequence + 3);
    EXPECT_EQ(value(loaded.value), 11);
    EXPECT_TRUE(keeps(cache, 1));
    EXPECT_TRUE(gets(other, 1, 11));
}

TEST_P(NodeChanges, WhatANodeHasMissedItCatchesUpWith) {
    const auto [cache, other] = two_that_have(1, rows());
    world().stop_pushes();
    source_.write(1, 11);
    EXPECT_TRUE(cache.invalidate(1, published).published());

    world().resume_pushes();

    EXPECT_TRUE(gets(other, 1, 11));
}

TEST_P(NodeChanges, AnEventOfAProgramWithoutTuttiIsApplied) {
    Options options = stored_rows();
    options.plain = PlainEvent{.type = "row", .key = "rowId"};
    options.foreign_publishers = true;
    const auto [cache, other] = two_that_have(1, options);
    source_.write(1, 11);

    world().publish_plain("rows", R"({"type":"row","rowId":"1"})");

    EXPECT_TRUE(gets(cache, 1, 11));
    EXPECT_TRUE(gets(other, 1, 11));
}

TEST_P(NodeChanges, AServerThatHasLostEverythingBringsNothingOldBack) {
    const auto [cache, other] = two_that_have(1, stored_rows(), short_lease);
    world().restart_empty();
    source_.write(1, 11);

    EXPECT_TRUE(eventually([&] { return cache.invalidate(1, everywhere).done(); }));

    EXPECT_EQ(get(cache, 1), 11);
    EXPECT_EQ(get(other, 1), 11);
}

}  // namespace
}  // namespace tutti::contract
