// LoadContext::former, and loaders that answer `not_modified`.
#include <gmock/gmock.h>

#include <optional>

#include "store_fixture.hpp"

namespace tutti::testing {
namespace {

using ::testing::HasSubstr;

class FormerValue : public StoreTest {
protected:
    static Options kept_stale() {
        Options options = in_memory();
        options.stale_if_error = StaleIfError{.for_up_to = 1h};
        return options;
    }
    // Asks the source whether what it knows has changed.
    void asks_if_changed(TestNode& node) {
        node.ask = [this](const LoadContext& context) -> Result<Loaded<int>> {
            former = context.former<int>();
            const Loaded<int> now = source.value();
            if (former && *former->value == *now.value()) return Loaded<int>(not_modified);
            return now;
        };
    }

    std::optional<Former<int>> former;  // of the last load
};

TEST_F(FormerValue, TheFirstLoadHasNone) {
    TestNode& one = node(in_memory());
    asks_if_changed(one);

    EXPECT_EQ(value(one.get("a")), 1);
    EXPECT_FALSE(former);
}

TEST_F(FormerValue, ARefreshThatConfirmsItMakesItYoung) {
    TestNode& one = node(in_memory());
    asks_if_changed(one);
    one.get("a");
    clock_.advance(20s);

    const auto refreshed = one.refresh("a");

    ASSERT_TRUE(former);
    EXPECT_EQ(*former->value, 1);
    EXPECT_EQ(former->age, 20s);
    EXPECT_EQ(value(refreshed), 1);
    EXPECT_EQ(lookup(refreshed).age(), 0s);
    clock_.advance(20s);
    EXPECT_EQ(lookup(one.get("a")).age(), 20s) << "40 s after it came, with a ttl of 30 s";
    EXPECT_EQ(one.loads, 2U);
}

TEST_F(FormerValue, PastItsTtlItIsThereWhileALastKnownGoodIs) {
    TestNode& one = node(kept_stale());
    asks_if_changed(one);
    one.get("a");
    clock_.advance(5min);

    const auto again = one.get("a");

    ASSERT_TRUE(former);
    EXPECT_EQ(value(again), 1);
    EXPECT_EQ(lookup(again).freshness(), Freshness::fresh) << "the source has said so now";
    EXPECT_EQ(one.core->counters().stale_served, 0U);
}

TEST_F(FormerValue, IsThatOfTheStoreWhenMemoryHasNone) {
    Options options = StoreTest::options();
    options.stale_if_error = StaleIfError{.for_up_to = 1h};
    TestNode& one = node(options);
    TestNode& two = node(options);
    one.get("a");
    clock_.advance(11min);
    asks_if_changed(two);

    const auto read = two.get("a");

    ASSERT_TRUE(former);
    EXPECT_EQ(former->age, 11min);
    EXPECT_EQ(value(read), 1);
    EXPECT_EQ(lookup(one.get("a")).tier(), Tier::store) << "renewed there, too";
    EXPECT_EQ(one.loads, 1U);
}

TEST_F(FormerValue, IsTheYoungerOfMemorysAndTheStores) {
    Options options = StoreTest::options();
    options.ttl = 1h;
    options.store->ttl = 1h;
    TestNode& one = node(options);
    TestNode& two = node(options);
    one.get("a");
    clock_.advance(1min);
    source = 2;
    two.refresh("a");
    clock_.advance(1min);
    asks_if_changed(one);

    one.refresh("a");

    ASSERT_TRUE(former);
    EXPECT_EQ(*former->value, 2);
    EXPECT_EQ(former->age, 1min);
}

TEST_F(FormerValue, WhatWasInvalidatedIsNotGiven) {
    Options options = StoreTest::options();
    options.stale_if_error = StaleIfError{.for_up_to = 1h};
    TestNode& one = node(options);
    asks_if_changed(one);
    one.get("a");

    one.invalidate("a");
    one.get("a");

    EXPECT_EQ(one.loads, 2U);
    EXPECT_FALSE(former);
}

TEST_F(FormerValue, WhatIsInvalidatedBeforeTheLoaderIsCalledIsNotGivenEither) {
    TestNode& one = node();
    TestNode& two = node();
    one.get("a");
    clock_.advance(10s);
    two.hold_loads = true;
    two.get("a", {.age_max = 1s});
    asks_if_changed(one);
    const auto waiting = one.get("a", {.age_max = 1s});
    EXPECT_FALSE(waiting->has_value()) << "two has the claim";

    two.invalidate("a");

    EXPECT_EQ(value(waiting), 1) << "the claim has ended, and one has loaded";
    EXPECT_EQ(one.loads, 2U);
    EXPECT_FALSE(former) << "memory had it when the load began";
}

TEST_F(FormerValue, AnInvalidationBetweenTheQuestionAndTheConfirmationWins) {
    TestNode& one = node(in_memory());
    one.get("a");
    one.hold_loads = true;
    const auto refreshed = one.refresh("a");
    ASSERT_TRUE(one.held[0].context.former<int>());

    one.invalidate("a");
    one.finish(0, not_modified);
    EXPECT_EQ(value(refreshed), 1) << "its reader came before the change";
    one.hold_loads = false;
    source = 2;

    EXPECT_EQ(value(one.get("a")), 2) << "nothing was renewed";
}

TEST_F(FormerValue, TheSameWithAStore) {
    TestNode& one = node();
    TestNode& two = node();
    one.get("a");
    one.hold_loads = true;
    one.refresh("a");

    two.invalidate("a");
    one.finish(0, not_modified);
    one.hold_loads = false;
    source = 2;

    EXPECT_EQ(value(two.get("a")), 2) << "nothing came back into the store";
    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(FormerValue, DroppingEverythingBetweenWinsToo) {
    TestNode& one = node(in_memory());
    one.get("a");
    one.hold_loads = true;
    one.refresh("a");

    one.invalidate(std::nullopt);
    one.finish(0, not_modified);
    one.hold_loads = false;
    source = 2;

    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(FormerValue, AConfirmationOfNothingIsAFailedLoad) {
    TestNode& one = node(in_memory());
    source = Loaded<int>(not_modified);

    const auto read = one.get("a");

    EXPECT_EQ(error(read), Errc::load_failed);
    EXPECT_THAT((*read)->error().message(), HasSubstr("was given no former value"));
}

TEST_F(FormerValue, AbsenceIsNone) {
    TestNode& one = node(in_memory());
    source = Loaded<int>(absent);
    asks_if_changed(one);
    one.get("a");
    source = 1;

    one.refresh("a");

    EXPECT_FALSE(former);
}

TEST_F(FormerValue, TheLoaderSaysForHowLongItHoldsNow) {
    TestNode& one = node(in_memory());
    one.get("a");
    source = Loaded<int>(not_modified).keep_for(1h);
    one.refresh("a");

    clock_.advance(59min);

    EXPECT_EQ(value(one.get("a")), 1);
    EXPECT_EQ(one.loads, 2U);
}

TEST_F(FormerValue, AnotherTypeEndsTheProgramWithAnExplanation) {
    const auto ask_for_another = [&] {
        TestNode& one = node(in_memory());  // here: nodes do not serve in a child process
        one.ask = [](const LoadContext& context) -> Result<Loaded<int>> {
            (void)context.former<long>();
            return 1;
        };
        one.get("a");  // the first load: it need not wait for a former value
    };

    EXPECT_DEATH(ask_for_another(), "V is not the cache's value type");
}

}  // namespace
}  // namespace tutti::testing
