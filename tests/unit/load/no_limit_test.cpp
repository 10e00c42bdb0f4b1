// Duration::max() is no limit, and a deadline of zero or less has passed.
#include "load/cooldown_core.hpp"
#include "store_fixture.hpp"
#include "unit/load/cache_fixture.hpp"

namespace tutti::testing {
namespace {

constexpr Duration no_limit = Duration::max();
constexpr Duration long_time = 24h * 365;

class NoLimit : public CacheTest {};

TEST_F(NoLimit, AReaderWithoutADeadlineWaitsForItsLoad) {
    auto declared = options();
    declared.load_deadline = no_limit;
    open(std::move(declared));

    const auto waiting = read("a", {.deadline = no_limit});
    executor_.advance(long_time);
    EXPECT_FALSE(waiting->has_value());
    finish(0, 7);

    EXPECT_EQ(value(waiting), 7);
}

TEST_F(NoLimit, ALoaderWithoutADeadlineIsToldThatItHasAllTheTime) {
    Duration remaining{};
    auto declared = options();
    declared.load_deadline = no_limit;
    declared.load = [&](const std::string&, LoadContext& context) {
        remaining = context.remaining();
        return 7;
    };
    open(std::move(declared));

    read("a");
    executor_.run_ready();

    EXPECT_GT(remaining, 100 * long_time);
}

TEST_F(NoLimit, ARefreshWithoutADeadlineWaits) {
    open(options());
    auto answer = std::make_shared<std::optional<Result<Lookup<int>>>>();
    cache_->refresh("a", {.deadline = no_limit},
                    [answer](Result<Lookup<int>> given) { answer->emplace(std::move(given)); });

    executor_.advance(1s);
    finish(0, 7);

    EXPECT_EQ(value(answer), 7);
}

TEST_F(NoLimit, ADeadlineThatHasPassedIsAnsweredFromMemoryOrNotAtAll) {
    open(options());
    fill("known", 1);

    for (const Duration deadline : {0ns, -1ns, Duration{-1h}, Duration::min()}) {
        const auto known = read("known", {.deadline = deadline});
        const auto unknown = read("unknown", {.deadline = deadline});
        executor_.run_ready();

        EXPECT_EQ(value(known), 1);
        ASSERT_TRUE(unknown->has_value());
        EXPECT_EQ(error(unknown), Errc::timeout);
    }
    EXPECT_EQ(loads_.size(), 1U) << "the source was asked for what is known, once";
}

TEST_F(NoLimit, NeitherIsTheSourceAskedForSeveralOrForAFreshOne) {
    open(options());
    fill("known", 1);
    std::optional<std::vector<Result<Lookup<int>>>> several;
    std::optional<Result<Lookup<int>>> fresh;

    cache_->get_many(std::vector<std::string>{"known", "unknown"}, {.deadline = 0s},
                     [&](auto answers) { several.emplace(std::move(answers)); });
    cache_->refresh("known", {.deadline = 0s}, [&](auto answer) { fresh.emplace(answer); });
    executor_.run_ready();

    ASSERT_EQ(several->size(), 2U);
    EXPECT_EQ(several->at(0).value_or(-1), 1);
    EXPECT_EQ(several->at(1).error().code, Errc::timeout);
    EXPECT_EQ(fresh->error().code, Errc::timeout);
    EXPECT_EQ(loads_.size(), 1U);
}

TEST_F(NoLimit, ATimeToLiveMayBeTheLongest) {
    auto declared = options();
    declared.ttl = no_limit;
    declared.stale_if_error = StaleIfError{.for_up_to = no_limit};
    open(std::move(declared));
    fill("a", 1);

    clock_.advance(long_time);
    renew_lease();

    EXPECT_EQ(tier(read("a")), Tier::memory);
}

TEST(NoLimitCooldown, IsClaimedOnceForAll) {
    ManualClock clock;
    tutti::CooldownCore cooldown(
        {.name = "n", .caches = "n", .period = no_limit, .bound = entries(3)}, {.clock = &clock});

    EXPECT_TRUE(cooldown.try_claim("a"));
    clock.advance(long_time);
    cooldown.sweep();

    EXPECT_FALSE(cooldown.try_claim("a"));
}

class NoLimitInStore : public StoreTest {
protected:
    static Options forgiving(StaleIfError stale) {
        Options options = in_memory();
        options.stale_if_error = std::move(stale);
        return options;
    }
};

TEST_F(NoLimitInStore, AfterAFailureTheSourceIsLeftAloneForAsLongAsItSays) {
    TestNode& one = node(forgiving({.for_up_to = 10h, .retry_after = no_limit}));
    one.get("a");
    source = fail(broken());
    clock_.advance(31s);
    one.get("a");

    for (int i = 0; i < 3; ++i) {
        clock_.advance(1h);
        EXPECT_EQ(lookup(one.get("a")).freshness(), Freshness::stale);
    }

    EXPECT_EQ(one.loads, 2U);
}

TEST_F(NoLimitInStore, ALastKnownGoodWithoutALimitIsFreshUntilItsTtlOnly) {
    TestNode& one = node(forgiving({.for_up_to = no_limit}));
    one.get("a");
    source = 2;

    clock_.advance(31s);
    EXPECT_EQ(value(one.get("a")), 2);
    source = fail(broken());
    clock_.advance(9h);
    const auto answer = one.get("a");

    EXPECT_EQ(value(answer), 2);
    EXPECT_EQ(lookup(answer).freshness(), Freshness::stale);
}

TEST_F(NoLimitInStore, AStoredValueMayLiveForTheLongestTime) {
    Options options = StoreTest::options();
    options.store->ttl = no_limit;
    options.load_deadline = no_limit;
    options.stale_if_error = StaleIfError{.for_up_to = no_limit};
    TestNode& one = node(options);
    TestNode& two = node(options);

    one.get("a");
    clock_.advance(1h);

    EXPECT_EQ(lookup(two.get("a")).tier(), Tier::store);
}

TEST_F(NoLimitInStore, AnOfferWithoutADeadlineIsStored) {
    TestNode& one = node();
    std::optional<Result<Filled>> filled;

    one.core->offer("a", std::make_shared<const int>(7), no_limit,
                    [&](Result<Filled> given) { filled.emplace(std::move(given)); });
    executor_.run_ready();

    EXPECT_EQ(filled.value().value(), Filled::stored);
}

TEST_F(NoLimitInStore, AnInvalidationWithoutADeadlineWaitsOutItsWaitOut) {
    TestNode& one = node();
    std::optional<Invalidation> outcome;

    one.core->invalidate(KeySet::of("a"), {.ack = Ack::every_instance, .deadline = no_limit},
                         [&](Invalidation given) { outcome.emplace(std::move(given)); });
    executor_.advance(1min);

    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->done()) << outcome->reason;
}

TEST_F(NoLimitInStore, AnInvalidationWhoseDeadlineHasPassedStaysPending) {
    TestNode& one = node();

    std::optional<Invalidation> outcome;
    one.core->invalidate(KeySet::of("a"), {.deadline = -1s},
                         [&](Invalidation given) { outcome.emplace(std::move(given)); });
    executor_.run_ready();

    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->published());
    executor_.advance(1min);
    EXPECT_EQ(one.writer->pending(), 0U) << "published later";
}

}  // namespace
}  // namespace tutti::testing
