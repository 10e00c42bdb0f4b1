// What the bus did not take: it is tried again, holds up nothing else, and is seen.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "writer_fixture.hpp"

namespace tutti {
namespace {

using Unpublished = WriterTest;

TEST_F(Unpublished, IsUnconfirmedAndPublishedAgainUntilTheBusTakesIt) {
    const auto answer = invalidate(key("a"));
    refuse();
    EXPECT_EQ((*answer)->outcome, Outcome::unconfirmed);
    EXPECT_EQ((*answer)->reason, "redis PUB: unavailable: down");
    EXPECT_EQ(writer_->pending(), 1U);

    executor_.advance(100ms);
    refuse();
    executor_.advance(200ms);
    ASSERT_EQ(bus_.held.size(), 1U);
    EXPECT_EQ(bus_.held.front().request.changed, key("a"));
    take();

    EXPECT_EQ(writer_->pending(), 0U);
    EXPECT_EQ(executor_.timer_count(), 0U);
}

TEST_F(Unpublished, GoesFirstThingWhenTheBusIsBack) {
    invalidate(key("a"));
    refuse();

    EXPECT_FALSE(gate_->open(clock_.now()));
    writer_->retry_now();

    EXPECT_EQ(bus_.held.size(), 1U);
}

TEST_F(Unpublished, CollectsKeysIntoOnePublication) {
    invalidate(key("a"));
    invalidate(key("b"));
    invalidate(key("a"));
    refuse();
    refuse();
    refuse();

    executor_.advance(100ms);

    ASSERT_EQ(bus_.held.size(), 1U);
    EXPECT_EQ(bus_.held.front().request.changed.keys, (std::vector<std::string>{"a", "b"}));
}

TEST_F(Unpublished, CollectsTagsBesideTheKeys) {
    invalidate(key("a"));
    invalidate(KeySet::of_tag("a"));
    refuse();
    refuse();

    executor_.advance(100ms);

    ASSERT_EQ(bus_.held.size(), 1U);
    EXPECT_EQ(bus_.held.front().request.changed,
              (KeySet{.keys = {"a"}, .all = false, .tags = {"a"}}));
}

TEST_F(Unpublished, TagThatCannotBePublishedIsFoundAndReplacedByAll) {
    KeySet many;
    for (int number = 0; number < 8; ++number) {
        many.keys.push_back(std::to_string(number));
        many.tags.push_back(std::to_string(number));
    }
    invalidate(many);
    refuse();
    executor_.advance(100ms);

    for (int tries = 0; !bus_.held.front().request.changed.all; ++tries) {
        ASSERT_LT(tries, 20);
        const KeySet changed = bus_.held.front().request.changed;
        if (std::ranges::find(changed.tags, "3") != changed.tags.end()) {
            refuse(Errc::refused);
        } else {
            take();
        }
        executor_.advance(100ms);
        ASSERT_EQ(bus_.held.size(), 1U);
    }

    EXPECT_THAT(written_, ElementsAre(HasSubstr("'3'")));
}

TEST_F(Unpublished, BecomesAllWhenItIsTooMuchToRemember) {
    KeySet many;
    for (int number = 0; number < 10'001; ++number) many.keys.push_back(std::to_string(number));
    invalidate(many);
    while (!bus_.held.empty()) refuse();

    executor_.advance(100ms);

    ASSERT_EQ(bus_.held.size(), 1U);
    EXPECT_TRUE(bus_.held.front().request.changed.all);
}

TEST_F(Unpublished, KeyThatCannotBePublishedIsFoundAndReplacedByAll) {
    KeySet many;
    for (int number = 0; number < 600; ++number) many.keys.push_back(std::to_string(number));
    invalidate(many);
    refuse();
    executor_.advance(100ms);

    int tries = 0;
    std::set<std::string> published;
    for (; !bus_.held.empty() && !bus_.held.front().request.changed.all; ++tries) {
        ASSERT_EQ(bus_.held.size(), 1U) << "one at a time, so that nothing is sent in vain";
        const auto keys = bus_.held.front().request.changed.keys;
        if (std::ranges::find(keys, "437") != keys.end()) {
            refuse(Errc::refused);
        } else {
            published.insert(keys.begin(), keys.end());
            take();
        }
        executor_.advance(100ms);
    }

    EXPECT_LE(tries, 21);
    ASSERT_EQ(bus_.held.size(), 1U);
    EXPECT_TRUE(bus_.held.front().request.changed.all);
    EXPECT_THAT(written_, ElementsAre(HasSubstr("'437'")));
    EXPECT_GT(writer_->pending(), Backlog::keys_max);
    take();
    EXPECT_EQ(writer_->pending(), 0U);
    EXPECT_TRUE(gate_->open(clock_.now()));
}

TEST_F(Unpublished, ErrorThatConcernsEverythingIsNarrowedOnceAndWaitedFor) {
    KeySet many;
    for (int number = 0; number < 5000; ++number) many.keys.push_back(std::to_string(number));
    invalidate(many);
    int tries = 0;
    const auto refuse_all = [&] {
        for (; !bus_.held.empty(); ++tries) refuse(Errc::refused);
    };
    refuse_all();
    executor_.advance(100ms);
    refuse_all();

    EXPECT_LE(tries, 5 + 5 + 12);
    for (int round = 0; round < 10; ++round) {
        executor_.advance(2s);
        EXPECT_LE(bus_.held.size(), 1U);
        refuse_all();
    }
    executor_.advance(2s);
    ASSERT_EQ(bus_.held.size(), 1U);
    EXPECT_TRUE(bus_.held.front().request.changed.all);
    take();
    EXPECT_EQ(writer_->pending(), 0U);
}

TEST_F(Unpublished, NarrowingIsGivenUpWhenTheConnectionIsLost) {
    invalidate({.keys = {"a", "b", "c", "d"}});
    refuse();
    executor_.advance(100ms);
    refuse(Errc::too_large);
    ASSERT_EQ(bus_.held.front().request.changed.keys, (std::vector<std::string>{"a", "b"}));
    refuse(Errc::timeout);
    EXPECT_TRUE(bus_.held.empty());
    EXPECT_EQ(writer_->pending(), 4U);

    executor_.advance(200ms);

    ASSERT_EQ(bus_.held.size(), 1U);
    EXPECT_EQ(bus_.held.front().request.changed.keys.size(), 4U);
}

TEST_F(Unpublished, WhatChangesAgainDuringARetryIsPublishedAgain) {
    invalidate(key("a"));
    refuse();
    executor_.advance(100ms);  // the retry is under way

    invalidate(key("a"));
    auto retried = bus_.next();
    refuse();
    retried.done(Published{});
    executor_.run_ready();

    EXPECT_EQ(writer_->pending(), 1U);
}

TEST_F(Unpublished, IsStuckWhenItHasNotBecomeLessForLong) {
    invalidate(key("a"));
    refuse();
    EXPECT_TRUE(writer_->status().stuck.empty());
    const auto keep_failing = [&](Duration time) {
        for (const TimePoint end = clock_.now() + time; clock_.now() < end;) {
            while (!bus_.held.empty()) refuse();
            executor_.advance(std::min<Duration>(100ms, end - clock_.now()));
        }
    };

    keep_failing(Writer::stuck_after - 1ms);
    EXPECT_TRUE(writer_->status().stuck.empty());
    invalidate(key("a"));
    invalidate(key("b"));
    keep_failing(1s);

    EXPECT_EQ(
        writer_->status().stuck,
        "invalidations that have not been published for 10 s: 2 (redis PUB: unavailable: down); "
        "other instances may serve older values");
    executor_.advance(2s);
    take();
    EXPECT_TRUE(writer_->status().stuck.empty());
    EXPECT_EQ(writer_->status().standing, 0s);
}

TEST_F(Unpublished, IsReportedAtTheEnd) {
    invalidate(key("a"));
    refuse();

    EXPECT_EQ(writer_->close(), 1U);
    const auto late = invalidate(key("b"));

    EXPECT_EQ((*late)->outcome, Outcome::unconfirmed);
    EXPECT_TRUE(bus_.held.empty());
}

TEST_F(Unpublished, IsReportedAtTheEndAlsoWhileARetryIsUnderWay) {
    invalidate(key("a"));
    refuse();
    executor_.advance(100ms);
    ASSERT_EQ(bus_.held.size(), 1U);

    EXPECT_EQ(writer_->pending(), 1U);
    EXPECT_EQ(writer_->close(), 1U);
}

}  // namespace
}  // namespace tutti
