// Stories that are as they should be, and for each promise one in which it is broken.
#include "soak/checker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "soak/story.hpp"

namespace tests::soak {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SoakChecker : public ::testing::Test {
protected:
    // A second has passed behind each.
    void activates(bool is_done = true) { orders(true, is_done); }
    void deactivates(bool is_done = true) { orders(false, is_done); }
    // Its id is its number.
    std::string says(std::size_t parts = 1, bool names_a_personality = false, Ms answers_made = 0) {
        UserMessage message{.id = std::to_string(count_),
                            .channel = "1",
                            .marks = {},
                            .names_a_personality = names_a_personality,
                            .began = now_,
                            .told = now_ + 10,
                            .answers_made = answers_made};
        for (std::size_t i = 0; i < parts; ++i) message.marks.push_back(mark(0, count_, i));
        ++count_;
        story.messages.push_back(message);
        now_ += 1'000;
        return message.id;
    }
    void answers(const std::string& message, std::size_t part = 0) {
        story.said.push_back({.id = "a" + std::to_string(story.said.size()),
                              .channel = "1",
                              .content = "You said: hello " + mark(0, std::stoul(message), part),
                              .reply_to = "",
                              .made = now_});
    }
    void empties() {
        story.emptyings.push_back({.began = now_, .ended = now_ + 5'000});
        now_ += 6'000;
    }
    void apologises(const std::string& message, const std::string& text = "Sorry") {
        story.said.push_back({.id = "a" + std::to_string(story.said.size()),
                              .channel = "1",
                              .content = text,
                              .reply_to = message,
                              .made = now_});
    }
    void pays(const std::string& kind, const std::string& about) {
        story.paid.push_back({.kind = kind, .about = about});
    }
    void passes(Ms time) { now_ += time; }
    [[nodiscard]] Ms now() const { return now_; }
    [[nodiscard]] Verdict verdict() const { return judge(story, {}); }

    Story story;

private:
    void orders(bool activates, bool is_done) {
        story.orders.push_back({.channel = "1",
                                .activates = activates,
                                .is_done = is_done,
                                .began = now_,
                                .ended = now_ + 500});
        now_ += 1'000;
    }

    std::size_t count_ = 0;
    Ms now_ = 1'000'000;
};

TEST(SoakMarks, AreFoundWhereverTheyAreAndNothingElseIs) {
    EXPECT_THAT(marks_in("You said: hm, m3x17x0mm4x1x2m and " + mark(12, 3, 4) + "."),
                ElementsAre("m3x17x0m", "m4x1x2m", "m12x3x4m"));
    EXPECT_THAT(marks_in("m mm mx m1x m1x2 m1x2x m1x2x3"), IsEmpty());
}

TEST_F(SoakChecker, AnAnswerAndAnApologyAndAReportedUnknownAreWell) {
    activates();
    passes(20'000);
    answers(says());
    apologises(says());
    story.reply_unknown.insert(says());

    const Verdict is = verdict();

    EXPECT_THAT(is.violations, IsEmpty());
    EXPECT_EQ(is.expected, 3U);
    EXPECT_EQ(is.answered, 1U);
    EXPECT_EQ(is.apologised, 1U);
    EXPECT_EQ(is.unknown, 1U);
}

TEST_F(SoakChecker, AMessageOfWhichNothingIsHeardIsLost) {
    activates();
    passes(20'000);
    const std::string lost = says();

    EXPECT_THAT(verdict().violations, ElementsAre(HasSubstr("answered: message " + lost)));
}

TEST_F(SoakChecker, OnlyThoseMayBeSilentThatWereReportedAsUndecided) {
    activates();
    passes(20'000);
    story.undecided.insert(says());
    EXPECT_THAT(verdict().violations, IsEmpty());
    EXPECT_EQ(verdict().undecided, 1U);

    const std::string lost = says();

    EXPECT_THAT(verdict().violations, ElementsAre(HasSubstr("answered: message " + lost)));
}

TEST_F(SoakChecker, AnApologyThatAnAnswerFollowsHasSaidThatOneMay) {
    activates();
    passes(20'000);
    const std::string message = says();
    apologises(message, "Sorry. If you do not see an answer, ask again.");
    answers(message);
    EXPECT_THAT(verdict().violations, IsEmpty());
    EXPECT_EQ(verdict().both, 1U);

    const std::string other = says();
    apologises(other);
    answers(other);

    EXPECT_THAT(verdict().violations, ElementsAre(HasSubstr("honest: message " + other)));
}

TEST_F(SoakChecker, WhatWasUnderWayWhileRedisWasEmptiedIsCountedWhateverBecameOfIt) {
    activates();
    passes(20'000);
    const std::string silent = says();
    const std::string broken_off = says(2);
    const std::string doubled = says();
    empties();
    answers(broken_off);
    answers(doubled);
    answers(doubled);
    pays("chat", "hello " + mark(0, std::stoul(doubled), 0));
    pays("chat", "hello " + mark(0, std::stoul(doubled), 0));
    pays("vision", "a picture");
    pays("vision", "a picture");

    EXPECT_THAT(verdict().violations, IsEmpty());
    EXPECT_EQ(verdict().forgotten, 3U);
}

TEST_F(SoakChecker, WhatWasAnsweredBeforeRedisWasEmptiedOrSaidBehindItIsNotUnderWay) {
    activates();
    passes(20'000);
    const std::string before = says();
    answers(before);
    answers(before);
    passes(1'000);
    empties();
    const std::string behind = says();

    EXPECT_THAT(verdict().violations, ElementsAre(HasSubstr("of message " + before + " "),
                                                  HasSubstr("answered: message " + behind)));
}

TEST_F(SoakChecker, AReplyToWhatWasSaidBeforeRedisWasEmptiedMayFindItForgotten) {
    passes(20'000);
    const Ms said = now();
    passes(1'000);
    empties();
    (void)says(1, true, said);
    EXPECT_THAT(verdict().violations, IsEmpty());
    EXPECT_EQ(verdict().forgotten, 1U);

    (void)says(1, true, now());

    EXPECT_EQ(verdict().violations.size(), 1U);
}

TEST_F(SoakChecker, AMessageThatNamesAPersonalityIsAnsweredInAnyChannel) {
    (void)says(1, true);

    EXPECT_THAT(verdict().violations, ElementsAre(HasSubstr("answered: message 0")));
}

TEST_F(SoakChecker, ShortlyAfterAnActivationItMayNotBeKnownEverywhere) {
    activates();
    passes(5'000);
    (void)says();

    EXPECT_THAT(verdict().violations, IsEmpty());
    EXPECT_EQ(verdict().stale_inactive.count(), 5'500);
}

TEST_F(SoakChecker, WhatIsSaidInAChannelThatIsNotActiveIsNotAnswered) {
    (void)says();
    activates();
    deactivates();
    passes(20'000);
    (void)says();

    EXPECT_THAT(verdict().violations, IsEmpty());
    EXPECT_EQ(verdict().unexpected, 2U);
}

TEST_F(SoakChecker, AnAnswerPastTheBoundOfADeactivationIsStale) {
    activates();
    deactivates();
    passes(20'000);
    answers(says());

    EXPECT_THAT(verdict().violations, ElementsAre(HasSubstr("fresh: message 0")));
}

TEST_F(SoakChecker, AnAnswerWithinTheBoundIsMeasured) {
    activates();
    deactivates();
    passes(2'000);
    answers(says());

    EXPECT_THAT(verdict().violations, IsEmpty());
    EXPECT_EQ(verdict().stale_active.count(), 2'500);
}

TEST_F(SoakChecker, AnAnswerBehindTheNextActivationMayBeBecauseOfIt) {
    deactivates();
    passes(20'000);
    const std::string late = says();
    activates();
    answers(late);

    EXPECT_THAT(verdict().violations, IsEmpty());
}

TEST_F(SoakChecker, ACommandOfWhichNothingIsKnownMayComeAboutLater) {
    activates();
    passes(20'000);
    deactivates(false);
    (void)says();
    activates();
    passes(12'000);
    (void)says();

    EXPECT_THAT(verdict().violations, IsEmpty());

    activates();
    passes(20'000);
    (void)says();
    EXPECT_THAT(verdict().violations, ElementsAre(HasSubstr("answered: message 2")));
}

TEST_F(SoakChecker, WhatIsAlreadySoStaysSoWhateverBecomesOfACommand) {
    activates();
    activates(false);
    passes(20'000);
    (void)says();

    EXPECT_THAT(verdict().violations, ElementsAre(HasSubstr("answered: message 0")));
}

TEST_F(SoakChecker, APartThatIsSaidTwiceIsSaidTwice) {
    activates();
    const std::string message = says(2);
    answers(message, 0);
    answers(message, 1);
    answers(message, 1);

    EXPECT_THAT(verdict().violations,
                ElementsAre("once: m0x0x1m of message 0 (m0x0x0m) in channel 1 was said in a1 a2"));
}

TEST_F(SoakChecker, TwoApologiesAreOneTooMany) {
    activates();
    const std::string message = says();
    apologises(message);
    apologises(message);

    EXPECT_THAT(verdict().violations, ElementsAre(HasSubstr("once: message 0")));
}

TEST_F(SoakChecker, AnAnswerThatBreaksOffIsBrokenUnlessItIsReported) {
    activates();
    const std::string message = says(3);
    answers(message, 0);
    answers(message, 1);

    EXPECT_THAT(verdict().violations, ElementsAre(HasSubstr("2 of 3 parts")));

    story.reply_unknown.insert(message);
    EXPECT_THAT(verdict().violations, IsEmpty());
}

TEST_F(SoakChecker, AReplyIsPaidForOnceWhateverIsReported) {
    pays("chat", "hello m0x0x0m");
    pays("chat", "hello m0x1x0m");
    story.paid_unknown = 5;
    EXPECT_THAT(verdict().violations, IsEmpty());

    pays("chat", "hello m0x1x0m");

    EXPECT_THAT(verdict().violations, ElementsAre("paid once: chat of m0x1x0m, 2 times"));
}

TEST_F(SoakChecker, APictureIsPaidForAgainOnlyWhenTheFirstCallIsReportedAsUnknown) {
    pays("vision", "a picture (1)");
    pays("vision", "a picture (1)");
    EXPECT_THAT(verdict().violations, ElementsAre(HasSubstr("a picture (1), 2 times")));

    story.paid_unknown = 1;

    EXPECT_THAT(verdict().violations, IsEmpty());
}

TEST_F(SoakChecker, AQueueThatIsNotEmptyAtTheEndOrWasTooLongIsNamed) {
    story.longest["ai-requests"] = 10'001;
    story.left["tutti_outbox"] = 2;

    EXPECT_THAT(verdict().violations, ElementsAre("bounded: ai-requests was 10001 long",
                                                  "bounded: 2 are left in tutti_outbox"));
}

TEST_F(SoakChecker, AProcessThatGrowsIsNamedOnceAndALifeBeginsAnew) {
    const auto has = [this](int life, Ms at, std::size_t mib) {
        story.memory.push_back({.process = "bot-1", .life = life, .at = at, .kib = mib << 10U});
    };
    has(1, 0, 20);
    has(1, 60'000, 100);
    has(1, 120'000, 150);
    has(2, 130'000, 20);
    has(2, 150'000, 150);
    EXPECT_THAT(verdict().violations, IsEmpty());

    has(1, 121'000, 170);
    has(1, 122'000, 180);

    EXPECT_THAT(verdict().violations, ElementsAre("bounded: bot-1 has 170 MiB, and had 100"));
}

TEST_F(SoakChecker, WhatElseWentWrongIsAViolation) {
    story.troubles.emplace_back("bot-1 has ended by itself");

    EXPECT_THAT(verdict().violations, ElementsAre("trouble: bot-1 has ended by itself"));
}

}  // namespace
}  // namespace tests::soak
