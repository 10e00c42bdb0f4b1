// The checker, on stories that are written by hand: each breaks one promise, or only just does not.
#include "fault/checker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "fault/journal.hpp"
#include "fault/promise.hpp"
#include "support/temporary_folder.hpp"
#include "tutti/clock.hpp"

namespace tests::fault {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

constexpr tutti::TimePoint at(tutti::Duration since) { return tutti::TimePoint{1h + since}; }

class Checking : public ::testing::Test {
protected:
    void commit(tutti::Duration when, Version version) {
        story.commits.push_back({.at = at(when), .key = 3, .version = version});
    }
    void told(tutti::Duration when, Version version, const std::string& outcome,
              const std::string& by = "acknowledgements") {
        story.told.push_back({.begin = at(when - 1ms),
                              .end = at(when),
                              .key = 3,
                              .version = version,
                              .outcome = outcome,
                              .by = by,
                              .why = outcome == "unconfirmed" ? "away" : ""});
    }
    void read(tutti::Duration when, Version version) {
        story.reads.push_back({.begin = at(when),
                               .end = at(when + 1ms),
                               .cache = "memory",
                               .key = 3,
                               .version = version,
                               .from_memory = true,
                               .who = "node-1"});
    }
    void health(tutti::Duration when, bool ready) {
        story.health.push_back({.at = at(when), .ready = ready, .why = "deaf", .who = "node-1"});
    }
    [[nodiscard]] Verdict verdict() const { return judge(story, expected); }

    Story story;
    Expected expected{.fault_ended = at(10s), .alive = {}};
};

TEST_F(Checking, AReadThatBeganAfterDoneMayNotBeOlder) {
    told(1s, 5, "done");
    read(1s, 4);  // began no later
    EXPECT_TRUE(verdict().kept());

    read(1s + 1ns, 4);

    EXPECT_THAT(verdict().broken, UnorderedElementsAre(Key("acknowledged")));
    EXPECT_THAT(verdict().broken["acknowledged"].example, HasSubstr("node-1 answered version 4"));
}

TEST_F(Checking, ALaterDoneOfAnOlderVersionTakesNothingBack) {
    told(1s, 5, "done");
    told(2s, 4, "done");
    read(3s, 4);

    EXPECT_THAT(verdict().broken, ::testing::Contains(Key("acknowledged")));
}

TEST_F(Checking, AReadThatBeganLaterThanTheLeaseBoundAfterPublishedMayNotBeOlder) {
    told(1s, 5, "published");
    read(1s + lease_bound, 4);
    EXPECT_TRUE(verdict().kept());
    EXPECT_EQ(verdict().stale_past_publication, lease_bound);

    read(1s + lease_bound + 1ns, 4);

    EXPECT_THAT(verdict().broken, UnorderedElementsAre(Key("bounded")));
}

TEST_F(Checking, OfAnUnconfirmedInvalidationNothingIsOwed) {
    commit(1s, 5);
    told(1s, 5, "unconfirmed", "nothing");
    read(1h, 4);

    EXPECT_TRUE(verdict().kept());
    EXPECT_EQ(verdict().unconfirmed.at("away"), 1U);
    EXPECT_EQ(verdict().stale_past_commit, 1h - 1s);
}

TEST_F(Checking, WithAnOutboxACommitIsOwedWithoutAWord) {
    expected.commit_bound = 5s;
    commit(1s, 5);
    read(6s, 4);
    EXPECT_TRUE(verdict().kept());

    read(6s + 1ns, 4);

    EXPECT_THAT(verdict().broken, UnorderedElementsAre(Key("committed")));
}

TEST_F(Checking, ANodeIsReadyInTimeAndStaysReady) {
    expected.alive = {"node-1"};
    EXPECT_THAT(verdict().broken, UnorderedElementsAre(Key("ready"))) << "it has said nothing";

    health(1s, true);
    health(9s, false);
    EXPECT_THAT(verdict().broken, UnorderedElementsAre(Key("ready")));

    health(10s + ready_within, true);
    EXPECT_TRUE(verdict().kept());
    EXPECT_EQ(verdict().ready_after, ready_within);

    health(14s, false);
    health(15s, true);
    EXPECT_THAT(verdict().broken, UnorderedElementsAre(Key("ready")));
}

TEST_F(Checking, NoNodeIsBlamedForAServerThatIsSlow) {
    expected.alive = {"node-1"};
    health(9s, false);
    health(20s, true);
    EXPECT_THAT(verdict().broken, UnorderedElementsAre(Key("ready")));

    expected.late = {{.asked = at(10s + ready_within), .answered = at(20s - ready_within)}};

    EXPECT_TRUE(verdict().kept());
    EXPECT_EQ(verdict().ready_after, 10s);

    expected.late.front().answered -= 1ns;
    EXPECT_THAT(verdict().broken, UnorderedElementsAre(Key("ready")));
}

TEST_F(Checking, ALateAnswerExcusesNothingFromBeforeItsQuestion) {
    expected.alive = {"node-1"};
    health(9s, false);
    health(20s, true);
    expected.late = {{.asked = at(10s + ready_within + 1ns), .answered = at(19s)}};

    EXPECT_THAT(verdict().broken, UnorderedElementsAre(Key("ready")));

    expected.late.front().asked -= 1ns;
    EXPECT_TRUE(verdict().kept());
}

TEST_F(Checking, ANodeThatWasReadyIsExcusedFromTheLateQuestionOn) {
    expected.alive = {"node-1"};
    health(9s, true);
    health(20s, false);
    health(21s, true);
    expected.late = {{.asked = at(20s), .answered = at(20s + 500ms)}};
    EXPECT_TRUE(verdict().kept());

    expected.late.front().asked += 1ns;

    EXPECT_THAT(verdict().broken, UnorderedElementsAre(Key("ready")));
}

TEST_F(Checking, AReadFailsOnlyWhereItMay) {
    story.failures.push_back({.begin = at(1s), .end = at(2s), .why = "memory 3 timeout"});
    EXPECT_THAT(verdict().broken, UnorderedElementsAre(Key("answered")));

    expected.reads_may_fail = true;

    EXPECT_TRUE(verdict().kept());
    EXPECT_EQ(verdict().failed_reads, 1U);
}

TEST_F(Checking, OutcomesAreCounted) {
    told(1s, 1, "done");
    told(2s, 2, "done", "wait-out");
    told(3s, 3, "published", "nothing");

    const Verdict counted = verdict();

    EXPECT_EQ(counted.by_acknowledgements, 1U);
    EXPECT_EQ(counted.waited_out, 1U);
    EXPECT_EQ(counted.published, 1U);
    EXPECT_THAT(counted.unconfirmed, IsEmpty());
}

TEST_F(Checking, AJournalIsReadAsItWasWrittenWithoutALineThatWasCutShort) {
    const TemporaryFolder folder;
    const std::string file = folder.file("node-1");
    {
        const Journal journal(file);
        read(1s, 4);
        told(2s, 5, "unconfirmed", "nothing");
        commit(3s, 6);
        health(4s, true);
        journal.write(story.reads.front());
        journal.write(story.told.front());
        journal.write(story.commits.front());
        journal.write(story.health.front());
        journal.write(Failed{.begin = at(5s), .end = at(6s), .why = "two\nlines"});
    }
    std::ofstream(file, std::ios::app) << "read 1 2 memo";

    Story again;
    read_journal(file, again);

    ASSERT_EQ(again.reads.size(), 1U);
    EXPECT_EQ(again.reads.front().begin, at(1s));
    EXPECT_EQ(again.reads.front().version, 4U);
    EXPECT_TRUE(again.reads.front().from_memory);
    EXPECT_EQ(again.reads.front().who, "node-1");
    ASSERT_EQ(again.told.size(), 1U);
    EXPECT_EQ(again.told.front().why, "away");
    ASSERT_EQ(again.commits.size(), 1U);
    EXPECT_EQ(again.commits.front().version, 6U);
    ASSERT_EQ(again.health.size(), 1U);
    EXPECT_TRUE(again.health.front().ready);
    ASSERT_EQ(again.failures.size(), 1U);
    EXPECT_EQ(again.failures.front().why, "two lines");
}

TEST_F(Checking, ALineThatIsNoEventIsNamed) {
    const TemporaryFolder folder;
    const std::string file = folder.file("node-1");
    std::ofstream(file) << "health 1 1 \nread 1 2 memory 99 1 memory\n";

    Story again;

    EXPECT_THAT([&] { read_journal(file, again); },
                ::testing::ThrowsMessage<std::runtime_error>(HasSubstr("node-1:2: ")));
}

}  // namespace
}  // namespace tests::fault
