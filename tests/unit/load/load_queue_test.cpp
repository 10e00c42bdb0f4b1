#include "load/load_queue.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace tutti {
namespace {

using namespace std::chrono_literals;

class LoadQueueTest : public ::testing::Test {
protected:
    // A load that its reader waits ten seconds for.
    FlightPointer ask(const std::string& key, TimePoint when, Duration patience = 10s) {
        auto flight = std::make_shared<Flight>(key, nullptr, Intent{}, when);
        flight->wanted_until = when + patience;
        queue_.push(*flight);
        flights_.push_back(flight);
        return flight;
    }
    std::string begin(TimePoint now) {
        const Flight* const flight = queue_.take(now);
        return flight != nullptr ? flight->text : "none";
    }

    const TimePoint start_{100s};
    std::vector<FlightPointer> flights_;
    LoadQueue queue_{{.running_max = 2, .waiting_max = 3}};
};

TEST_F(LoadQueueTest, NoMoreThanItMayRunAtATime) {
    ask("a", start_);
    ask("b", start_);
    ask("c", start_);

    EXPECT_EQ(begin(start_), "a");
    EXPECT_EQ(begin(start_), "b");
    EXPECT_EQ(begin(start_), "none");
    queue_.ended(*flights_.front());
    EXPECT_EQ(begin(start_), "c");
}

TEST_F(LoadQueueTest, IsFullWhenAFurtherOneWouldWaitWithoutAPlace) {
    for (const char* key : {"a", "b", "c", "d"}) {
        ask(key, start_);
        EXPECT_FALSE(queue_.full());
    }
    ask("e", start_);
    EXPECT_TRUE(queue_.full());

    begin(start_);
    EXPECT_TRUE(queue_.full()) << "it runs where it would have waited";
    begin(start_);
    EXPECT_TRUE(queue_.full());
    queue_.ended(*flights_.front());
    EXPECT_FALSE(queue_.full());
}

TEST_F(LoadQueueTest, OneThatIsNotWantedAnyMoreLeavesItsPlaceToAnother) {
    const auto a = ask("a", start_);
    ask("b", start_);

    queue_.leave(*a);
    queue_.leave(*a);

    EXPECT_EQ(queue_.waiting(), 1U);
    EXPECT_EQ(begin(start_), "b");
}

TEST_F(LoadQueueTest, TheOldestIsFirstAsLongAsItsReadersHavePatience) {
    ask("old", start_);
    ask("new", start_ + 5s);

    EXPECT_EQ(begin(start_ + 5s), "old");
}

TEST_F(LoadQueueTest, AfterHalfOfThatPatienceTheNewestIs) {
    ask("old", start_);
    ask("older than new", start_ + 1s);
    ask("new", start_ + 5s);

    EXPECT_EQ(begin(start_ + 5s + 1ns), "new");
    EXPECT_EQ(begin(start_ + 5s + 1ns), "older than new");
}

TEST_F(LoadQueueTest, ReadersWithoutADeadlineAreServedInTheirOrder) {
    ask("a", start_, TimePoint::max() - start_);
    ask("b", start_, TimePoint::max() - start_);

    EXPECT_EQ(begin(start_ + 1'000h), "a");
    EXPECT_EQ(begin(start_ + 1'000h), "b");
}

TEST_F(LoadQueueTest, WithoutABoundForWhatRunsNothingEverWaits) {
    LoadQueue near({.running_max = std::numeric_limits<std::size_t>::max(), .waiting_max = 0});

    EXPECT_FALSE(near.full());
}

}  // namespace
}  // namespace tutti
