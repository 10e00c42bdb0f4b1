#include "load/flights.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace tutti {
namespace {

using namespace std::chrono_literals;

struct How {
    Intent intent = {};
    bool told = true;
    Duration patience = 10s;
};

class FlightsTest : public ::testing::Test {
protected:
    // A reader who comes now. Null: there is no place.
    FlightPointer read(const std::string& key, How how = {}) {
        Flights::Ask ask{
            .text = key, .key = nullptr, .intent = how.intent, .now = now_, .told = how.told};
        const Flights::Joined joined = flights_.join(ask);
        if (joined.flight) {
            auto reader =
                std::make_shared<Waiter>([](const auto&) {}, "", how.intent, Waiter::Measured{});
            flights_.add(*joined.flight, std::move(reader), now_ + how.patience, now_);
        }
        return joined.flight;
    }
    FlightPointer begin() {
        FlightPointer flight = flights_.take(now_);
        if (flight) flight->begin(now_, flights_.generation(), LoadToken());
        return flight;
    }
    FlightPointer begun(const std::string& key, How how = {}) {
        FlightPointer flight = read(key, how);
        EXPECT_EQ(begin(), flight);
        return flight;
    }

    TimePoint now_{100s};
    Flights flights_{{.running_max = 3, .waiting_max = 1}};
};

TEST_F(FlightsTest, ReadersOfAKeyWaitForOneLoad) {
    const auto first = begun("a");

    EXPECT_EQ(read("a"), first);
    EXPECT_EQ(flights_.end(*first).size(), 2U);
    EXPECT_NE(read("a"), first) << "it has ended";
}

TEST_F(FlightsTest, NobodyJoinsALoadThatWasPoisoned) {
    const auto old = begun("a");
    const auto other = begun("b");

    flights_.poison("a");

    EXPECT_FALSE(flights_.is_clean(*old));
    EXPECT_TRUE(flights_.is_clean(*other));
    EXPECT_NE(read("a"), old);
    EXPECT_EQ(read("b"), other);
}

TEST_F(FlightsTest, ALoadThatHasNotBegunIsNotPoisoned) {
    const auto waiting = read("a");

    flights_.poison("a");
    flights_.poison_all();

    EXPECT_EQ(read("a"), waiting);
    EXPECT_EQ(begin(), waiting);
    EXPECT_TRUE(flights_.is_clean(*waiting));
}

TEST_F(FlightsTest, TheEndOfAGenerationPoisonsAllThatHaveBegun) {
    const auto a = begun("a");

    flights_.poison_all();

    EXPECT_FALSE(flights_.is_clean(*a));
    EXPECT_NE(read("a"), a);
}

TEST_F(FlightsTest, AReaderWhoIsNotToldOfChangesJoinsNoneThatHasBegun) {
    const auto begun_one = begun("a");

    EXPECT_NE(read("a", {.told = false}), begun_one);
}

TEST_F(FlightsTest, ARefreshJoinsOnlyWhatHasNotBegunAndMakesARefreshOfIt) {
    const auto running = begun("a");
    const auto second = read("a", {.intent = Intent::forced()});

    EXPECT_NE(second, running);
    EXPECT_EQ(read("a", {.intent = Intent::forced()}), second);
    EXPECT_TRUE(second->intent.is_refresh());
}

TEST_F(FlightsTest, OfOneKeyTwoRunAndTheThirdWaitsForTheEndOfOne) {
    const auto first = begun("a");
    flights_.poison("a");
    const auto second = begun("a");
    flights_.poison("a");
    const auto third = read("a");

    EXPECT_EQ(begin(), nullptr);
    EXPECT_EQ(read("a", {.told = false}), third);
    (void)flights_.end(*first);
    EXPECT_EQ(begin(), third);
    EXPECT_TRUE(flights_.is_clean(*third));
    EXPECT_FALSE(flights_.is_clean(*second));
}

TEST_F(FlightsTest, BothRunningLoadsOfAKeyArePoisoned) {
    const auto first = begun("a");
    const auto second = begun("a", {.told = false});

    flights_.poison("a");

    EXPECT_FALSE(flights_.is_clean(*first));
    EXPECT_FALSE(flights_.is_clean(*second));
}

TEST_F(FlightsTest, BeyondTheBoundsThereIsNoPlace) {
    const auto a = begun("a");
    (void)begun("b");
    (void)begun("c");
    EXPECT_NE(read("d"), nullptr);

    EXPECT_EQ(read("e"), nullptr);
    EXPECT_EQ(read("a"), a) << "it needs no place";
    EXPECT_EQ(flights_.waiting(), 1U);
}

TEST_F(FlightsTest, AReaderWhoseTimeIsUpIsTakenOffItsLoad) {
    const auto a = begun("a", {.patience = 2s});
    (void)read("a", {.patience = 1s});
    (void)read("a", {.patience = 3s});
    flights_.set_deadline(*a, now_ + 2s);
    EXPECT_EQ(flights_.earliest_deadline(), now_ + 1s);

    now_ += 2s;
    const auto late = flights_.take_late(now_);

    ASSERT_EQ(late.size(), 3U);
    EXPECT_NE(late[0].reader, nullptr);
    EXPECT_NE(late[1].reader, nullptr) << "of those that are equally due, the first that was set";
    EXPECT_EQ(late[2].reader, nullptr) << "the load's own deadline";
    EXPECT_EQ(a->readers.size(), 1U);
    EXPECT_EQ(flights_.earliest_deadline(), now_ + 1s);
}

TEST_F(FlightsTest, WhatHasEndedHasNoDeadline) {
    const auto a = begun("a");
    flights_.set_deadline(*a, now_ + 1s);

    (void)flights_.end(*a);

    EXPECT_EQ(flights_.earliest_deadline(), TimePoint::max());
}

TEST_F(FlightsTest, ReadersThatWereTakenAwayWaitNoMoreWhileTheLoadGoesOn) {
    const auto a = begun("a");

    EXPECT_EQ(flights_.take_readers(*a).size(), 1U);

    EXPECT_EQ(flights_.earliest_deadline(), TimePoint::max());
    EXPECT_EQ(read("a"), a);
    EXPECT_EQ(flights_.end(*a).size(), 1U);
}

TEST_F(FlightsTest, TheEndOfAllEndsWhatRunsAndWhatWaits) {
    const auto running = begun("a");
    flights_.poison("a");
    const auto second = begun("a");
    flights_.poison("a");
    const auto next = read("a");
    const auto queued = read("b");

    const auto ended = flights_.end_all();

    EXPECT_EQ(ended.readers.size(), 4U);
    for (const auto& flight : {running, second, next, queued}) EXPECT_TRUE(flight->has_ended());
    EXPECT_EQ(flights_.take(now_), nullptr);
    EXPECT_EQ(flights_.earliest_deadline(), TimePoint::max());
}

}  // namespace
}  // namespace tutti
