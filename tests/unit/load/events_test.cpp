// What a listener is told, by which thread, and what it may cost.
#include "tutti/cache/events.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache_fixture.hpp"

namespace tutti::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = CacheEvent::Kind;

class EventsTest : public CacheTest {
protected:
    CacheOptions<std::string, int> told() {
        auto declared = options();
        declared.events = EventListener{.listen = [this](const CacheEvent& event) { note(event); }};
        return declared;
    }
    CacheOptions<std::string, int> told_of(Kind kind) {
        auto declared = told();
        declared.events->kinds = {kind};
        return declared;
    }
    void note(const CacheEvent& event) {
        EXPECT_EQ(event.cache, "numbers");
        events_.push_back(std::string(to_string(event.kind)) + " " + event.key);
        causes_.push_back(event.cause);
        if (event.error) errors_.push_back(event.error->message());
    }
    // What was told since the last question.
    std::vector<std::string> told_now() {
        executor_.run_ready();
        return std::exchange(events_, {});
    }

    std::vector<std::string> events_;
    std::vector<CacheEvent::Cause> causes_;
    std::vector<std::string> errors_;
};

TEST_F(EventsTest, AMissAHitAndAnInvalidationAreToldInTheirOrder) {
    auto declared = told();
    declared.events->kinds.push_back(Kind::hit);
    open(std::move(declared));
    fill("a", 1);

    (void)read("a");
    core_->remove("a");
    core_->flush();

    EXPECT_THAT(told_now(), ElementsAre("miss a", "hit a", "invalidated a", "invalidated "));
}

TEST_F(EventsTest, HitsAreNotToldUnlessAskedFor) {
    open(told());
    fill("a", 1);

    (void)read("a");

    EXPECT_THAT(told_now(), ElementsAre("miss a"));
    EXPECT_EQ(core_->counters().hits, 1U);
}

TEST_F(EventsTest, AHitThatIsToldCountsOnceAndHasItsAge) {
    open(told_of(Kind::hit));
    fill("a", 1);
    clock_.advance(3s);

    const auto answer = read("a");

    EXPECT_EQ(value(answer), 1);
    EXPECT_EQ((*answer)->value().age(), 3s);
    EXPECT_EQ(core_->counters().hits, 1U);
    EXPECT_THAT(told_now(), ElementsAre("hit a"));
}

TEST_F(EventsTest, ALookIsNoHit) {
    open(told_of(Kind::hit));
    fill("a", 1);

    EXPECT_TRUE(cache_->contains("a"));

    EXPECT_THAT(told_now(), ElementsAre());
}

TEST_F(EventsTest, WhatLeavesForWantOfRoomIsToldWithItsCause) {
    auto declared = told_of(Kind::evicted);
    declared.bound = entries(1);
    open(std::move(declared));
    fill("a", 1);
    fill("a key of more than twenty-three characters", 2);
    fill("c", 3);

    EXPECT_THAT(told_now(),
                ElementsAre("evicted a", "evicted a key of more than twenty-three characters"));
    EXPECT_THAT(causes_, ElementsAre(CacheEvent::Cause::no_room, CacheEvent::Cause::no_room));
}

TEST_F(EventsTest, WhatIsHeavierThanTheBoundIsToldAsEvicted) {
    auto declared = told_of(Kind::evicted);
    declared.bound = bytes(200);
    declared.weigh = [](const int& value) { return static_cast<std::size_t>(value); };
    open(std::move(declared));

    fill("a", 1000);

    EXPECT_THAT(told_now(), ElementsAre("evicted a"));
}

TEST_F(EventsTest, WhatIsFoundPastItsTtlIsToldOnce) {
    open(told_of(Kind::expired));
    fill("a", 1);
    clock_.advance(31s);

    (void)read("a");
    (void)read("a");

    EXPECT_THAT(told_now(), ElementsAre("expired a"));
}

TEST_F(EventsTest, AStaleAnswerIsNoHit) {
    auto declared = told();
    declared.events->kinds = {Kind::hit, Kind::stale, Kind::load_failed};
    declared.stale_if_error = StaleIfError{.for_up_to = 1h};
    open(std::move(declared));
    fill("a", 1);
    clock_.advance(31s);

    (void)read("a");
    finish(1, fail(Errc::unavailable, "db", "away"));
    (void)read("a");  // rests

    EXPECT_THAT(told_now(), ElementsAre("stale a", "load_failed a", "stale a"));
    EXPECT_THAT(errors_, ElementsAre(HasSubstr("away")));
}

TEST_F(EventsTest, ALoadThatFailsIsToldOnceHoweverManyWait) {
    open(told_of(Kind::load_failed));
    (void)read("a");
    (void)read("a");

    finish(0, fail(Errc::load_failed, "db", "no such table"));

    EXPECT_THAT(told_now(), ElementsAre("load_failed a"));
    EXPECT_THAT(errors_, ElementsAre(HasSubstr("no such table")));
}

TEST_F(EventsTest, ARefreshThatHasBroughtAnAnswerIsTold) {
    open(told_of(Kind::refreshed));
    fill("a", 1);

    cache_->refresh("a", [](const auto&) {});
    finish(1, 2);

    EXPECT_THAT(told_now(), ElementsAre("refreshed a"));
}

TEST_F(EventsTest, TheListenerRunsOnAWorkerAndNotWithinTheRead) {
    open(told_of(Kind::miss));
    workers_.hold = true;

    (void)read("a");
    executor_.run_ready();
    EXPECT_THAT(events_, ElementsAre());
    workers_.release();

    EXPECT_THAT(told_now(), ElementsAre("miss a"));
}

TEST_F(EventsTest, ASlowListenerHoldsUpNothingAndLosesWhatIsTooMuch) {
    auto declared = told_of(Kind::invalidated);
    declared.events->waiting_max = 2;
    open(std::move(declared));
    workers_.hold = true;

    for (const char* key : {"a", "b", "c", "d"}) core_->remove(key);
    EXPECT_EQ(core_->counters().invalidations, 4U);
    EXPECT_EQ(core_->counters().events_dropped, 2U);
    workers_.release();

    EXPECT_THAT(told_now(), ElementsAre("invalidated a", "invalidated b"));
    core_->remove("e");
    EXPECT_THAT(told_now(), ElementsAre("invalidated e"));
}

TEST_F(EventsTest, WithoutAWorkerTheNextEventTriesAgain) {
    open(told_of(Kind::invalidated));
    workers_.full = true;
    core_->remove("a");

    workers_.full = false;
    core_->remove("b");

    EXPECT_THAT(told_now(), ElementsAre("invalidated a", "invalidated b"));
}

TEST_F(EventsTest, AListenerThatThrowsIsToldTheNextEvent) {
    auto declared = told_of(Kind::invalidated);
    declared.events->listen = [this](const CacheEvent& event) {
        note(event);
        throw std::runtime_error("full disk");
    };
    open(std::move(declared));

    core_->remove("a");
    core_->remove("b");

    EXPECT_THAT(told_now(), ElementsAre("invalidated a", "invalidated b"));
}

TEST_F(EventsTest, AListenerMayUseTheCacheThatItHearsOf) {
    auto declared = told_of(Kind::evicted);
    declared.bound = entries(1);
    declared.events->listen = [this](const CacheEvent& event) {
        note(event);
        if (events_.size() == 1) cache_->invalidate("b", [](const Invalidation&) {});
    };
    open(std::move(declared));
    fill("a", 1);
    fill("b", 2);

    EXPECT_THAT(told_now(), ElementsAre("evicted a"));
    EXPECT_FALSE(cache_->contains("b"));
}

TEST_F(EventsTest, WhatWaitsAtTheEndIsDropped) {
    open(told_of(Kind::invalidated));
    workers_.hold = true;
    core_->remove("a");

    core_->close();
    workers_.release();

    EXPECT_THAT(told_now(), ElementsAre());
}

}  // namespace
}  // namespace tutti::testing
