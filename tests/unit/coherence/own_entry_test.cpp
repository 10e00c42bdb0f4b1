// R4a: an entry of this node's own, which the answer to its publication tells before its push.
#include <gtest/gtest.h>

#include "unit/coherence/subscriber_fixture.hpp"

namespace tutti::tests {
namespace {

using OwnEntry = SubscriberTest;

TEST_F(OwnEntry, IsAppliedWithItsAnswerAndNotOnceMoreWithItsEcho) {
    join(5);

    publish_answered(entry(6));
    EXPECT_EQ(log_, Log{"apply k6"});
    push(entry(6));

    EXPECT_EQ(log_, Log{"apply k6"});
    EXPECT_EQ(subscriber_->applied(), at(6));
}

TEST_F(OwnEntry, MovesThePositionInItsTurnOnly) {
    join(5);

    publish_answered(entry(7));

    EXPECT_EQ(log_, Log{"apply k7"});
    EXPECT_EQ(subscriber_->applied(), at(5));
    push(entry(6));
    push(entry(7));
    EXPECT_EQ(log_, (Log{"apply k7", "apply k6"}));
    EXPECT_EQ(subscriber_->applied(), at(7));
}

TEST_F(OwnEntry, WhoseEchoWaitsForAGapIsAppliedWithItsAnswer) {
    join(5);
    push(entry(7));
    log_.clear();

    publish_answered(entry(7));
    push(entry(6));

    EXPECT_EQ(log_, (Log{"apply k7", "apply k6"}));
    EXPECT_EQ(subscriber_->applied(), at(7));
}

TEST_F(OwnEntry, WhoseEchoIsLostIsReplayedWithoutEffect) {
    join(5);
    publish_answered(entry(6));
    wait(1s);
    answer_renewal(at(6));
    log_.clear();

    answer_replay({entry(6)});

    EXPECT_EQ(log_, Log{});
    EXPECT_EQ(subscriber_->applied(), at(6));
    EXPECT_TRUE(effective());
}

TEST_F(OwnEntry, WhoseEchoCameFirstIsADuplicate) {
    join(5);
    push(entry(6));

    publish_answered(entry(6));
    push(entry(7));

    EXPECT_EQ(log_, (Log{"apply k6", "apply k7"}));
}

TEST_F(OwnEntry, SaysNothingOfAnotherHistorysEntryInItsPlace) {
    join(5);
    publish_answered(entry(6));
    BusEntry other = entry(6);
    other.position.chain = Chain{99};
    other.changed.keys = {"other"};

    push(other);

    EXPECT_EQ(log_, (Log{"apply k6", "apply other"}));
}

TEST_F(OwnEntry, SaysNothingOfTheNextEpoch) {
    join(5);
    publish_answered(entry(6));
    wait(1s);
    answer_renewal(at(5, second_epoch));
    log_.clear();

    push(entry(6, second_epoch));

    EXPECT_EQ(log_, Log{"apply k6"});
}

TEST_F(OwnEntry, OfAnotherEpochWaitsForThatToBeAdopted) {
    join(5);

    publish_answered(entry(6, second_epoch));

    EXPECT_EQ(log_, Log{});
    EXPECT_EQ(subscriber_->applied(), at(5));
}

TEST_F(OwnEntry, AreRememberedWithinBoundsAndTheOthersAppliedByTheirPush) {
    join(0);
    for (Sequence sequence = 2; sequence <= 3000; ++sequence) publish_answered(entry(sequence));
    const std::size_t ahead = log_.size();
    EXPECT_EQ(ahead, 1024U);

    for (Sequence sequence = 1; sequence <= 3000; ++sequence) push(entry(sequence));

    EXPECT_EQ(log_.size(), 3000U);
    EXPECT_EQ(subscriber_->applied(), at(3000));
}

}  // namespace
}  // namespace tutti::tests
