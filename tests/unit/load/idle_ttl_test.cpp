// CacheOptions::idle_ttl.
#include <gtest/gtest.h>

#include "store_fixture.hpp"

namespace tutti::testing {
namespace {

class IdleTtl : public StoreTest {
protected:
    static Options idle() {
        Options options = in_memory();
        options.ttl = 1h;
        options.idle_ttl = 16s;
        return options;
    }
};

TEST_F(IdleTtl, WhatIsNotReadForSoLongIsGone) {
    TestNode& one = node(idle());
    one.get("a");
    source = 2;

    clock_.advance(17s);
    EXPECT_EQ(value(one.get("a")), 1) << "up to a sixteenth later";
    clock_.advance(17s + 1ns);

    EXPECT_FALSE(one.cache->contains("a"));
    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(IdleTtl, MayBeLongerThanAClockCanAdd) {
    for (const Duration endless : {Duration::max(), Duration{std::chrono::hours(24 * 365 * 280)}}) {
        Options options = idle();
        options.ttl = Ttl::never();
        options.idle_ttl = endless;
        TestNode& one = node(options);

        one.get("a");
        one.get("a");

        EXPECT_EQ(one.loads, 1U);
    }
}

TEST_F(IdleTtl, EveryReadBeginsItAnew) {
    TestNode& one = node(idle());
    one.get("a");

    for (int reads = 0; reads < 20; ++reads) {
        clock_.advance(15s);
        EXPECT_EQ(value(one.get("a")), 1);
    }

    EXPECT_EQ(one.loads, 1U);
}

TEST_F(IdleTtl, IsNeverLessAfterReadsThatFollowEachOtherClosely) {
    TestNode& one = node(idle());
    one.get("a");
    for (int reads = 0; reads < 1000; ++reads) {
        clock_.advance(100ms);
        one.get("a");
    }

    clock_.advance(16s);

    EXPECT_EQ(value(one.get("a")), 1);
    EXPECT_EQ(one.loads, 1U);
}

TEST_F(IdleTtl, ReadsDoNotOutliveTheTtl) {
    TestNode& one = node(idle());
    one.get("a");
    source = 2;

    for (int reads = 0; reads < 241; ++reads) {
        clock_.advance(15s);
        one.get("a");
    }

    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(one.loads, 2U);
}

TEST_F(IdleTtl, APeekIsNoUse) {
    TestNode& one = node(idle());
    one.get("a");
    clock_.advance(15s);

    EXPECT_TRUE(one.cache->contains("a"));
    clock_.advance(15s);

    EXPECT_FALSE(one.cache->contains("a"));
}

TEST_F(IdleTtl, AnEntryWithoutATtlEndsBySilenceAlone) {
    Options options = idle();
    options.ttl = Ttl::never();
    TestNode& one = node(options);
    one.get("a");

    clock_.advance(18s);
    one.get("a");

    EXPECT_EQ(one.loads, 2U);
}

TEST_F(IdleTtl, WhatHasEndedIsNoLastKnownGood) {
    Options options = idle();
    options.stale_if_error = StaleIfError{.for_up_to = 1h};
    TestNode& one = node(options);
    one.get("a");
    source = fail(broken());

    clock_.advance(18s);

    EXPECT_EQ(error(one.get("a")), Errc::unavailable);
}

TEST_F(IdleTtl, ATextThatIsReadWithAGreatestAgeIsUsed) {
    TestNode& one = node(idle());
    one.get("a");

    clock_.advance(15s);
    one.get("a", {.age_max = 1h});
    clock_.advance(15s);

    EXPECT_TRUE(one.cache->contains("a"));
}

TEST_F(IdleTtl, AnInvalidationTakesWhatIsReadAllTheTime) {
    TestNode& one = node(idle());
    one.get("a");
    source = 2;

    one.invalidate("a");

    EXPECT_EQ(value(one.get("a")), 2);
}

}  // namespace
}  // namespace tutti::testing
