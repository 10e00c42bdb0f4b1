// Instances and the register that they share, step by step. What chance does is in
// tests/simulation/assignment.
#include "bot-client/assignment/shard_leases.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/assignment/played_register.hpp"

namespace tutti::services::bot::assignment {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SharedShards : public ::testing::Test {
protected:
    class Instance {
    public:
        Instance(SharedShards& test, const std::string& name, std::uint32_t count)
            : leases({.member = name, .count = count}), test_(test) {}

        void step(const ShardLeases::Sessions& sessions = {}) {
            const auto asked = leases.next(sessions, test_.now);
            leases.answered(test_.shards.exchange(asked, test_.unix_now()), test_.now);
        }
        // As a keeper: what is to be returned is stopped at once.
        void return_what_is_to_be() {
            const auto all = leases.held(test_.now);
            for (const auto& [shard, tenure] : all) {
                if (tenure.returning) leases.returned(shard, tenure.session);
            }
        }
        [[nodiscard]] std::vector<std::uint32_t> held() {
            std::vector<std::uint32_t> found;
            for (const auto& [shard, tenure] : leases.held(test_.now)) found.push_back(shard);
            return found;
        }
        ShardLeases leases;

    private:
        SharedShards& test_;
    };

    Instance instance(const std::string& name, std::uint32_t count = 4) {
        return {*this, name, count};
    }
    // A step of each in every second.
    void pass(Duration duration, std::initializer_list<Instance*> instances) {
        for (const TimePoint end = now + duration; now < end; now += 1s) {
            for (Instance* one : instances) {
                one->return_what_is_to_be();
                one->step();
            }
        }
    }
    // Alone, until it has all shards.
    void settle(Instance& alone) {
        pass(ShardLeases::unchanged_for(10s) + 3s, {&alone});
        ASSERT_THAT(alone.held(), SizeIs(alone.leases.count()));
    }
    [[nodiscard]] process::UnixTime unix_now() const {
        return process::UnixTime(
            std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()));
    }
    static SavedSession session(std::int64_t last, process::UnixTime at) {
        return {.resumption = {.place = {.session_id = "abc",
                                         .resume_gateway_url = "wss://gateway.discord.gg"},
                               .last = last},
                .at = at};
    }

    TimePoint now{10'000s};
    simulation::PlayedRegister shards;
};

TEST_F(SharedShards, AnEmptyRegisterIsWaitedOutBecauseItMayHaveBeenEmptied) {
    auto one = instance("one");

    pass(11s, {&one});
    EXPECT_THAT(one.held(), IsEmpty());
    pass(3s, {&one});
    EXPECT_THAT(one.held(), ElementsAre(0, 1, 2, 3));
}

TEST_F(SharedShards, WhatWasGivenBackIsTakenAtOnceWithItsSession) {
    auto old = instance("old");
    settle(old);
    old.leases.leave();
    for (std::uint32_t shard = 0; shard < 4; ++shard) {
        old.leases.returned(shard, session(shard, unix_now()));
    }
    old.step();
    ASSERT_TRUE(old.leases.has_left());

    auto next = instance("next");
    next.step();
    next.step();

    EXPECT_THAT(next.held(), ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(next.leases.held(now).at(3).session->resumption.last, 3);
    EXPECT_EQ(next.leases.figures().resumed, 4U);
}

TEST_F(SharedShards, AnOldSessionIsNotTriedAnyMore) {
    auto old = instance("old", 1);
    settle(old);
    old.step({{0, session(17, unix_now())}});

    now += 4min;
    auto next = instance("next", 1);
    settle(next);

    EXPECT_EQ(next.leases.held(now).at(0).session, std::nullopt);
}

TEST_F(SharedShards, ASessionOfATimeToComeIsNotTried) {
    auto old = instance("old", 1);
    settle(old);
    old.step({{0, session(17, unix_now() + 24h)}});

    now += 20s;
    auto next = instance("next", 1);
    settle(next);

    ASSERT_TRUE(next.leases.held(now).contains(0));
    EXPECT_EQ(next.leases.held(now).at(0).session, std::nullopt);
}

TEST_F(SharedShards, OfADeadInstanceAreTakenAfterItsLeaseWithTheSessionOfItsLastStep) {
    auto dies = instance("dies", 1);
    auto waits = instance("waits", 1);
    settle(dies);
    dies.step({{0, session(17, unix_now())}});
    waits.step();
    const TimePoint died = now;

    while (waits.held().empty()) pass(1s, {&waits});

    EXPECT_GE(now - died, ShardLeases::unchanged_for(10s));
    EXPECT_LE(now - died, ShardLeases::unchanged_for(10s) + 2s + ShardLeases::patience(10s));
    EXPECT_EQ(waits.leases.held(now).at(0).session->resumption.last, 17);
}

TEST_F(SharedShards, ALeaseThatIsNotRenewedEnds) {
    auto one = instance("one");
    settle(one);

    now += 10s;

    EXPECT_THAT(one.held(), IsEmpty());
    EXPECT_EQ(one.leases.figures().lapsed, 4U);
    one.step();  // nobody else has them: they are its own
    EXPECT_THAT(one.held(), SizeIs(4));
}

TEST_F(SharedShards, AnAnswerThatComesLateIsNoLease) {
    auto one = instance("one");
    settle(one);
    const auto asked = one.leases.next({}, now);
    const auto found = shards.exchange(asked, unix_now());

    now += 11s;
    one.leases.answered(found, now);

    EXPECT_THAT(one.held(), IsEmpty());
}

TEST_F(SharedShards, AnAnswerThatShowsAnEarlierTurnOfOnesOwnMakesNoLeaseLonger) {
    auto one = instance("one");
    settle(one);
    const TimePoint renewed = now - 1s;  // the last step was in the second before

    now += 5s;
    shards.restart(shards.data);
    one.step();  // the answer of another server process: nothing was written

    EXPECT_EQ(one.leases.held(now).at(0).until, renewed + 10s);
}

TEST_F(SharedShards, AServerThatWasSetBackGivesNothingAway) {
    auto old = instance("old");
    settle(old);
    old.leases.leave();
    for (std::uint32_t shard = 0; shard < 4; ++shard) old.leases.returned(shard, {});
    old.step();
    const auto before = shards.data;
    auto next = instance("next");
    next.step();
    next.step();
    ASSERT_THAT(next.held(), SizeIs(4));

    shards.restart(before);  // where they are given back
    auto third = instance("third");
    third.step();
    third.step();

    EXPECT_THAT(third.held(), IsEmpty());
    next.step();
    next.step();
    EXPECT_THAT(next.held(), SizeIs(4));
    EXPECT_EQ(next.leases.figures().lapsed, 0U);
}

TEST_F(SharedShards, OneMoreIsGivenItsShareWhenItHasLivedForALease) {
    auto first = instance("first");
    settle(first);
    auto second = instance("second");

    pass(9s, {&first, &second});
    EXPECT_THAT(first.held(), SizeIs(4));
    pass(6s, {&first, &second});

    EXPECT_THAT(first.held(), SizeIs(2));
    EXPECT_THAT(second.held(), SizeIs(2));
    EXPECT_EQ(first.leases.figures().returned, 2U);
}

TEST_F(SharedShards, MoreInstancesThanShardsWait) {
    auto first = instance("first", 1);
    auto second = instance("second", 1);
    settle(first);

    pass(30s, {&first, &second});

    EXPECT_THAT(first.held(), SizeIs(1));
    EXPECT_THAT(second.held(), IsEmpty());
    EXPECT_EQ(first.leases.figures().members, 2U);
}

TEST_F(SharedShards, AnotherCountIsFollowedWhileShardsRun) {
    auto four = instance("four", 4);
    settle(four);
    auto eight = instance("eight", 8);

    pass(30s, {&four, &eight});

    EXPECT_EQ(eight.leases.count(), 4U);
    EXPECT_THAT(four.held(), SizeIs(2));
}

TEST_F(SharedShards, AnotherCountHoldsWhenAllWereStopped) {
    auto four = instance("four", 4);
    settle(four);
    four.leases.leave();
    for (std::uint32_t shard = 0; shard < 4; ++shard) four.leases.returned(shard, {});
    four.step();
    auto one = instance("one", 8);
    auto two = instance("two", 8);

    pass(30s, {&one, &two});

    EXPECT_EQ(one.leases.count(), 8U);
    EXPECT_THAT(one.held(), SizeIs(4));
    EXPECT_THAT(two.held(), SizeIs(4));
}

TEST_F(SharedShards, InstancesThatWantDifferentCountsStayWithTheOneThatWas) {
    auto four = instance("four", 4);
    settle(four);
    four.leases.leave();
    for (std::uint32_t shard = 0; shard < 4; ++shard) four.leases.returned(shard, {});
    four.step();
    auto six = instance("six", 6);
    auto eight = instance("eight", 8);
    six.step();  // each knows of the other before one may write
    eight.step();
    six.step();

    pass(30s, {&six, &eight});

    EXPECT_EQ(six.leases.count(), eight.leases.count());
}

TEST_F(SharedShards, WhatIsNoRecordIsWaitedOut) {
    auto one = instance("one", 2);
    shards.data.count = 2;
    shards.data.records[0] = "of another program";

    pass(10s, {&one});
    EXPECT_THAT(one.held(), IsEmpty());
    pass(5s, {&one});
    EXPECT_THAT(one.held(), ElementsAre(0, 1));
}

TEST_F(SharedShards, AMemberThatIsGoneIsForgotten) {
    auto gone = instance("gone", 1);
    auto stays = instance("stays", 1);
    gone.step();
    gone.step();
    ASSERT_THAT(shards.data.beats, SizeIs(1));

    pass(1min, {&stays});

    EXPECT_THAT(shards.data.beats, SizeIs(1));
    EXPECT_TRUE(shards.data.beats.contains("stays"));
}

}  // namespace
}  // namespace tutti::services::bot::assignment
