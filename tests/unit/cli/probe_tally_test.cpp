// What answers prove of an invalidation, by the age of what is held and the time of the question.
#include "cli/probe_tally.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tutti/error.hpp"
#include "tutti/inventory.hpp"

namespace tutti::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr TimePoint start{1h};
constexpr Epoch epoch{7};

// An invalidation of `apple`, which was published within these 10 ms.
Followed followed() {
    return {.key = "apple", .epoch = epoch, .sequence = 41, .after = start, .seen = start + 10ms};
}

// Asked a second after it was seen, and answered 4 ms later.
constexpr TimePoint asked = start + 1010ms;
Told told(Result<Holdings> holdings) {
    return {.process = "http://one:1",
            .sent = asked,
            .answered = asked + 4ms,
            .holdings = std::move(holdings)};
}
Told holding(Duration age, Sequence applied = 41, Epoch of = epoch) {
    return told(Holdings{.node = "web-1",
                         .member = "web-1:a",
                         .epoch = of,
                         .applied = applied,
                         .held = {{.cache = "prices", .age = age, .servable_for = 2s}}});
}
Told nothing(const std::string& member = "web-1:a") {
    return told(Holdings{.node = "web-1", .member = member, .epoch = epoch, .applied = 41});
}
Could judged(const Told& said) { return is_older(followed(), said, said.holdings->held.front()); }

TEST(ProbeTally, WhatWasLoadedBeforeThePublicationIsOlder) {
    EXPECT_EQ(judged(holding(1h)), Could::older);
    EXPECT_EQ(judged(holding(1014ms + 1us)), Could::older) << "just before";
}

TEST(ProbeTally, ItIsSoWhateverTheInstanceSaysThatItHasApplied) {
    EXPECT_EQ(judged(holding(1min, 41)), Could::older);
    EXPECT_EQ(judged(holding(1min, 40)), Could::older);
    EXPECT_EQ(judged(holding(1min, 900, Epoch{8})), Could::older);
}

TEST(ProbeTally, WhatWasLoadedAfterwardsIsNotWhateverIsApplied) {
    EXPECT_EQ(judged(holding(0ms, 40)), Could::no);
    EXPECT_EQ(judged(holding(1s, 40)), Could::no) << "when it was seen";
    EXPECT_EQ(judged(holding(1s, 1, Epoch{8})), Could::no);
}

TEST(ProbeTally, WhatWasLoadedMeanwhileCountsByWhatIsApplied) {
    for (const Duration age : {Duration(1s + 1us), Duration(1007ms), Duration(1014ms)}) {
        EXPECT_EQ(judged(holding(age, 41)), Could::no);
        EXPECT_EQ(judged(holding(age, 40)), Could::unknown);
        EXPECT_EQ(judged(holding(age, 41, Epoch{8})), Could::unknown);
    }
}

using Names = std::vector<std::string>;

TEST(ProbeRoll, AMemberIsOneOfTheListsSinceThen) {
    Roll roll;
    roll.add({"web-1:a", "web-9:z"}, start);
    roll.add({"web-1:a", "web-2:b"}, start + 50ms);
    roll.add({}, start + 100ms);

    EXPECT_EQ(roll.last(), start + 100ms);
    EXPECT_THAT(roll.since(start), ElementsAre("web-1:a", "web-2:b", "web-9:z"));
    EXPECT_THAT(roll.since(start + 50ms), ElementsAre("web-1:a", "web-2:b"))
        << "whom the server has forgotten since";
    EXPECT_THAT(roll.since(start + 100ms), IsEmpty());
}

TEST(ProbeRoll, WhoWasGoneBeforeAnySampleIsForgotten) {
    Roll roll;
    roll.add({"web-9:z"}, start);
    roll.add({"web-1:a"}, start + 3h);

    EXPECT_THAT(roll.since(start), ElementsAre("web-1:a"));
}

class ProbeTallied : public ::testing::Test {
protected:
    const Tally::Row& add(const std::vector<Told>& answers,
                          const Result<Members>& members = Members{epoch, {"web-1:a"}}) {
        tally_.add(1, followed(), members, answers);
        return tally_.rows()[1];
    }
    const Tally::Row& add(const std::vector<Told>& answers, Names members) {
        return add(answers, Members{epoch, std::move(members)});
    }

    Tally tally_{{100ms, 1s}};
};

TEST_F(ProbeTallied, NoInstanceCouldServeWhenAllHaveSaidSo) {
    const auto& row = add({nothing("web-1:a"), nothing("web-2:b")}, Names{"web-1:a", "web-2:b"});

    EXPECT_EQ(row.none, 1U);
    EXPECT_EQ(row.samples(), 1U);
    EXPECT_EQ(row.answered_by, 1014ms) << "from before the publication to behind the answer";
    EXPECT_EQ(tally_.rows()[0].samples(), 0U);
    EXPECT_THAT(tally_.silent(), IsEmpty());
}

TEST_F(ProbeTallied, OneThatCouldMakesItOlderAndIsNamed) {
    const auto& row = add({nothing("web-2:b"), holding(1min, 40)}, Names{"web-1:a", "web-2:b"});

    EXPECT_EQ(row.older, 1U);
    EXPECT_EQ(row.samples(), 1U);
    ASSERT_THAT(tally_.findings(), SizeIs(1));
    const Tally::Finding& found = tally_.findings().front();
    EXPECT_EQ(found.followed.key, "apple");
    EXPECT_EQ(found.within, 1s);
    EXPECT_EQ(found.process, "http://one:1");
    EXPECT_EQ(found.held.cache, "prices");
    EXPECT_EQ(found.applied, 40U);
}

TEST_F(ProbeTallied, WhatAnInstanceHasAppliedOfAnotherEpochIsNothing) {
    add({holding(1min, 900, Epoch{8})});

    EXPECT_EQ(tally_.findings().front().applied, 0U);
}

TEST_F(ProbeTallied, AProcessThatDoesNotAnswerIsNotKnown) {
    const auto& row = add({nothing(), told(fail(Errc::timeout, "GET", "no answer"))});

    EXPECT_EQ(row.unknown, 1U);
    EXPECT_EQ(row.samples(), 1U);
    ASSERT_TRUE(tally_.silent().contains("http://one:1"));
    EXPECT_THAT(tally_.silent().at("http://one:1").reason, HasSubstr("no answer"));
}

TEST_F(ProbeTallied, AMemberThatWasNotAmongThoseAskedIsNotKnown) {
    const auto& row = add({nothing()}, Names{"web-1:a", "web-9:z"});

    EXPECT_EQ(row.unknown, 1U);
    EXPECT_TRUE(tally_.silent().contains("web-9:z"));
}

TEST_F(ProbeTallied, AMemberThatSaysThatItHearsNoSuchChannelIsNotKnown) {
    const auto& row = add({told(Holdings{.node = "web-1", .member = "web-1:a"})});

    EXPECT_EQ(row.unknown, 1U) << "it was asked about another channel";
    EXPECT_TRUE(tally_.silent().contains("web-1:a"));
}

TEST_F(ProbeTallied, NamesOfThoseThatAreSilentDoNotPileUp) {
    for (std::size_t i = 0; i < 3 * Tally::silent_max; ++i) {
        add({nothing()}, Names{"web-1:a", "gone-" + std::to_string(i)});
    }

    EXPECT_LE(tally_.silent().size(), Tally::silent_max + 1);
    EXPECT_EQ(tally_.silent().at("others").times, 2 * Tally::silent_max);
}

TEST_F(ProbeTallied, WithoutTheMembersNothingIsKnown) {
    EXPECT_EQ(add({nothing()}, Result<Members>(fail(Errc::unavailable, "redis", "away"))).unknown,
              1U);
    EXPECT_EQ(add({nothing()}, Names{}).unknown, 2U) << "somebody has answered, and is none";
}

TEST_F(ProbeTallied, OfAnotherEpochTheMembersAreNotKnown) {
    const auto& row = add({nothing()}, Members{Epoch{8}, {"web-1:a"}});

    EXPECT_EQ(row.unknown, 1U) << "the server has forgotten them all, and some are back";
    EXPECT_THAT(tally_.silent().at("the members of the channel").reason, HasSubstr("epoch"));
}

TEST_F(ProbeTallied, OneThatCouldCountsEvenThoughAnotherIsNotKnown) {
    const auto& row = add({told(fail(Errc::timeout, "GET", "no answer")), holding(1min)});

    EXPECT_EQ(row.older, 1U);
    EXPECT_EQ(row.unknown, 0U);
}

TEST_F(ProbeTallied, SamplesInWhichAnInstanceHadTheKeyAreCounted) {
    EXPECT_EQ(add({nothing()}).held, 0U);
    EXPECT_EQ(add({holding(0ms)}).held, 1U) << "reloaded";
    EXPECT_EQ(add({nothing("web-2:b"), holding(1h)}).held, 2U);
}

TEST_F(ProbeTallied, WhatIsNotKnownIsNotProven) {
    for (int times = 0; times < 500; ++times) add({nothing()});
    EXPECT_DOUBLE_EQ(tally_.rows()[1].proven(), proven_share(500, 0));

    for (int times = 0; times < 500; ++times) add({told(fail(Errc::timeout, "GET", "no answer"))});

    EXPECT_LT(tally_.rows()[1].proven(), 0.5) << "half of the answers are not there";
    EXPECT_DOUBLE_EQ(tally_.rows()[1].proven(), proven_share(1000, 500));
}

TEST_F(ProbeTallied, TheFirstFindingsAreKeptAndAllAreCounted) {
    for (int times = 0; times < 150; ++times) add({holding(1min)});

    EXPECT_EQ(tally_.rows()[1].older, 150U);
    EXPECT_THAT(tally_.findings(), SizeIs(Tally::findings_max));
}

}  // namespace
}  // namespace tutti::cli
