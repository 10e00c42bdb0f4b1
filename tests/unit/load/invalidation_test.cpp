// A value whose load began before an invalidation is never served to a later reader, in no order of
// events: the promise that every measured peer breaks.
#include "cache_fixture.hpp"

namespace tutti::testing {
namespace {

using InvalidationDuringLoad = CacheTest;
using LapsedLease = CacheTest;

TEST_F(InvalidationDuringLoad, TheOldValueGoesToItsReadersAndIsStoredNowhere) {
    open(options());

    const auto before = read("a");
    core_->remove("a");
    finish(0, 1);
    const auto after = read("a");

    EXPECT_EQ(value(before), 1);
    EXPECT_FALSE(after->has_value()) << "served from memory";
    EXPECT_EQ(core_->counters().poisoned, 1U);
    finish(1, 2);
    EXPECT_EQ(value(after), 2);
}

TEST_F(InvalidationDuringLoad, ALaterReaderDoesNotJoinAndStartsAtOnce) {
    open(options());

    const auto before = read("a");
    core_->remove("a");
    const auto after = read("a");
    ASSERT_EQ(loads_.size(), 2U);
    finish(1, 2);
    finish(0, 1);

    EXPECT_EQ(value(after), 2);
    EXPECT_EQ(value(before), 1);
    EXPECT_EQ(value(read("a")), 2);
}

TEST_F(InvalidationDuringLoad, OnlyTwoLoadsOfAKeyRunAndTheRestShareTheNext) {
    open(options());

    read("a");
    core_->remove("a");
    read("a");
    core_->remove("a");
    const auto third = read("a");
    const auto fourth = read("a");
    EXPECT_EQ(loads_.size(), 2U);
    finish(0, 1);
    ASSERT_EQ(loads_.size(), 3U);
    finish(2, 3);

    EXPECT_EQ(value(third), 3);
    EXPECT_EQ(value(fourth), 3);
}

TEST_F(InvalidationDuringLoad, ReachOfEveryKeyDropsAllAndWhatIsOnItsWay) {
    auto lists = options();
    lists.reach = Reach::every_key;
    open(lists);
    fill("of-user-1", 1);

    const auto before = read("of-user-2");
    core_->remove("something-that-they-list");
    finish(1, 2);

    EXPECT_EQ(value(before), 2);
    EXPECT_FALSE(read("of-user-1")->has_value()) << "served from memory";
    EXPECT_FALSE(read("of-user-2")->has_value()) << "an overtaken load was stored";
}

TEST_F(InvalidationDuringLoad, OtherKeysAreLeftAlone) {
    open(options());
    fill("b", 5);

    const auto a = read("a");
    core_->remove("b");
    finish(1, 1);

    EXPECT_EQ(value(a), 1);
    EXPECT_EQ(tier(read("a")), Tier::memory);
    EXPECT_FALSE(read("b")->has_value());
}

TEST_F(InvalidationDuringLoad, AFlushDropsEntriesAndPoisonsEveryLoad) {
    open(options());
    fill("a", 1);

    const auto b = read("b");
    core_->flush();
    const auto late = read("b");
    finish(1, 1);

    EXPECT_FALSE(read("a")->has_value());
    EXPECT_EQ(value(b), 1);
    EXPECT_FALSE(late->has_value());
    EXPECT_FALSE(read("b")->has_value());
}

TEST_F(InvalidationDuringLoad, AWaitingTurnIsNotALoad) {
    auto declared = options();
    declared.loads_max = 1;
    open(std::move(declared));

    read("busy");
    const auto early = read("a");
    core_->remove("a");
    const auto late = read("a");
    finish(0, 0);
    ASSERT_EQ(loads_.size(), 2U);
    finish(1, 9);

    EXPECT_EQ(value(early), 9);
    EXPECT_EQ(value(late), 9);
    EXPECT_EQ(tier(read("a")), Tier::memory) << "nothing was read before the invalidation";
}

TEST_F(LapsedLease, MemoryIsBypassedAndNothingIsForgotten) {
    open(options());
    fill("a", 1);

    lapse_lease();
    const auto bypassed = read("a");
    finish(1, 1);
    renew_lease();
    const auto good_again = read("a");

    EXPECT_EQ(tier(bypassed), Tier::source);
    EXPECT_FALSE((*bypassed)->value().degraded().empty());
    EXPECT_EQ(tier(good_again), Tier::memory);
    EXPECT_TRUE((*good_again)->value().degraded().empty());
}

TEST_F(LapsedLease, NobodyJoinsALoadThatMayPredateWhatTheReaderMustSee) {
    open(options());

    const auto before = read("a");
    lapse_lease();
    const auto during = read("a");
    ASSERT_EQ(loads_.size(), 2U);
    finish(0, 1);
    EXPECT_FALSE(during->has_value());
    finish(1, 2);

    EXPECT_EQ(value(before), 1);
    EXPECT_EQ(value(during), 2);
}

TEST_F(LapsedLease, AHerdMakesTwoLoadsAndOneMore) {
    open(options());
    lapse_lease();

    for (int reader = 0; reader < 1000; ++reader) read("a");
    EXPECT_EQ(loads_.size(), 2U);
    finish(0, 1);
    finish(1, 1);

    EXPECT_EQ(loads_.size(), 3U);
}

TEST_F(LapsedLease, AnInvalidationPoisonsEveryRunningLoadOfItsKey) {
    open(options());

    read("a");
    lapse_lease();
    read("a");
    renew_lease();
    core_->remove("a");
    finish(1, 1);
    finish(0, 1);

    EXPECT_FALSE(read("a")->has_value()) << "the older of two loads was stored";
}

TEST_F(LapsedLease, ServeUpToMarksWhatItServesAndEndsAtItsAge) {
    auto declared = options();
    declared.on_suspect = OnSuspect::serve_up_to(10s);
    open(std::move(declared));
    fill("a", 1);

    lapse_lease();
    executor_.advance(10s);
    const auto suspect = read("a");
    executor_.advance(1ns);
    const auto too_late = read("a");

    EXPECT_EQ((*suspect)->value().freshness(), Freshness::suspect);
    EXPECT_FALSE((*suspect)->value().degraded().empty());
    EXPECT_FALSE(too_late->has_value());
}

TEST_F(LapsedLease, FailRefusesTheRead) {
    auto declared = options();
    declared.on_suspect = OnSuspect::fail();
    open(std::move(declared));
    fill("a", 1);

    lapse_lease();
    const auto refused = read("a");

    EXPECT_EQ(error(refused), Errc::suspect);
    EXPECT_TRUE((*refused)->error().retryable());
}

}  // namespace
}  // namespace tutti::testing
