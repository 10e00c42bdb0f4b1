// CacheOptions::spot_check: what memory has is compared with what the source has, and a difference
// is stale only when no invalidation comes that explains it.
#include <gmock/gmock.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "store_fixture.hpp"
#include "tutti/detail/watch.hpp"

namespace tutti::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

struct Uncomparable {
    int number = 0;
};

class SpotChecks : public StoreTest {
protected:
    // Each hit is a sample.
    static Options checked(Options options = in_memory()) {
        options.ttl = 1h;
        options.spot_check = SpotCheck<int>{.one_in = 1, .within = 10s};
        return options;
    }
    // Keeps what the source has, and changes the source without a word.
    TestNode& behind(Options options = checked()) {
        TestNode& one = node(std::move(options));
        one.get("a");
        source = 2;
        return one;
    }

    struct Found {
        std::uint64_t same = 0;
        std::uint64_t stale = 0;
        std::uint64_t overtaken = 0;
        std::uint64_t failed = 0;

        friend bool operator==(const Found&, const Found&) = default;
        friend void PrintTo(const Found& found, std::ostream* out) {
            *out << found.same << " same, " << found.stale << " stale, " << found.overtaken
                 << " overtaken, " << found.failed << " failed";
        }
    };
    static Found found(const TestNode& one) {
        const CacheCounters counters = one.core->counters();
        return {counters.checked_same, counters.checked_stale, counters.checked_overtaken,
                counters.checked_failed};
    }
};

TEST_F(SpotChecks, AChangeThatNothingTellsIsFoundStale) {
    TestNode& one = behind();

    EXPECT_EQ(value(one.get("a")), 1) << "the reader waits for nothing";
    executor_.advance(10s - 1ns);
    EXPECT_EQ(found(one), Found{}) << "it may be on its way";
    executor_.advance(1ns);

    EXPECT_EQ(found(one), Found{.stale = 1});
    EXPECT_THAT(one.log, Contains(HasSubstr("'a'")));
}

TEST_F(SpotChecks, WhatIsFoundStaleIsPutRightAtOnce) {
    TestNode& one = behind();
    one.get("a");

    EXPECT_EQ(value(one.get("a")), 2);
    EXPECT_EQ(found(one), Found{.same = 1}) << "the other one waits for its time";
}

TEST_F(SpotChecks, WhatTheSourceHasIsTheSame) {
    TestNode& one = node(checked());
    one.get("a");

    for (int hits = 0; hits < 5; ++hits) EXPECT_EQ(value(one.get("a")), 1);
    executor_.advance(10s);

    EXPECT_EQ(found(one), Found{.same = 5});
    EXPECT_EQ(one.loads, 6U);
}

TEST_F(SpotChecks, AChangeThatIsToldInTimeProvesNothing) {
    TestNode& one = behind();
    one.get("a");
    executor_.advance(10s - 1ns);

    one.invalidate("a");
    executor_.advance(1min);

    EXPECT_EQ(found(one), Found{.overtaken = 1});
}

TEST_F(SpotChecks, AChangeThatIsToldDuringTheLoadProvesNothing) {
    TestNode& one = behind();
    one.hold_loads = true;
    one.get("a");

    one.invalidate("a");
    one.finish(0, 2);
    executor_.advance(1min);

    EXPECT_EQ(found(one), Found{.overtaken = 1});
}

TEST_F(SpotChecks, WhatIsDroppedWithEverythingProvesNothing) {
    TestNode& one = behind();
    one.get("a");

    one.invalidate(std::nullopt);
    executor_.advance(1min);

    EXPECT_EQ(found(one), Found{.overtaken = 1});
}

TEST_F(SpotChecks, AnInvalidationOfAnotherKeyExplainsNothing) {
    TestNode& one = behind();
    one.get("a");

    one.invalidate("b");
    executor_.advance(10s);

    EXPECT_EQ(found(one), Found{.stale = 1});
}

TEST_F(SpotChecks, ATagOfWhatWasServedExplainsItAndAnotherOneDoesNot) {
    Options options = checked();
    options.tagged = Tagged{};
    TestNode& one = node(std::move(options));
    const auto tagged = [](int number, const std::string& tag) {
        Loaded<int> loaded(number);
        loaded.tag(tag);
        return Result<Loaded<int>>(std::move(loaded));
    };
    for (const std::string key : {"a", "b"}) {
        source = tagged(1, "of " + key);
        one.get(key);
        source = 2;
        one.get(key);
    }

    one.core->remove_tagged("of a");
    executor_.advance(10s);

    EXPECT_EQ(found(one), (Found{.stale = 1, .overtaken = 1}));
    EXPECT_THAT(one.log, Contains(HasSubstr("'b'")));
}

// The pushes of one node are lost, and its lease is taken for good all the same.
TEST_F(SpotChecks, ANodeThatHasLostAnInvalidationFindsItOut) {
    TestNode& writer = node(checked());
    TestNode& deaf = behind();
    deaf.deaf = true;
    writer.get("a");

    writer.invalidate("a");
    EXPECT_EQ(value(deaf.get("a")), 1);
    EXPECT_EQ(value(writer.get("a")), 2);
    executor_.advance(10s);

    EXPECT_EQ(found(deaf), Found{.stale = 1});
    EXPECT_EQ(found(writer).stale, 0U);
}

TEST_F(SpotChecks, WithoutALeaseNoHitIsASample) {
    Options options = checked();
    options.on_suspect = OnSuspect::serve_up_to(1h);
    TestNode& one = behind(std::move(options));
    one.lease->end_now();

    EXPECT_EQ(value(one.get("a")), 1);

    EXPECT_EQ(one.loads, 1U);
}

TEST_F(SpotChecks, ALeaseThatHasEndedMeanwhileProvesNothing) {
    TestNode& one = behind();
    one.get("a");

    one.lease->end_now();
    executor_.advance(10s);

    EXPECT_EQ(found(one), Found{.overtaken = 1});
}

TEST_F(SpotChecks, WhatTheSourceHasByNowAndMemoryDoesNotIsFound) {
    TestNode& one = node(checked());
    source = Loaded<int>(absent);
    one.get("nothing");
    EXPECT_EQ(value(one.get("nothing")), -2);
    EXPECT_EQ(found(one), Found{.same = 1});
    source = 1;

    one.get("nothing");
    executor_.advance(10s);

    EXPECT_EQ(found(one), (Found{.same = 1, .stale = 1}));
}

TEST_F(SpotChecks, ALoadThatBringsNoTruthHasFailed) {
    Options options = checked();
    options.negative = NegativeTtls{.ceiling = 1s};
    const std::array<Result<Loaded<int>>, 4> answers{
        fail(broken()), Loaded<int>(unknown("cannot tell")), Loaded<int>(negative("auth")),
        Loaded<int>(2).guess("nearly")};
    for (const auto& answer : answers) {
        TestNode& one = node(options);
        source = 1;
        one.get("a");
        source = answer;

        EXPECT_EQ(value(one.get("a")), 1);
        executor_.advance(10s);

        EXPECT_EQ(found(one), Found{.failed = 1});
    }
}

TEST_F(SpotChecks, ARememberedFailureIsNoSample) {
    Options options = checked();
    options.negative = NegativeTtls{.ceiling = 100s, .otherwise = 100s};
    TestNode& one = node(std::move(options));
    source = Loaded<int>(negative("auth"));
    one.get("refused");

    one.get("refused");

    EXPECT_EQ(one.loads, 1U);
}

// Or a loader that takes an old version for the current one would confirm what it should find out.
TEST_F(SpotChecks, TheLoaderHasNoFormerValueToConfirm) {
    TestNode& one = node(checked());
    bool confirmed = false;
    one.ask = [&](const LoadContext& context) -> Result<Loaded<int>> {
        if (!context.former<int>()) return 1;
        confirmed = true;
        return not_modified;
    };
    one.get("a");

    one.get("a");

    EXPECT_FALSE(confirmed);
    EXPECT_EQ(found(one), Found{.same = 1});
    (void)one.refresh("a");
    EXPECT_TRUE(confirmed) << "a refresh is given it as before";
}

TEST_F(SpotChecks, OneLoadRunsAtATime) {
    TestNode& one = node(checked());
    one.get("a");
    one.get("b");
    one.hold_loads = true;

    for (int hits = 0; hits < 3; ++hits) {
        one.get("a");
        one.get("b");
    }

    ASSERT_EQ(one.held.size(), 1U);
    one.finish(0, 1);
    one.get("b");
    EXPECT_EQ(one.held.size(), 2U);
}

TEST_F(SpotChecks, WhileALoadOfTheKeyRunsNoneBeginsForIt) {
    TestNode& one = node(checked());
    one.get("a");
    one.hold_loads = true;
    (void)one.refresh("a");

    one.get("a");

    EXPECT_EQ(one.held.size(), 1U);
}

TEST_F(SpotChecks, TheSourceIsAskedThoughTheStoreHasAValue) {
    TestNode& one = node(checked(options()));
    one.get("a");
    source = 2;

    one.get("a");
    executor_.advance(10s);

    EXPECT_EQ(one.loads, 2U);
    EXPECT_EQ(found(one), Found{.stale = 1});
    TestNode& two = node(checked(options()));
    EXPECT_EQ(value(two.get("a")), 2) << "it is put right in the store, too";
}

TEST_F(SpotChecks, AHitIsASampleHoweverItWasReadAndWatched) {
    Options measured = checked();
    measured.measure_hits = true;
    for (const Options& options : {checked(), measured}) {
        TestNode& one = node(options);
        one.get("a");

        one.get("a");
        EXPECT_EQ(one.cache->get("a").value_or(0), 1);
        one.cache->get_many(std::vector<std::string>{"a"}, {}, [](const auto&) {});
        executor_.run_ready();

        EXPECT_EQ(found(one), Found{.same = 3});
    }
}

TEST_F(SpotChecks, ALookOrAReadThatWantsNewsIsNoSample) {
    TestNode& one = node(checked());
    one.get("a");

    EXPECT_TRUE(one.cache->contains("a"));
    one.get("a", {.age_max = 1h});
    executor_.run_ready();

    EXPECT_EQ(one.loads, 1U);
}

TEST_F(SpotChecks, WhatIsTheSameIsForTheProgramToSay) {
    Options options = checked();
    options.spot_check->same = [](const int& served, const int& loaded) {
        return served % 10 == loaded % 10;
    };
    TestNode& one = node(std::move(options));
    one.get("a");
    source = 11;

    one.get("a");

    EXPECT_EQ(found(one), Found{.same = 1});
}

TEST_F(SpotChecks, AComparisonThatThrowsHasFailedAndSaysSo) {
    Options options = checked();
    options.spot_check->same = [](const int&, const int&) -> bool {
        throw std::runtime_error("no idea");
    };
    TestNode& one = node(std::move(options));
    one.get("a");

    one.get("a");

    EXPECT_EQ(found(one), Found{.failed = 1});
    EXPECT_THAT(one.log, Contains(HasSubstr("no idea")));
}

TEST_F(SpotChecks, WhatIsNotDecidedWhenTheNodeStopsIsNotCounted) {
    TestNode& one = behind();
    one.get("a");
    one.get("b");
    one.hold_loads = true;
    one.get("b");

    one.core->close();
    executor_.advance(10s);

    EXPECT_EQ(found(one), Found{});
    EXPECT_EQ(executor_.timer_count(), 0U);
}

TEST_F(SpotChecks, WithoutTheOptionNoHitIsASample) {
    TestNode& one = node(in_memory());
    one.get("a");

    for (int hits = 0; hits < 10'000; ++hits) one.get("a");

    EXPECT_EQ(one.loads, 1U);
    EXPECT_FALSE(
        detail::Watch(detail::MemoryTerms{.serving = nullptr, .bound = entries(1)}).is_on())
        << "a hit does not even ask";
}

// A reader of two keys in turn would otherwise have one of them checked, and never the other.
TEST(SpotSampling, TakesOneInSoManyAndKeepsNoStep) {
    detail::Sampling sampling(100);
    std::array<int, 2> taken{};

    for (std::size_t hit = 0; hit < 100'000; ++hit) {
        if (sampling.takes_next()) ++taken[hit % 2];
    }

    for (const int of_one : taken) {
        EXPECT_GT(of_one, 400);
        EXPECT_LT(of_one, 600);
    }
}

TEST(SpotCheckTypes, WithoutAnEqualityTheBytesOfTheCodecAreCompared) {
    const Codec<Uncomparable> codec{
        .encode = [](const Uncomparable& value) -> Result<std::string> {
            if (value.number < 0) return fail(Errc::protocol, "encode", "is negative");
            return std::to_string(value.number);
        },
        .decode = [](std::string_view) -> Result<Uncomparable> { return Uncomparable{}; },
        .name = "number"};
    CacheOptions<std::string, Uncomparable> options;
    options.spot_check = SpotCheck<Uncomparable>{};
    options.store = StoreTier<Uncomparable>{.codec = codec};

    const auto same = detail::untyped(std::move(options)).spot_check->same;

    const Uncomparable one{1};
    const Uncomparable equal{1};
    const Uncomparable other{2};
    const Uncomparable wrong{-1};
    EXPECT_TRUE(same(&one, &equal).value());
    EXPECT_FALSE(same(&one, &other).value());
    EXPECT_FALSE(same(&one, &wrong).has_value());
}

TEST(SpotCheckTypes, WithoutAnyWayToCompareThereIsNone) {
    CacheOptions<std::string, Uncomparable> options;
    options.spot_check = SpotCheck<Uncomparable>{};

    EXPECT_EQ(detail::untyped(std::move(options)).spot_check->same, nullptr);
}

// The operator== of a vector is there, and does not compile.
TEST(SpotCheckTypes, ACacheWithoutSpotChecksNeedsNoEquality) {
    CacheOptions<std::string, std::vector<Uncomparable>> options;

    EXPECT_FALSE(detail::untyped(std::move(options)).spot_check.has_value());
}

TEST(SpotCheckTypes, AContainerIsComparedByItsEqualityWhenThatCompiles) {
    using Numbers = std::map<int, std::vector<int>>;
    CacheOptions<std::string, Numbers> options;
    options.spot_check = SpotCheck<Numbers>{};
    CacheOptions<std::string, std::map<int, Uncomparable>> without;
    without.spot_check = SpotCheck<std::map<int, Uncomparable>>{};

    const auto same = detail::untyped(std::move(options)).spot_check->same;

    const Numbers one{{1, {1, 2}}};
    const Numbers other{{1, {2, 1}}};
    EXPECT_TRUE(same(&one, &one).value());
    EXPECT_FALSE(same(&one, &other).value());
    EXPECT_EQ(detail::untyped(std::move(without)).spot_check->same, nullptr);
}

}  // namespace
}  // namespace tutti::testing
