// The reading side of a channel, event by event: what it asks for, what it applies, and when it may
// serve.
#include <gtest/gtest.h>

#include "unit/coherence/subscriber_fixture.hpp"

namespace tutti::tests {
namespace {

using Joining = SubscriberTest;
using Live = SubscriberTest;
using Repairing = SubscriberTest;
using ForeignPublishers = SubscriberTest;

TEST_F(Joining, AsksForTheLogOnlyWhenTheSubscriptionIsConfirmed) {
    make();

    wait(10s);
    EXPECT_TRUE(log_.empty());
    subscriber_->subscribed(now_);

    EXPECT_EQ(log_, Log{"renew"});
    EXPECT_EQ(carried_, BusPosition{});
    EXPECT_FALSE(effective());
}

TEST_F(Joining, AdoptsThePositionAndServesFromThenOn) {
    make();
    subscriber_->subscribed(now_);

    answer_renewal(at(5));

    EXPECT_EQ(log_, (Log{"renew", "flush"}));
    EXPECT_EQ(subscriber_->applied(), at(5));
    EXPECT_TRUE(effective());
}

TEST_F(Joining, CountsTheLeaseFromBeforeTheRequest) {
    make();
    subscriber_->subscribed(now_);
    const TimePoint sent = now_;

    now_ += 2s;
    answer_renewal(at(5));

    EXPECT_EQ(lease_.end(), sent + 3s);
    EXPECT_EQ(lease_.since(), sent);
}

TEST_F(Joining, AppliesWhatArrivedBeforeTheFirstReply) {
    make();
    subscriber_->subscribed(now_);

    push(entry(6));
    answer_renewal(at(5));

    EXPECT_EQ(log_, (Log{"renew", "flush", "apply k6"}));
    EXPECT_EQ(subscriber_->applied(), at(6));
}

TEST_F(Live, AppliesTheNextEntry) {
    join(5);

    push(entry(6));

    EXPECT_EQ(log_, Log{"apply k6"});
}

TEST_F(Live, RenewsEveryThirdOfTheLease) {
    join(5);

    EXPECT_EQ(wake_, now_ + 1s);
    wait(1s);

    EXPECT_EQ(log_, Log{"renew"});
    EXPECT_EQ(carried_, at(5));
}

TEST_F(Live, HasOneRenewalOutstanding) {
    join(5);
    wait(1s);

    wait(1s);
    wait(5s);

    EXPECT_EQ(log_, Log{"renew"});
}

// Published between that renewal and this subscription, an entry would be missed for a third of the
// lease.
TEST_F(Live, AfterASubscriptionARenewalThatWasOutstandingIsFollowedByAnotherAtOnce) {
    for (const bool answered : {true, false}) {
        join(5);
        wait(1s);
        subscriber_->disconnected();
        subscriber_->subscribed(now_);
        EXPECT_EQ(log_, Log{"renew"});

        answered ? answer_renewal(at(5)) : fail_renewal();
        EXPECT_EQ(wake_, now_);
        subscriber_->tick(now_);

        EXPECT_EQ(log_, (Log{"renew", "renew"}));
    }
}

TEST_F(Live, TriesAgainSoonWhenARenewalFailed) {
    join(5);
    wait(1s);

    fail_renewal();
    EXPECT_EQ(wake_, now_ + 100ms);
    wait(100ms);

    EXPECT_EQ(log_, (Log{"renew", "renew"}));
}

TEST_F(Live, ALapsedLeaseForgetsNothingAndIsGoodAgainAfterTheNextRenewal) {
    join(5);
    wait(1s);
    fail_renewal();

    now_ += 10s;
    EXPECT_FALSE(effective());
    subscriber_->tick(now_);
    answer_renewal(at(5));

    EXPECT_EQ(log_, (Log{"renew", "renew"})) << "no flush";
    EXPECT_TRUE(effective());
}

TEST_F(Live, ADuplicateIsIgnored) {
    join(5);
    push(entry(6));

    push(entry(6));

    EXPECT_EQ(log_, Log{"apply k6"});
}

TEST_F(Live, ADuplicateOfAnotherHistoryStartsAnew) {
    join(5);
    push(entry(6));

    auto forged = entry(6);
    forged.position.chain = Chain{99};
    push(forged);
    answer_renewal(at(6));

    EXPECT_EQ(log_, (Log{"apply k6", "renew", "flush"}));
}

TEST_F(Live, AForgottenDuplicateFlushesNothing) {
    join(1);
    for (Sequence sequence = 2; sequence <= 2000; ++sequence) push(entry(sequence));
    log_.clear();

    push(entry(2));

    EXPECT_TRUE(log_.empty());
}

TEST_F(Live, AForgottenDuplicateTakesNoLeaseThatIsOnItsWay) {
    join(1);
    for (Sequence sequence = 2; sequence <= 2000; ++sequence) push(entry(sequence));
    wait(1s);
    answer_renewal(at(2001));

    push(entry(2));
    push(entry(2001));

    EXPECT_EQ(lease_.since(), now_);
}

TEST_F(Live, AnEntryThatIsNotLinkedToOursStartsAnew) {
    join(5);

    auto forged = entry(6);
    forged.previous = Chain{99};
    push(forged);

    EXPECT_EQ(log_, Log{"renew"});
    EXPECT_EQ(subscriber_->applied().epoch, Epoch::none);
}

TEST_F(Live, AnUndecodableEntryFlushesAndGoesOnBehindIt) {
    join(5);

    subscriber_->undecodable(now_);
    answer_renewal(at(6));
    push(entry(7));

    EXPECT_EQ(log_, (Log{"renew", "flush", "apply k7"}));
}

TEST_F(Repairing, ARenewalThatIsAheadServesOnlyAfterTheReplay) {
    join(5);
    now_ += 4s;
    subscriber_->tick(now_);
    log_.clear();

    answer_renewal(at(7));
    EXPECT_EQ(log_, Log{"replay 6..7"});
    EXPECT_FALSE(effective());
    EXPECT_EQ(subscriber_->lag(), 2U);
    answer_replay({entry(6), entry(7)});

    EXPECT_EQ(log_, (Log{"replay 6..7", "apply k6", "apply k7"}));
    EXPECT_TRUE(effective());
    EXPECT_EQ(subscriber_->lag(), 0U);
}

TEST_F(Repairing, PushesMayCloseTheGapToo) {
    join(5);
    now_ += 4s;
    subscriber_->tick(now_);

    answer_renewal(at(6));
    push(entry(6));

    EXPECT_TRUE(effective());
}

TEST_F(Repairing, AnEntryAheadWaitsForTheGap) {
    join(5);

    push(entry(8));
    answer_replay({entry(6), entry(7)});

    EXPECT_EQ(log_, (Log{"replay 6..7", "apply k6", "apply k7", "apply k8"}));
}

TEST_F(Repairing, AGapThatTheLogNoLongerHasFlushesAfterTheReply) {
    join(5);
    push(entry(9));

    answer_replay({entry(8)});
    EXPECT_EQ(log_, (Log{"replay 6..8", "renew"}));
    answer_renewal(at(9));

    EXPECT_EQ(log_, (Log{"replay 6..8", "renew", "flush"}));
    EXPECT_EQ(subscriber_->applied(), at(9));
    EXPECT_TRUE(effective());
}

TEST_F(Repairing, ALatePushThatClosesTheGapBeforeTheReplayDoesIsNoLostLog) {
    join(5);
    push(entry(7));
    push(entry(6));
    push(entry(9));
    log_.clear();

    answer_replay({entry(6)});
    EXPECT_EQ(log_, Log{"replay 8..8"});
    answer_replay({entry(8)});

    EXPECT_EQ(log_, (Log{"replay 8..8", "apply k8", "apply k9"}));
}

TEST_F(Repairing, ALatePushOfAnEpochThatIsOverCountsAsNoLag) {
    join(5);

    push(entry(900, second_epoch));
    EXPECT_EQ(subscriber_->lag(), 0U);
    answer_renewal(at(5));
    push(entry(6));

    EXPECT_EQ(subscriber_->lag(), 0U);
}

TEST_F(Repairing, AReplayThatFailedIsAskedForAgainWithTheNextRenewal) {
    join(5);
    push(entry(7));
    subscriber_->replay_answered(replay_, fail(Errc::unavailable, "replay"), now_);

    wait(1s);
    answer_renewal(at(7));

    EXPECT_EQ(log_, (Log{"replay 6..6", "renew", "replay 6..7"}));
}

TEST_F(Repairing, AfterAReplayThatFailedTheNextRenewalComesSoon) {
    join(5);
    wait(1s);
    answer_renewal(at(7));
    subscriber_->replay_answered(replay_, fail(Errc::unavailable, "replay"), now_);

    EXPECT_EQ(wake_, now_ + 100ms);
    wait(100ms);
    answer_renewal(at(7));

    EXPECT_EQ(log_, (Log{"renew", "replay 6..7", "renew", "replay 6..7"}));
}

TEST_F(Repairing, AnotherEpochIsLearntFromARenewalAndFlushes) {
    join(5);

    push(entry(1, second_epoch));
    EXPECT_EQ(log_, Log{"renew"});
    answer_renewal(at(0, second_epoch));

    EXPECT_EQ(log_, (Log{"renew", "flush", "apply k1"}));
    EXPECT_EQ(subscriber_->applied(), at(1, second_epoch));
}

TEST_F(Repairing, ALogThatHasGoneBackWithinItsEpochFlushes) {
    join(5);
    wait(1s);

    answer_renewal(at(3));

    EXPECT_EQ(log_, (Log{"renew", "flush"}));
    EXPECT_EQ(subscriber_->applied(), at(3));
}

TEST_F(Repairing, APushThatOvertookTheReplyIsNoReasonToFlush) {
    join(5);
    now_ += 4s;
    subscriber_->tick(now_);

    push(entry(6));
    answer_renewal(at(5));

    EXPECT_EQ(log_, (Log{"renew", "apply k6"}));
    EXPECT_TRUE(effective());
}

TEST_F(Repairing, TheSamePositionWithAnotherChainIsAnotherHistory) {
    join(5);
    wait(1s);

    answer_renewal({.epoch = first_epoch, .sequence = 5, .chain = Chain{99}});
    EXPECT_EQ(log_, (Log{"renew", "renew"}));
    answer_renewal({.epoch = first_epoch, .sequence = 5, .chain = Chain{99}});

    EXPECT_EQ(log_, (Log{"renew", "renew", "flush"}));
}

// Pushes of a history that is over have overtaken the answer.
TEST_F(Repairing, APositionWhoseChainIsForgottenGrantsNothing) {
    for (const Chain told : {chain(2), Chain{99}}) {
        join(1);
        const TimePoint joined = now_;
        wait(1s);
        for (Sequence sequence = 2; sequence <= 2000; ++sequence) push(entry(sequence));
        log_.clear();

        answer_renewal({.epoch = first_epoch, .sequence = 2, .chain = told});

        EXPECT_EQ(lease_.since(), joined);
        EXPECT_TRUE(log_.empty()) << "nothing is known to be wrong";
    }
}

TEST_F(Repairing, AnAnswerToAnOldRenewalCountsForNothing) {
    join(5);
    const auto old = renewal_;
    now_ += 4s;
    subscriber_->tick(now_);

    subscriber_->renew_answered(old, Renewed{at(5)}, now_);

    EXPECT_FALSE(effective());
}

// What is loaded behind the answer, by `reload` first of all, was taken away by the echo.
TEST_F(ForeignPublishers, ALeaseNeedsAProbeOfTheSubscription) {
    make({.lease = 3s, .foreign_publishers = true});
    subscriber_->subscribed(now_);

    answer_renewal(at(5));
    EXPECT_FALSE(effective());
    subscriber_->probe_answered(probe_, {}, now_);

    EXPECT_TRUE(effective());
}

TEST_F(ForeignPublishers, AProbeThatWasSentBeforeDoesNotCount) {
    make({.lease = 3s, .foreign_publishers = true});
    subscriber_->subscribed(now_);
    const auto old = probe_;
    answer_renewal(at(5));
    subscriber_->probe_answered(probe_, {}, now_);
    now_ += 4s;
    subscriber_->tick(now_);

    subscriber_->probe_answered(old, {}, now_);
    answer_renewal(at(5));

    EXPECT_FALSE(effective());
}

TEST_F(ForeignPublishers, AfterAProbeThatFailedTheNextRenewalComesSoon) {
    make({.lease = 3s, .foreign_publishers = true});
    subscriber_->subscribed(now_);
    answer_renewal(at(5));

    subscriber_->probe_answered(probe_, fail(Errc::timeout, "probe"), now_);

    EXPECT_EQ(wake_, now_ + 100ms);
    wait(100ms);
    answer_renewal(at(5));
    subscriber_->probe_answered(probe_, {}, now_);
    EXPECT_TRUE(effective());
}

TEST_F(ForeignPublishers, AnInterruptionFlushesOnceTheSubscriptionIsBack) {
    make({.lease = 3s, .foreign_publishers = true});
    subscriber_->subscribed(now_);
    answer_renewal(at(5));
    subscriber_->probe_answered(probe_, {}, now_);
    log_.clear();

    subscriber_->disconnected();
    EXPECT_TRUE(log_.empty());
    subscriber_->subscribed(now_);

    EXPECT_EQ(log_.at(0), "flush");
}

}  // namespace
}  // namespace tutti::tests
