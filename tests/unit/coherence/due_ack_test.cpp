// What a member acknowledges, and when.
#include "coherence/due_ack.hpp"

#include <gtest/gtest.h>

namespace tutti {
namespace {

constexpr Epoch first_epoch{1};
constexpr Epoch second_epoch{2};

BusPosition at(Sequence sequence, Epoch epoch = first_epoch) {
    return {.epoch = epoch, .sequence = sequence, .chain = Chain{sequence}};
}

TEST(DueAck, NothingIsAcknowledgedThatIsNotWanted) {
    DueAck due;

    EXPECT_FALSE(due.take(at(5)));
}

TEST(DueAck, IsSentAsSoonAsWhatIsWantedIsApplied) {
    DueAck due;
    due.want(first_epoch, 5);

    EXPECT_FALSE(due.take(at(4)));
    EXPECT_EQ(due.take(at(6)), at(6)) << "and covers everything until then";
}

TEST(DueAck, OneIsUnderWayAtATime) {
    DueAck due;
    due.want(first_epoch, 1);
    const auto sent = due.take(at(1));
    ASSERT_TRUE(sent);
    due.want(first_epoch, 2);
    due.want(first_epoch, 3);

    EXPECT_FALSE(due.take(at(3)));
    due.answered(*sent, true);

    EXPECT_EQ(due.take(at(3)), at(3)) << "one for both";
}

TEST(DueAck, OneThatWasLostIsSentAgain) {
    DueAck due;
    due.want(first_epoch, 1);
    const auto sent = due.take(at(1));
    ASSERT_TRUE(sent);

    due.answered(*sent, false);

    EXPECT_EQ(due.take(at(1)), at(1));
}

TEST(DueAck, ARenewalTellsTheSame) {
    DueAck due;
    due.want(first_epoch, 4);

    due.acknowledged(at(4));

    EXPECT_FALSE(due.take(at(4)));
}

TEST(DueAck, WhatAnotherEpochWasToldSaysNothing) {
    DueAck due;
    due.want(first_epoch, 9);
    due.acknowledged(at(9));

    due.want(second_epoch, 3);
    due.acknowledged(at(9));

    EXPECT_FALSE(due.take(at(9))) << "of the first";
    EXPECT_EQ(due.take(at(3, second_epoch)), at(3, second_epoch));
}

TEST(DueAck, AnAnswerFromTheEpochBeforeIsNoneOfThisOne) {
    DueAck due;
    due.want(first_epoch, 9);
    const auto sent = due.take(at(9));
    ASSERT_TRUE(sent);
    due.want(second_epoch, 3);
    EXPECT_FALSE(due.take(at(3, second_epoch))) << "one is still under way";

    due.answered(*sent, true);

    EXPECT_EQ(due.take(at(3, second_epoch)), at(3, second_epoch));
}

}  // namespace
}  // namespace tutti
