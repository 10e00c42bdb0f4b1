// What a cache shows without being read: the time that an entry has left, and all of them.
#include <gmock/gmock.h>

#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "cache_fixture.hpp"

namespace tutti::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class LookingTest : public CacheTest {
protected:
    std::map<std::string, int> all() {
        std::map<std::string, int> seen;
        cache_->for_each([&](std::string_view key, const Lookup<int>& known) {
            seen[std::string(key)] = known.value_or(-1);
        });
        return seen;
    }
};

TEST_F(LookingTest, ALookTellsHowOldAnEntryIsAndHowLongItHas) {
    open(options());
    fill("a", 1);
    clock_.advance(10s);

    const auto known = cache_->peek("a");

    ASSERT_TRUE(known);
    EXPECT_EQ(known->age(), 10s);
    EXPECT_EQ(known->time_left(), 20s);
    EXPECT_EQ((*read("a"))->value().time_left(), std::nullopt) << "a read does not pay for it";
}

// What a visitor must take is what it is called with.
TEST_F(LookingTest, AVisitorThatTakesNoTemporaryMayWalk) {
    struct Visitor {
        int& seen;
        void operator()(std::string_view, const Lookup<int>& known) const { seen += *known; }
        void operator()(std::string_view, Lookup<int>&&) const = delete;
    };
    open(options());
    fill("a", 1);
    int seen = 0;

    cache_->for_each(Visitor{seen});

    EXPECT_EQ(seen, 1);
}

TEST_F(LookingTest, TheTimeOfALastKnownGoodIsNotCountedAsLeft) {
    auto declared = options();
    declared.stale_if_error = StaleIfError{.for_up_to = 1h};
    open(std::move(declared));
    fill("a", 1);
    clock_.advance(30s);

    EXPECT_EQ(cache_->peek("a")->time_left(), 0s);
    clock_.advance(1ns);

    EXPECT_FALSE(cache_->peek("a"));
    EXPECT_THAT(all(), IsEmpty());
}

TEST_F(LookingTest, WhatNeverEndsHasAllTheTime) {
    auto declared = options();
    declared.ttl = Ttl::never();
    open(std::move(declared));
    fill("a", 1);

    EXPECT_EQ(cache_->peek("a")->time_left(), Duration::max());
}

TEST_F(LookingTest, AWalkShowsWhatMayBeServed) {
    open(options());
    fill("a", 1);
    fill("a key of more than twenty-three characters", 2);
    fill("gone", 3);
    core_->remove("gone");

    EXPECT_THAT(all(),
                ElementsAre(Pair("a", 1), Pair("a key of more than twenty-three characters", 2)));
    EXPECT_EQ(core_->counters().hits, 0U) << "a walk is no read";
}

TEST_F(LookingTest, AWalkShowsAnswersThatSayThatThereIsNothing) {
    open(options());
    (void)read("a");
    finish(0, absent);

    EXPECT_THAT(all(), ElementsAre(Pair("a", -1)));
}

TEST_F(LookingTest, NothingIsShownThatWasDroppedWithEverythingElse) {
    open(options());
    fill("a", 1);
    core_->flush();
    fill("b", 2);

    EXPECT_THAT(all(), ElementsAre(Pair("b", 2)));
}

TEST_F(LookingTest, NothingIsShownWithoutALease) {
    open(options());
    fill("a", 1);

    lapse_lease();
    EXPECT_THAT(all(), IsEmpty());
    renew_lease();

    EXPECT_THAT(all(), ElementsAre(Pair("a", 1)));
}

TEST_F(LookingTest, AWriterGoesOnInTheMiddleOfAWalk) {
    open(options());
    fill("a", 1);
    fill("b", 2);
    int seen = 0;

    cache_->for_each([&](std::string_view, const Lookup<int>&) {
        ++seen;
        core_->remove("a");
        core_->remove("b");
    });

    EXPECT_EQ(seen, 1);
    EXPECT_THAT(all(), IsEmpty());
}

TEST_F(LookingTest, WhatTheVisitorThrowsReachesTheCaller) {
    open(options());
    fill("a", 1);

    EXPECT_THROW(cache_->for_each(
                     [](std::string_view, const Lookup<int>&) { throw std::runtime_error("x"); }),
                 std::runtime_error);
}

}  // namespace
}  // namespace tutti::testing
