#include "cache_fixture.hpp"

namespace tutti::testing {
namespace {

using SingleFlight = CacheTest;

TEST_F(SingleFlight, ConcurrentMissesOfOneKeyMakeOneLoad) {
    open(options());

    const auto first = read("a");
    const auto second = read("a");
    finish(0, 7);

    EXPECT_EQ(loads_.size(), 1U);
    EXPECT_EQ(value(first), 7);
    EXPECT_EQ(value(second), 7);
    EXPECT_EQ(tier(second), Tier::source);
    EXPECT_EQ(core_->counters().joined, 1U);
}

TEST_F(SingleFlight, AnAnswerIsServedFromMemoryAfterwards) {
    open(options());
    fill("a", 7);

    clock_.advance(5s);
    const auto hit = read("a");

    EXPECT_EQ(value(hit), 7);
    EXPECT_EQ(tier(hit), Tier::memory);
    EXPECT_EQ((*hit)->value().age(), 5s);
    EXPECT_EQ(loads_.size(), 1U);
}

TEST_F(SingleFlight, OtherKeysLoadOnTheirOwn) {
    open(options());

    const auto a = read("a");
    const auto b = read("b");
    finish(1, 2);

    EXPECT_FALSE(a->has_value());
    EXPECT_EQ(value(b), 2);
}

TEST_F(SingleFlight, JoinerOutlivesTimedOutLeader) {
    open(options());

    const auto leader = read("a", {.deadline = 1s});
    const auto joiner = read("a", {.deadline = 4s});
    executor_.advance(2s);
    finish(0, 7);

    EXPECT_EQ(error(leader), Errc::timeout);
    EXPECT_EQ(value(joiner), 7);
}

TEST_F(SingleFlight, AFailedLoadReachesEveryWaiterAndIsNotCached) {
    open(options());

    const auto first = read("a");
    const auto second = read("a");
    finish(0, fail(Errc::unavailable, "", "gateway down"));
    const auto third = read("a");
    finish(1, 7);

    EXPECT_EQ(error(first), Errc::unavailable);
    EXPECT_EQ(error(second), Errc::unavailable);
    EXPECT_EQ(value(third), 7);
    EXPECT_EQ(core_->counters().load_failures, 1U);
}

TEST_F(SingleFlight, AbsenceIsAnAnswerWithItsOwnTtl) {
    auto declared = options();
    declared.absent_ttl = 2s;
    open(std::move(declared));

    const auto loaded = read("a");
    finish(0, absent);
    const auto cached = read("a");
    executor_.advance(2s + 1ns);
    const auto again = read("a");

    EXPECT_FALSE((*loaded)->value().found());
    EXPECT_FALSE((*cached)->value().found());
    EXPECT_EQ(tier(cached), Tier::memory);
    EXPECT_FALSE(again->has_value());
}

TEST_F(SingleFlight, ALoaderMayRefuseToBeCachedAndMayChooseATtl) {
    open(options());

    read("refused");
    finish(0, Loaded<int>(1).do_not_cache());
    read("short");
    finish(1, Loaded<int>(2).keep_for(1s));
    const auto still_there = read("short");
    executor_.advance(1s + 1ns);
    read("refused");
    read("short");

    EXPECT_EQ(tier(still_there), Tier::memory);
    EXPECT_EQ(loads_.size(), 4U);
}

TEST_F(SingleFlight, AnAbandonedLoadFreesItsKeyAndItsLateValueIsDropped) {
    auto declared = options();
    declared.load_deadline = 1s;
    open(std::move(declared));

    const auto stuck = read("a", {.deadline = 10s});
    executor_.advance(1s);
    const auto fresh = read("a");
    finish(1, 2);
    finish(0, 1);

    EXPECT_EQ(error(stuck), Errc::timeout);
    EXPECT_EQ(value(fresh), 2);
    EXPECT_EQ(value(read("a")), 2);
}

TEST_F(SingleFlight, NoMoreThanLoadsMaxRunAndTheOthersWaitTheirTurn) {
    auto declared = options();
    declared.loads_max = 2;
    open(std::move(declared));

    const auto a = read("a");
    const auto b = read("b");
    const auto c = read("c");
    EXPECT_EQ(loads_.size(), 2U);
    finish(0, 1);
    ASSERT_EQ(loads_.size(), 3U);
    finish(2, 3);

    EXPECT_EQ(value(c), 3);
    EXPECT_FALSE(b->has_value());
}

TEST_F(SingleFlight, ClosingAnswersEverybodyAndDropsWhatComesLate) {
    open(options());

    const auto waiting = read("a");
    core_->close();
    finish(0, 7);
    const auto after = read("a");

    EXPECT_EQ(error(waiting), Errc::stopped);
    EXPECT_EQ(error(after), Errc::stopped);
    EXPECT_EQ(core_->counters().entries, 0U);
}

TEST_F(SingleFlight, APlainFunctionRunsOnTheWorkersAndItsExceptionIsAnError) {
    auto declared = options();
    declared.load = [](const std::string& key, LoadContext&) -> int {
        if (key == "bad") throw std::runtime_error("no such table");
        return 7;
    };
    open(std::move(declared));

    const auto good = read("good");
    const auto bad = read("bad");
    EXPECT_FALSE(good->has_value());
    executor_.run_ready();

    EXPECT_EQ(value(good), 7);
    EXPECT_EQ(error(bad), Errc::load_failed);
    EXPECT_EQ((*bad)->error().cause, "load threw: no such table");
}

TEST_F(SingleFlight, FullWorkersAreAnErrorAndNotAWait) {
    auto declared = options();
    declared.load = [](const std::string&, LoadContext&) { return 7; };
    open(std::move(declared));
    workers_.full = true;

    const auto refused = read("a");

    EXPECT_EQ(error(refused), Errc::overloaded);
}

}  // namespace
}  // namespace tutti::testing
