// Loads that wait for their turn: how many may, who is served first, who leaves, and how deep the
// stack gets when each of them ends inside the call that begins it.
#include <gmock/gmock.h>

#include "cache_fixture.hpp"
#include "embedded/store.hpp"
#include "store_fixture.hpp"

namespace tutti::testing {
namespace {

using ::testing::HasSubstr;

constexpr int many = 30'000;  // on a stack they would need some tens of megabytes

class QueuedLoads : public CacheTest {
protected:
    CacheOptions<std::string, int> one_at_a_time() {
        auto declared = options();
        declared.loads_max = 1;
        return declared;
    }
    // Reads `many` keys; returns how many answers there are, which goes on counting.
    std::shared_ptr<int> read_many() {
        auto answers = std::make_shared<int>();
        for (int i = 0; i < many; ++i) {
            cache_->get(std::to_string(i), [answers](const Result<Lookup<int>>&) { ++*answers; });
        }
        return answers;
    }
};

TEST_F(QueuedLoads, OneTooManyIsRefusedAtOnceAndToldWhatToDo) {
    auto declared = one_at_a_time();
    declared.loads_queued_max = 2;
    open(std::move(declared));
    read("runs");
    const auto first = read("first");
    const auto second = read("second");

    const auto refused = read("third");

    EXPECT_EQ(error(refused), Errc::overloaded);
    EXPECT_THAT((*refused)->error().cause, HasSubstr("loads_queued_max"));
    const auto joins = read("second");
    EXPECT_FALSE(joins->has_value()) << "it needs no load of its own";
}

TEST_F(QueuedLoads, ALoadThatWaitsEndsWithItsLastReader) {
    open(one_at_a_time());
    read("runs", {.deadline = 10s});
    const auto left = read("left", {.deadline = 1s});
    const auto stays = read("stays", {.deadline = 1s});
    const auto stays_too = read("stays", {.deadline = 3s});
    executor_.advance(1s);

    finish(0, 1);

    EXPECT_EQ(error(left), Errc::timeout);
    EXPECT_EQ(error(stays), Errc::timeout);
    ASSERT_EQ(loads_.size(), 2U);
    EXPECT_EQ(loads_[1].key, "stays");
    finish(1, 2);
    EXPECT_EQ(value(stays_too), 2);
    EXPECT_EQ(loads_.size(), 2U);
}

TEST_F(QueuedLoads, ALoadThatHasBegunGoesOnForTheNextReader) {
    open(options());
    const auto left = read("a", {.deadline = 1s});
    executor_.advance(1s);

    finish(0, 7);

    EXPECT_EQ(error(left), Errc::timeout);
    EXPECT_EQ(tier(read("a")), Tier::memory);
}

TEST_F(QueuedLoads, WhoeverLeavesMakesRoomForOthers) {
    auto declared = one_at_a_time();
    declared.loads_queued_max = 1;
    open(std::move(declared));
    read("runs", {.deadline = 10s});
    read("leaves", {.deadline = 1s});
    executor_.advance(1s);

    EXPECT_FALSE(read("comes")->has_value());
}

// The third load of a key waits for the end of one of two.
TEST_F(QueuedLoads, AThirdLoadOfAKeyEndsWithItsLastReaderToo) {
    open(options());
    read("a", {.deadline = 10s});
    core_->remove("a");
    read("a", {.deadline = 10s});
    core_->remove("a");
    const auto third = read("a", {.deadline = 1s});
    executor_.advance(1s);

    finish(0, 1);

    EXPECT_EQ(error(third), Errc::timeout);
    EXPECT_EQ(loads_.size(), 2U);
}

TEST_F(QueuedLoads, AfterTwentySecondsOfAHangingSourceAFreshReaderIsServedNext) {
    auto declared = options();
    declared.loads_max = 8;
    open(std::move(declared));
    std::vector<Answer> given;
    for (int i = 0; i < 2'000; ++i) {
        given.push_back(read("k" + std::to_string(i), {.deadline = 2s}));
        executor_.advance(10ms);
    }
    const std::size_t begun = loads_.size();
    EXPECT_LE(begun, 8U * 5) << "each of eight hangs for the load_deadline of five seconds";

    const auto fresh = read("fresh", {.deadline = 2s});
    finish(begun - 1, 1);

    ASSERT_EQ(loads_.size(), begun + 1);
    EXPECT_EQ(loads_.back().key, "fresh");
    finish(begun, 7);
    EXPECT_EQ(value(fresh), 7);
}

TEST_F(QueuedLoads, OfABurstEveryLoadHasItsTurnInOrder) {
    open(one_at_a_time());
    for (int i = 0; i < 5; ++i) read(std::to_string(i));

    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(loads_.at(i).key, std::to_string(i));
        finish(i, 1);
    }
}

TEST_F(QueuedLoads, LoadsThatEndAtOnceDoNotLieOnTopOfEachOther) {
    auto declared = one_at_a_time();
    declared.loads_queued_max = many;
    declared.load = [this](const std::string& key, LoadContext, Completion<Loaded<int>> done) {
        if (key == "held") return loads_.push_back({key, std::move(done)});
        done(1);
    };
    open(std::move(declared));
    read("held");
    const auto answers = read_many();

    finish(0, 1);

    EXPECT_EQ(*answers, many);
}

TEST_F(QueuedLoads, LoadsThatFailForWantOfAWorkerDoNotEither) {
    auto declared = one_at_a_time();
    declared.loads_queued_max = many;
    declared.load = [](const std::string&, LoadContext&) { return 1; };
    open(std::move(declared));
    read("runs");
    const auto answers = read_many();
    workers_.full = true;

    executor_.run_ready();

    EXPECT_EQ(*answers, many);
}

TEST_F(QueuedLoads, NorDoReadersWhoReadAgainWhenTheyAreAnswered) {
    auto declared = options();
    declared.load = [](const std::string&, LoadContext, Completion<Loaded<int>> done) { done(1); };
    open(std::move(declared));
    int answers = 0;
    std::function<void()> next = [&] {
        if (answers == many) return;
        cache_->get(std::to_string(answers++), [&](const Result<Lookup<int>>&) { next(); });
    };

    next();

    EXPECT_EQ(answers, many);
}

TEST_F(QueuedLoads, AClosedCacheForgetsThem) {
    open(one_at_a_time());
    read("runs");
    const auto waits = read("waits");

    core_->close();
    finish(0, 1);

    EXPECT_EQ(error(waits), Errc::stopped);
    EXPECT_EQ(loads_.size(), 1U);
}

// Tasks run inside `post`, so that the store on it answers inside the call.
class AtOnce final : public Executor {
public:
    explicit AtOnce(Executor& timers) : timers_(timers) {}
    void post(Task task) override { task(); }
    TimerId run_at(TimePoint when, Task task) override {
        return timers_.run_at(when, std::move(task));
    }
    bool cancel(TimerId id) override { return timers_.cancel(id); }

private:
    Executor& timers_;
};

TEST_F(QueuedLoads, NorDoLoadsThatTheStoreAnswersAtOnce) {
    AtOnce at_once(executor_);
    const auto hub = EmbeddedHub::create({.seed = 1, .clock = clock_});
    auto declared = one_at_a_time();
    declared.loads_queued_max = many;
    declared.store = StoreTier<int>{.ttl = 10min, .codec = number_codec()};
    declared.load = [this](const std::string& key, LoadContext, Completion<Loaded<int>> done) {
        if (key == "held") return loads_.push_back({key, std::move(done)});
        done(1);
    };
    std::uint64_t random = 0;
    lease_->extend(clock_.now(), clock_.now() + 1h);
    core_ = std::make_shared<CacheCore>(
        detail::untyped(std::move(declared)),
        LoadEnvironment{.clock = &clock_,
                        .executor = tests::unowned<Executor>(executor_),
                        .workers = tests::unowned<Workers>(workers_),
                        .store = std::make_shared<embedded::EmbeddedStore>(hub, at_once, clock_),
                        .random = [&] { return ++random; },
                        .log = {}},
        CacheCore::Coherence{.lease = lease_,
                             .gate = std::make_shared<StoreGate>(),
                             .channel = "numbers",
                             .prefix = "n:"});
    core_->open();
    cache_.emplace(core_);
    read("held");
    const auto answers = read_many();

    finish(0, 1);

    EXPECT_EQ(*answers, many);
    EXPECT_EQ(core_->counters().loads, many + 1U);
}

// Loaders that block: what waits for a worker is a load like any other.
class LoadsOnWorkers : public QueuedLoads {
protected:
    CacheOptions<std::string, int> blocking() {
        auto declared = options();
        declared.load = [this](const std::string& key, LoadContext&) {
            called.push_back(key);
            return 1;
        };
        return declared;
    }

    std::vector<std::string> called;
};

TEST_F(LoadsOnWorkers, NoLoaderIsCalledForReadersWhoHaveLeft) {
    open(blocking());
    workers_.hold = true;
    const auto left = read("left", {.deadline = 1s});
    const auto stays = read("stays", {.deadline = 3s});
    executor_.advance(1s);

    workers_.release();
    executor_.run_ready();

    EXPECT_EQ(error(left), Errc::timeout);
    EXPECT_EQ(value(stays), 1);
    EXPECT_THAT(called, ::testing::ElementsAre("stays"));
}

TEST_F(LoadsOnWorkers, ALoadThatFoundNoWorkerInTimeSaysSoAndIsNotBegunLater) {
    auto declared = blocking();
    declared.load_deadline = 1s;
    open(std::move(declared));
    workers_.hold = true;
    const auto late = read("late");
    executor_.advance(1s);

    workers_.release();
    executor_.run_ready();

    EXPECT_EQ(error(late), Errc::timeout);
    EXPECT_THAT((*late)->error().cause, HasSubstr("no worker was free"));
    EXPECT_TRUE(called.empty());
    EXPECT_EQ(core_->counters().loads, 0U);
}

TEST_F(LoadsOnWorkers, WhatHasLeftTakesNoPlaceInTheLane) {
    auto declared = blocking();
    declared.loads_max = 2;
    open(std::move(declared));
    workers_.hold = true;
    for (int i = 0; i < 100; ++i) {
        read(std::to_string(i), {.deadline = 1s});
        executor_.advance(1s);
    }

    EXPECT_LE(workers_.held(), 2U);
}

}  // namespace
}  // namespace tutti::testing
