#include "bot-client/shard/unhandled_events.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace tutti::services::bot::shard {
namespace {

TEST(UnhandledEvents, WithoutOneEverythingIsHandled) {
    const UnhandledEvents events;
    EXPECT_EQ(events.handled(17), 17);
}

TEST(UnhandledEvents, TheFirstOneHoldsBackAllThatFollow) {
    UnhandledEvents events;
    auto third = events.begin(3);
    auto fifth = events.begin(5);

    EXPECT_EQ(events.handled(9), 2);
    third.reset();
    EXPECT_EQ(events.handled(9), 4);
    auto copy = fifth;
    fifth.reset();
    EXPECT_EQ(events.handled(9), 4);
    copy.reset();
    EXPECT_EQ(events.handled(9), 9);
}

TEST(UnhandledEvents, OfASessionBeforeSayNothing) {
    UnhandledEvents events;
    auto old = events.begin(3);
    events.begin_session();
    const auto other = events.begin(3);

    old.reset();

    EXPECT_EQ(events.handled(9), 2);
}

TEST(UnhandledEvents, MayOutliveTheShard) {
    std::optional<UnhandledEvents> events(std::in_place);
    auto ticket = events->begin(1);

    events.reset();
    ticket.reset();
}

}  // namespace
}  // namespace tutti::services::bot::shard
