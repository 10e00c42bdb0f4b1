#include "bot-client/patient_reads.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "common/domain/domain.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace std::chrono_literals;

class ReadingPatiently : public ::testing::Test {
protected:
    using Found = Result<Lookup<domain::GetChannelActivationResponse>>;

    // Fails until `well_at`.
    Found read(TimePoint well_at, Tier tier = Tier::source) {
        return reads.read([&]() -> Found {
            ++asked;
            if (clock.now() < well_at) return fail(code, "read", "scripted");
            return stubs::lookup({.is_activated = false, .activation = {}}, tier);
        });
    }
    [[nodiscard]] TimePoint in(Duration time) const { return clock.now() + time; }

    testing::ManualClock clock;
    PatientReads reads{{.clock = &clock, .wait = [this](Duration time) {
                            clock.advance(time);
                            return true;
                        }}};
    int asked = 0;
    Errc code = Errc::unavailable;
};

TEST_F(ReadingPatiently, AnOutageThatEndsSoonIsNotNoticed) {
    const TimePoint begun = clock.now();

    EXPECT_TRUE(read(in(5s)).has_value());

    EXPECT_GE(clock.now(), begun + 5s);
    EXPECT_GT(asked, 5);
}

TEST_F(ReadingPatiently, ALongOutageIsWaitedForOnceAndThenNoMessageHoldsAThread) {
    const TimePoint begun = clock.now();
    const TimePoint well_at = in(1min);
    EXPECT_FALSE(read(well_at).has_value());
    EXPECT_LE(clock.now(), begun + 10s);
    EXPECT_GE(clock.now(), begun + 8s);

    clock.advance(2s);
    const TimePoint later = clock.now();
    asked = 0;
    EXPECT_FALSE(read(well_at).has_value());

    EXPECT_EQ(clock.now(), later);
    EXPECT_EQ(asked, 1);
}

TEST_F(ReadingPatiently, TheNextOutageIsWaitedForAgainWhenTheSourceHasAnswered) {
    EXPECT_FALSE(read(in(1min)).has_value());
    clock.advance(1min);
    EXPECT_TRUE(read(clock.now()).has_value());

    EXPECT_TRUE(read(in(5s)).has_value());
}

TEST_F(ReadingPatiently, WhatMemoryKnowsIsNoSignThatTheSourceIsBack) {
    EXPECT_FALSE(read(in(1min)).has_value());
    clock.advance(5s);
    EXPECT_TRUE(read(clock.now(), Tier::memory).has_value());
    const TimePoint begun = clock.now();

    EXPECT_FALSE(read(in(5s)).has_value());

    EXPECT_EQ(clock.now(), begun);
}

TEST_F(ReadingPatiently, OfTheStoreItIsASignWhatTheSourceOrTheStoreSays) {
    for (const Tier tier : {Tier::store, Tier::source}) {
        PatientReads of_the_store{
            {.tier = Tier::store, .clock = &clock, .wait = [this](Duration time) {
                 clock.advance(time);
                 return true;
             }}};
        const auto read = [&](TimePoint well_at) {
            return of_the_store.read([&]() -> Found {
                if (clock.now() < well_at) return fail(code, "read", "scripted");
                return stubs::lookup({.is_activated = false, .activation = {}}, tier);
            });
        };
        EXPECT_FALSE(read(in(1min)).has_value());
        clock.advance(5s);
        EXPECT_TRUE(read(clock.now()).has_value());

        EXPECT_TRUE(read(in(5s)).has_value());
    }
}

TEST_F(ReadingPatiently, AnOutageOfLongAgoIsNoReasonNotToWaitInThisOne) {
    EXPECT_FALSE(read(in(1min)).has_value());
    clock.advance(8h);  // nothing was said, so nothing was asked

    EXPECT_TRUE(read(in(1s)).has_value());
}

TEST_F(ReadingPatiently, OneThatFailsWhileOthersAreWellEndsInTime) {
    PatientReads others_are_well{
        {.clock = &clock, .wait = [&](Duration time) {
             clock.advance(time);
             (void)others_are_well.read([&]() -> Found {
                 return stubs::lookup({.is_activated = false, .activation = {}}, Tier::source);
             });
             return true;
         }}};
    const TimePoint begun = clock.now();

    const auto answer = others_are_well.read([&]() -> Found {
        return fail(clock.now() < begun + 1h ? Errc::load_failed : Errc::refused, "read",
                    "scripted");
    });

    EXPECT_EQ(answer.error().code, Errc::load_failed);
    EXPECT_LE(clock.now(), begun + 10s);
}

TEST_F(ReadingPatiently, WhatIsFinalIsNotAskedAgain) {
    for (const Errc final : {Errc::refused, Errc::stopped, Errc::overloaded, Errc::too_large}) {
        asked = 0;
        code = final;

        EXPECT_FALSE(read(in(1s)).has_value());

        EXPECT_EQ(asked, 1) << static_cast<int>(final);
    }
}

TEST_F(ReadingPatiently, NothingIsAskedAgainAfterAStop) {
    reads.stop();

    EXPECT_FALSE(read(in(1s)).has_value());

    EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace tutti::services::bot
