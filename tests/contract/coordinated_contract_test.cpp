// What is stored, how long it counts, and which of two values stays.
#include <limits>

#include "contract/coordinated_fixture.hpp"

namespace tutti::contract {
namespace {

class ValueContract : public CoordinatedContract {
protected:
    // Fresh for 100 ms, kept for a minute.
    FillRequest short_lived(const std::string& bytes) {
        return {.address = framed(),
                .token = {},
                .bytes = bytes,
                .fresh_for = milliseconds{100},
                .keep_for = long_enough};
    }
    std::optional<Filled> offer_ranked(const std::string& bytes, std::int64_t rank,
                                       Duration yields_after = Duration::max()) {
        return offer({.address = framed(),
                      .token = {},
                      .bytes = bytes,
                      .fresh_for = long_enough,
                      .rank = Rank{.value = rank, .yields_after = yields_after}});
    }
    void foreign_program_writes(const std::string& bytes, Ttl ttl = Ttl::never()) {
        ASSERT_TRUE(put("raw:key", bytes, {.ttl = ttl}));
    }
};

INSTANTIATE_TEST_SUITE_P(Adapters, ValueContract, ::testing::ValuesIn(worlds()),
                         ::testing::PrintToStringParamName());

// What a lease must have been granted by, where a server may be replaced (W5).
TEST_P(ValueContract, AnAnswerTellsTheEpochThatItIsOf) {
    const ValueAddress address = framed();

    EXPECT_EQ(fetch(address, "a").epoch, position(address.channel).epoch);
    world().lose_state(address.channel);
    const Epoch next = fetch(address, "b").epoch;

    EXPECT_EQ(next, position(address.channel).epoch);
}

TEST_P(ValueContract, NodesShareAValueWhateverItsBytesAre) {
    std::string bytes = "\n";
    for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
    for (const ValueAddress& address : {framed("bytes"), raw("bytes")}) {
        ASSERT_EQ(offer(address, bytes), stored);
        EXPECT_EQ(fresh(address), Found(bytes));
    }
    ASSERT_EQ(offer(framed("empty"), ""), stored);
    ASSERT_EQ(offer(raw("empty"), ""), stored);

    EXPECT_EQ(fresh(framed("empty")), Found(""));
    EXPECT_EQ(fresh(raw("empty")), Found(""));
    const auto elsewhere = wait_for<Fetched>([&](auto done) {
        world().store(1).fetch({framed("bytes"), "a", long_enough}, deadline(), std::move(done));
    });
    EXPECT_EQ(kept(elsewhere.value()), Found(bytes));
}

TEST_P(ValueContract, AgeCountsFromTheFillByTheServersClock) {
    ASSERT_EQ(offer(framed(), "value"), stored);
    const TimePoint before = world().now();
    world().run_for(milliseconds{300});

    const StoredValue value = fetch(framed()).value.value();
    const Duration passed = world().now() - before;

    EXPECT_GE(value.age, milliseconds{280});
    EXPECT_LE(value.age, passed + milliseconds{20});
    EXPECT_EQ(value.fresh + value.age, long_enough);
}

TEST_P(ValueContract, AnOldValueComesAlongWithTheClaimAsALastKnownGood) {
    ASSERT_EQ(offer(short_lived("old")), stored);
    EXPECT_EQ(fresh(framed()), Found("old"));
    world().run_for(milliseconds{300});

    const Fetched mine = fetch(framed(), "a");
    const Fetched others = fetch(framed(), "b");

    EXPECT_EQ(mine.claim, ours);
    EXPECT_EQ(kept(mine), Found("old"));
    EXPECT_LT(mine.value->fresh, milliseconds{0});
    EXPECT_EQ(others.claim, theirs);
    EXPECT_EQ(kept(others), Found("old"));
    ASSERT_TRUE(release(framed(), "a"));
    EXPECT_EQ(kept(fetch(framed(), "b")), Found("old")) << "a failed load leaves it";
}

TEST_P(ValueContract, AValueIsGoneWhenItsTimeToKeepIsOver) {
    FillRequest request = short_lived("old");
    request.keep_for = milliseconds{200};
    ASSERT_EQ(offer(request), stored);
    request.address = framed("fresh only");
    request.keep_for = {};
    ASSERT_EQ(offer(request), stored);

    world().run_for(milliseconds{500});

    EXPECT_EQ(kept(fetch(framed())), std::nullopt);
    EXPECT_EQ(kept(fetch(framed("fresh only"))), std::nullopt);
}

TEST_P(ValueContract, AValueThatIsTooOldForTheReaderIsNotFresh) {
    ASSERT_EQ(offer(framed(), "value"), stored);
    FetchRequest request{.address = framed(), .token = "a", .claim_for = long_enough};
    world().run_for(milliseconds{300});

    request.age_max = seconds{20};
    EXPECT_EQ(fetch(request).claim, none);
    request.age_max = milliseconds{100};
    const Fetched forced = fetch(request);

    EXPECT_EQ(forced.claim, ours);
    EXPECT_EQ(kept(forced), Found("value"));
}

TEST_P(ValueContract, NoValueIsYoungEnoughForAnAgeOfZero) {
    ASSERT_EQ(offer(framed(), "value"), stored);
    foreign_program_writes("value");
    FetchRequest request{.address = framed(), .token = "a", .claim_for = long_enough};
    request.age_max = Duration::zero();

    EXPECT_EQ(fetch(request).claim, ours);
    request.address = foreign();
    EXPECT_EQ(fetch(request).claim, ours);
}

TEST_P(ValueContract, TheBetterValueStays) {
    ASSERT_EQ(offer_ranked("good", 2), stored);

    EXPECT_EQ(offer_ranked("bad", 1), kept_better);
    EXPECT_EQ(fresh(framed()), Found("good"));
    EXPECT_EQ(offer_ranked("as good", 2), stored);
    EXPECT_EQ(fresh(framed()), Found("as good"));
    EXPECT_EQ(offer_ranked("better", 3), stored);
    EXPECT_EQ(offer(framed(), "without a rank"), stored);
    EXPECT_EQ(offer_ranked("bad", 1), stored);
    EXPECT_EQ(fresh(framed()), Found("bad"));
}

TEST_P(ValueContract, RanksAreComparedToTheLastBit) {
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    const std::vector<std::int64_t> rising{lowest, lowest + 1, -(1L << 32) - 1, -(1L << 32), -1, 0,
                                           1,      1L << 32,   highest - 1,     highest};
    for (const std::int64_t rank : rising) EXPECT_EQ(offer_ranked("value", rank), stored) << rank;

    EXPECT_EQ(offer_ranked("value", highest - 1), kept_better);
    EXPECT_EQ(offer_ranked("value", lowest), kept_better);
}

TEST_P(ValueContract, TheWorseLoadEndsItsClaimAndWakesWhoWaits) {
    const Recorder& recorder = subscribe(0, {});
    ASSERT_EQ(offer_ranked("good", 2), stored);
    FetchRequest forced{.address = framed(), .token = "a", .claim_for = long_enough};
    forced.age_max = Duration::zero();
    ASSERT_EQ(fetch(forced).claim, ours);
    forced.token = "b";
    ASSERT_EQ(fetch(forced).claim, theirs);

    EXPECT_EQ(fill({.address = framed(),
                    .token = "a",
                    .bytes = "bad",
                    .fresh_for = long_enough,
                    .rank = Rank{.value = 1}}),
              kept_better);

    EXPECT_TRUE(hears(recorder, {"p:key"}));
    EXPECT_EQ(fetch(forced).claim, ours);
}

TEST_P(ValueContract, TheBetterValueYieldsWhenItsTimeToLiveIsOver) {
    FillRequest good = short_lived("good");
    good.rank = Rank{.value = 2};
    ASSERT_EQ(offer(good), stored);
    EXPECT_EQ(offer_ranked("bad", 1), kept_better);
    world().run_for(milliseconds{300});

    EXPECT_EQ(offer_ranked("bad", 1), stored) << "nobody reads the better one";

    EXPECT_EQ(fresh(framed()), Found("bad"));
}

TEST_P(ValueContract, TheBetterValueYieldsToALoaderThatCannotReadIt) {
    ASSERT_EQ(offer_ranked("of another version", 2), stored);

    EXPECT_EQ(offer({.address = framed(),
                     .token = {},
                     .bytes = "readable",
                     .fresh_for = long_enough,
                     .rank = Rank{.value = 1, .over_unreadable = true}}),
              stored);

    EXPECT_EQ(fresh(framed()), Found("readable"));
    EXPECT_EQ(offer_ranked("worse", 0), kept_better) << "it has its rank like any other";
}

TEST_P(ValueContract, TheBetterValueYieldsWhenItIsOld) {
    ASSERT_EQ(offer_ranked("good", 2), stored);
    world().run_for(milliseconds{300});

    EXPECT_EQ(offer_ranked("bad", 1, seconds{30}), kept_better);
    EXPECT_EQ(offer_ranked("bad", 1, milliseconds{100}), stored);

    EXPECT_EQ(fresh(framed()), Found("bad"));
}

TEST_P(ValueContract, ForeignProgramsReadARawValueAsItIs) {
    ASSERT_EQ(fetch(raw(), "a").claim, ours);
    ASSERT_EQ(fill(raw(), "a", "exactly this"), stored);

    EXPECT_EQ(get("raw:key").value(), Found("exactly this"));
    EXPECT_EQ(fresh(raw()), Found("exactly this"));
}

TEST_P(ValueContract, ARawValueIsNotKeptBeyondItsTimeToLive) {
    FillRequest request = short_lived("value");
    request.address = raw();
    ASSERT_EQ(offer(request), stored);

    world().run_for(milliseconds{300});

    EXPECT_EQ(get("raw:key").value(), std::nullopt);
    EXPECT_EQ(kept(fetch(raw())), std::nullopt);
}

TEST_P(ValueContract, AForeignValueIsAbsentUnlessItWasDeclared) {
    foreign_program_writes("theirs", seconds{30});

    EXPECT_EQ(kept(fetch(raw(), "a")), std::nullopt);
    const Fetched taken = fetch(foreign(), "a");

    EXPECT_EQ(taken.claim, none);
    EXPECT_EQ(kept(taken), Found("theirs"));
    EXPECT_EQ(taken.value->age, seconds{0});
    EXPECT_GT(taken.value->fresh, seconds{1});
    EXPECT_LE(taken.value->fresh, seconds{30});
}

TEST_P(ValueContract, AForeignValueThatNeverExpiresIsFreshForLong) {
    foreign_program_writes("theirs");

    const Fetched taken = fetch(foreign());

    ASSERT_TRUE(taken.value);
    EXPECT_GE(taken.value->fresh, std::chrono::years{99});
}

TEST_P(ValueContract, ForeignProgramsOverwriteOurValue) {
    ASSERT_EQ(offer(raw(), "ours"), stored);

    foreign_program_writes("theirs");

    EXPECT_EQ(kept(fetch(raw(), "a")), std::nullopt);
    EXPECT_EQ(kept(fetch(foreign(), "a")), Found("theirs"));
    EXPECT_EQ(fill(raw(), "a", "ours again"), stored);
    EXPECT_EQ(get("raw:key").value(), Found("ours again"));
}

TEST_P(ValueContract, ARawValueWhoseTagWasEvictedPassesForAForeignOne) {
    ASSERT_EQ(offer(raw(), "ours"), stored);

    ASSERT_EQ(erase("tutti:value:raw:key").value(), true);

    EXPECT_EQ(kept(fetch(raw())), std::nullopt);
    EXPECT_EQ(kept(fetch(foreign())), Found("ours"));
}

TEST_P(ValueContract, GarbageInThePlaceOfAFramedValueIsAbsentAndReplaced) {
    for (const char* garbage : {"", "value", "1 ", "1 0 0 - 1 1\nvalue"}) {
        ASSERT_TRUE(put("p:key", garbage));
        EXPECT_EQ(kept(fetch(framed(), "a")), std::nullopt) << garbage;
        EXPECT_EQ(fill(framed(), "a", "value"), stored);
        EXPECT_EQ(fresh(framed()), Found("value"));
    }
}

TEST_P(ValueContract, MegabytesPassThrough) {
    const std::string large(3'000'000, 'x');

    ASSERT_EQ(offer(framed(), large), stored);
    ASSERT_EQ(offer(raw(), large), stored);

    EXPECT_EQ(fresh(framed()), Found(large));
    EXPECT_EQ(fresh(raw()), Found(large));
}

TEST_P(ValueContract, ReplaceIfEqualReplacesTheExpectedValueOnly) {
    ASSERT_TRUE(put("key", "one"));

    EXPECT_EQ(replace_if_equal("key", "other", "two").value(), false);
    EXPECT_EQ(get("key").value(), Found("one"));
    EXPECT_EQ(replace_if_equal("key", "one", "two").value(), true);
    EXPECT_EQ(get("key").value(), Found("two"));
    EXPECT_EQ(replace_if_equal("nobody", "", "two").value(), false);
    EXPECT_EQ(get("nobody").value(), std::nullopt);
    EXPECT_EQ(error_of(replace_if_equal("key", "two", "three", seconds{0})), Errc::invalid_option);
    EXPECT_EQ(error_of(replace_if_equal(std::string(4097, 'k'), "", "")), Errc::too_large);
}

TEST_P(ValueContract, WhatReplacedLivesAsLongAsItWasTold) {
    ASSERT_TRUE(put("forever", "one"));
    ASSERT_TRUE(put("short", "one", {.ttl = milliseconds{100}}));

    EXPECT_EQ(replace_if_equal("forever", "one", "two", milliseconds{100}).value(), true);
    EXPECT_EQ(replace_if_equal("short", "one", "two").value(), true);
    world().run_for(milliseconds{300});

    EXPECT_EQ(get("forever").value(), std::nullopt);
    EXPECT_EQ(get("short").value(), Found("two"));
}

TEST_P(ValueContract, CountsTheKeysThatBeginWithAPrefix) {
    EXPECT_EQ(count("").value(), 0U);
    for (int i = 0; i < 3000; ++i) {
        Answer<bool> answer;
        world().store(0).put("many:" + std::to_string(i), "", {.ttl = Ttl::never()}, deadline(),
                             answer.completion());
        if (i == 2999) {
            ASSERT_TRUE(world().run_until([&] { return answer.count() == 1; }));
        }
    }
    ASSERT_TRUE(put("[odd*?\\]", ""));
    ASSERT_TRUE(put("[odd", ""));
    ASSERT_TRUE(put("oddities", ""));

    EXPECT_EQ(count("many:").value(), 3000U);
    EXPECT_EQ(count("many:29").value(), 111U);
    EXPECT_EQ(count("[odd").value(), 2U);
    EXPECT_EQ(count("[odd*?\\]").value(), 1U);
    EXPECT_EQ(count("*").value(), 0U);
    EXPECT_EQ(count("").value(), 3003U);
}

}  // namespace
}  // namespace tutti::contract
