// Keys that are loaded before readers ask for them: how many at a time, until when, and what is
// told of it.
#include "tutti/cache/warm_up.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cache_fixture.hpp"

namespace tutti::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WarmUpTest : public CacheTest {
protected:
    CacheOptions<std::string, int> warmed(std::vector<std::string> keys, std::size_t at_once) {
        auto declared = options();
        declared.load_deadline = 1h;
        declared.warm_up = WarmUp<std::string>{
            .keys = [keys] { return keys; },
            .keys_at_once = at_once,
            .deadline = 10s,
            .delays_readiness = true,
            .progress = [this](const WarmUpProgress& progress) { told_.push_back(progress); }};
        return declared;
    }
    void start(CacheOptions<std::string, int> declared) {
        open(std::move(declared));
        executor_.run_ready();
    }
    std::vector<std::string> asked_for() const {
        std::vector<std::string> keys;
        for (const Load& load : loads_) keys.push_back(load.key);
        return keys;
    }

    std::vector<WarmUpProgress> told_;
};

TEST_F(WarmUpTest, KeysAreLoadedSomeAtATimeAndThenReadFromMemory) {
    start(warmed({"a", "b", "c"}, 2));
    EXPECT_THAT(asked_for(), ElementsAre("a", "b"));

    finish(0, 1);
    finish(1, 2);
    EXPECT_THAT(asked_for(), ElementsAre("a", "b", "c"));
    finish(2, 3);

    EXPECT_EQ(tier(read("c")), Tier::memory);
    EXPECT_EQ(core_->counters().warm_up_keys, 3U);
    EXPECT_EQ(core_->counters().warm_up_done, 3U);
}

TEST_F(WarmUpTest, ProgressIsToldAfterEachStepAndAtTheEnd) {
    start(warmed({"a", "b", "c"}, 2));
    finish(0, 1);
    EXPECT_THAT(told_, IsEmpty());

    finish(1, fail(Errc::unavailable, "db", "away"));
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_EQ(told_[0].keys, 3U);
    EXPECT_EQ(told_[0].done, 2U);
    EXPECT_EQ(told_[0].failed, 1U);
    EXPECT_FALSE(told_[0].ended);
    finish(2, 3);

    ASSERT_EQ(told_.size(), 2U);
    EXPECT_EQ(told_[1].done, 3U);
    EXPECT_TRUE(told_[1].ended);
    EXPECT_EQ(core_->counters().warm_up_failed, 1U);
}

TEST_F(WarmUpTest, ReadinessWaitsForItAndSaysHowFarItIs) {
    workers_.hold = true;
    start(warmed({"a", "b"}, 1));
    EXPECT_THAT(core_->unready(), HasSubstr("asks for its keys"));
    workers_.release();
    executor_.run_ready();

    finish(0, 1);
    EXPECT_THAT(core_->unready(), HasSubstr("1 of 2 keys"));
    finish(1, 2);

    EXPECT_EQ(core_->unready(), "");
}

TEST_F(WarmUpTest, ReadinessDoesNotWaitUnlessItIsToldTo) {
    auto declared = warmed({"a"}, 1);
    declared.warm_up->delays_readiness = false;
    start(std::move(declared));

    EXPECT_EQ(core_->unready(), "");
    finish(0, 1);
}

TEST_F(WarmUpTest, TheDeadlineEndsItWhileTheSourceIsSlow) {
    start(warmed({"a", "b"}, 1));

    clock_.advance(10s);
    executor_.run_ready();

    EXPECT_EQ(core_->unready(), "");
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_TRUE(told_[0].ended);
    EXPECT_THAT(asked_for(), ElementsAre("a"));
}

TEST_F(WarmUpTest, TheDeadlineEndsItWhileTheKeysAreSlow) {
    workers_.hold = true;
    start(warmed({"a"}, 1));

    clock_.advance(10s);
    executor_.run_ready();
    EXPECT_EQ(core_->unready(), "");
    workers_.release();
    executor_.run_ready();

    EXPECT_THAT(asked_for(), IsEmpty());
}

TEST_F(WarmUpTest, KeysThatThrowEndIt) {
    auto declared = warmed({}, 1);
    declared.warm_up->keys = []() -> std::vector<std::string> {
        throw std::runtime_error("no such table");
    };
    start(std::move(declared));

    EXPECT_EQ(core_->unready(), "");
    EXPECT_TRUE(told_.at(0).ended);
}

TEST_F(WarmUpTest, NoKeysAreNoWork) {
    start(warmed({}, 1));

    EXPECT_EQ(core_->unready(), "");
    EXPECT_TRUE(told_.at(0).ended);
}

TEST_F(WarmUpTest, WhatIsInvalidatedMeanwhileIsNotKept) {
    start(warmed({"a"}, 1));

    core_->remove("a");
    finish(0, 1);

    EXPECT_FALSE(cache_->contains("a"));
    EXPECT_EQ(core_->counters().poisoned, 1U);
}

TEST_F(WarmUpTest, AStopEndsIt) {
    start(warmed({"a", "b"}, 1));

    core_->close();
    executor_.run_ready();

    EXPECT_TRUE(told_.at(0).ended);
    EXPECT_THAT(asked_for(), ElementsAre("a"));
}

}  // namespace
}  // namespace tutti::testing
