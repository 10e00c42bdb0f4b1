#include "load/flight.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace tutti {
namespace {

using namespace std::chrono_literals;
using State = Flight::State;

class FlightTest : public ::testing::Test {
protected:
    static constexpr std::uint64_t generation = 7;

    void begin_with_store() { flight_.begin(now_, generation, "token"); }
    void begin_without_store() { flight_.begin(now_, generation, LoadToken()); }
    std::optional<TimePoint> claimed_elsewhere(Duration claim_left) {
        return flight_.claimed_elsewhere(now_, claim_left, 10s);
    }

    TimePoint now_{100s};
    Flight flight_{"key", nullptr, Intent{}, now_};
};

TEST_F(FlightTest, WaitsForItsTurnAndHasReadNothing) {
    EXPECT_EQ(flight_.state(), State::waiting);
    EXPECT_FALSE(flight_.has_begun());
    EXPECT_TRUE(flight_.stands_still());
}

TEST_F(FlightTest, BeginsInItsGenerationAndAsksTheStoreIfItHasAToken) {
    begin_with_store();

    EXPECT_EQ(flight_.state(), State::asking_store);
    EXPECT_TRUE(flight_.has_begun());
    EXPECT_FALSE(flight_.stands_still());
    EXPECT_EQ(flight_.generation, generation);
    EXPECT_EQ(flight_.began, now_);
}

TEST_F(FlightTest, WithoutATokenItAsksTheSourceAtOnce) {
    begin_without_store();

    EXPECT_EQ(flight_.state(), State::asking_source);
}

TEST_F(FlightTest, WithTheClaimItAsksTheSourceAndThenStores) {
    begin_with_store();

    flight_.claimed();
    EXPECT_EQ(flight_.state(), State::asking_source);
    EXPECT_EQ(flight_.token, "token");
    flight_.store_asked();
    EXPECT_EQ(flight_.state(), State::storing);
    flight_.end();
    EXPECT_TRUE(flight_.has_ended());
}

TEST_F(FlightTest, GoesAloneWithoutTheTokenThatTheStoreDidNotConfirm) {
    begin_with_store();

    flight_.go_alone("the store is away");

    EXPECT_EQ(flight_.state(), State::asking_source);
    EXPECT_EQ(flight_.token, "");
    EXPECT_EQ(flight_.degraded, "the store is away");
}

TEST_F(FlightTest, WaitsForAnothersClaimAsLongAsThatLives) {
    begin_with_store();

    EXPECT_EQ(claimed_elsewhere(300ms), now_ + 300ms);
    EXPECT_EQ(flight_.state(), State::awaiting_claim);
    EXPECT_TRUE(flight_.stands_still());
    flight_.claim_ended(true);
    EXPECT_EQ(flight_.state(), State::asking_store);
}

TEST_F(FlightTest, DoesNotAskAgainInTheSameMomentWhenTheClaimIsAboutToEnd) {
    begin_with_store();

    EXPECT_EQ(claimed_elsewhere(0s), now_ + 1ms);
}

TEST_F(FlightTest, AsksAgainWithinTwoSecondsAndTogetherWithOthersWhetherTheClaimIsStillThere) {
    now_ = std::chrono::floor<std::chrono::seconds>(now_) + 1s;
    const TimePoint look = now_ + 2s;
    begin_with_store();

    EXPECT_EQ(claimed_elsewhere(8s), look);
    flight_.claim_ended(true);
    now_ += 999ms;
    EXPECT_EQ(claimed_elsewhere(8s), look);
}

TEST_F(FlightTest, HasOnePatienceForAllClaimsOfOthersAndThenGoesAlone) {
    begin_with_store();

    EXPECT_EQ(claimed_elsewhere(900ms), now_ + 900ms);
    now_ += 9500ms;
    flight_.claim_ended(true);
    EXPECT_EQ(claimed_elsewhere(900ms), now_ + 500ms) << "its patience ends before that claim";
    now_ += 500ms;
    flight_.claim_ended(true);
    EXPECT_EQ(claimed_elsewhere(8s), std::nullopt);

    EXPECT_EQ(flight_.state(), State::asking_source);
    EXPECT_EQ(flight_.token, "");
    EXPECT_NE(flight_.degraded, "");
}

TEST_F(FlightTest, AsksTheSourceWithoutAClaimWhenTheStoreMayNotBeUsedAnyMore) {
    begin_with_store();
    (void)claimed_elsewhere(3s);

    flight_.claim_ended(false);

    EXPECT_EQ(flight_.state(), State::asking_source);
    EXPECT_EQ(flight_.token, "");
}

TEST_F(FlightTest, StandsStillUntilAWorkerComes) {
    begin_without_store();
    flight_.source_asked(now_);

    flight_.await_worker();
    EXPECT_EQ(flight_.state(), State::awaiting_worker);
    EXPECT_TRUE(flight_.stands_still());
    flight_.worker_came(now_ + 5s);

    EXPECT_EQ(flight_.state(), State::asking_source);
    EXPECT_EQ(flight_.source_asked_at, now_ + 5s) << "the load takes as long as its loader does";
}

TEST_F(FlightTest, MayEndInEveryState) {
    flight_.end();
    EXPECT_TRUE(flight_.has_ended());
    EXPECT_FALSE(flight_.stands_still());
}

#ifndef NDEBUG
TEST_F(FlightTest, WhatCannotHappenInAStateIsAMistakeOfTheProgram) {
    EXPECT_DEATH(flight_.claimed(), "state_ == from");
    EXPECT_DEATH(flight_.store_asked(), "state_ == from");
    EXPECT_DEATH(flight_.worker_came(now_), "state_ == from");
    begin_with_store();
    EXPECT_DEATH(flight_.begin(now_, generation, "token"), "state_ == from");
    EXPECT_DEATH(flight_.claim_ended(true), "state_ == from");
    flight_.end();
    EXPECT_DEATH(flight_.go_alone("late"), "state_ == from");
    EXPECT_DEATH(flight_.end(), "has_ended");
}
#endif

}  // namespace
}  // namespace tutti
