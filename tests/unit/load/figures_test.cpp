// What a cache says of itself: why entries left, what was answered, and how long its source took.
#include "cache_fixture.hpp"

namespace tutti::testing {
namespace {

using Figures = CacheTest;

TEST_F(Figures, AnEntryThatWasInvalidatedIsCountedOnceAndAKeyWithoutOneIsNot) {
    open(options());
    fill("a", 1);

    core_->remove("a");
    core_->remove("a");
    core_->remove("never read");

    EXPECT_EQ(core_->counters().invalidated_entries, 1U);
    EXPECT_EQ(core_->counters().invalidations, 3U);
}

TEST_F(Figures, ATagIsNoInvalidationOfACacheWithoutTags) {
    open(options());

    core_->remove_tagged("team");

    EXPECT_EQ(core_->counters().invalidations, 0U);
}

TEST_F(Figures, AFlushCountsTheEntriesThatItTook) {
    open(options());
    fill("a", 1);
    fill("b", 2);

    core_->flush();
    core_->flush();

    EXPECT_EQ(core_->counters().flushed_entries, 2U);
    EXPECT_EQ(core_->counters().flushes, 2U);
}

TEST_F(Figures, AnEntryThatAReaderFindsExpiredIsNoEviction) {
    open(options());
    fill("a", 1);
    clock_.advance(31s);

    const auto late = read("a");
    finish(1, 2);

    EXPECT_EQ(core_->counters().expirations, 1U);
    EXPECT_EQ(core_->counters().evictions, 0U);
}

TEST_F(Figures, AnEntryThatMadeRoomIsAnEviction) {
    auto small = options();
    small.bound = entries(1);
    open(std::move(small));

    fill("a", 1);
    fill("b", 2);

    EXPECT_EQ(core_->counters().evictions, 1U);
    EXPECT_EQ(core_->counters().expirations, 0U);
}

TEST_F(Figures, HitsOnWhatIsNotThereAreHitsAndNegativeOnes) {
    open(options());
    const auto first = read("nothing");
    finish(0, Loaded<int>(absent));
    fill("a", 1);

    (void)read("nothing");
    (void)read("a");

    EXPECT_EQ(core_->counters().hits, 2U);
    EXPECT_EQ(core_->counters().negative_hits, 1U);
}

TEST_F(Figures, BytesAreKnownOfACacheWhoseBoundIsInBytes) {
    auto weighed = options();
    weighed.bound = bytes(10'000);
    weighed.weigh = [](const int&) { return std::size_t{1000}; };
    open(std::move(weighed));

    fill("a", 1);

    EXPECT_GE(core_->counters().bytes, 1000U);
    EXPECT_LT(core_->counters().bytes, 2000U);
}

TEST_F(Figures, BytesAreZeroOfACacheWhoseBoundIsInEntries) {
    open(options());

    fill("a", 1);

    EXPECT_EQ(core_->counters().bytes, 0U);
}

TEST_F(Figures, ALoadIsTimedFromTheCallOfTheLoaderToItsAnswer) {
    open(options());
    const auto first = read("a");
    clock_.advance(40ms);
    finish(0, 1);
    const auto failing = read("b");
    clock_.advance(2s);
    finish(1, fail(Errc::unavailable, "read", "away"));

    const LoadTimes times = core_->counters().load_times;

    EXPECT_EQ(times.total, 2040ms);
    EXPECT_EQ(times.counts[5], 1U) << "up to 50 ms";
    EXPECT_EQ(times.counts[10], 1U) << "up to 2.5 s";
}

TEST_F(Figures, ALoadThatWasAbandonedIsTimedWhenItsAnswerComes) {
    auto hasty = options();
    hasty.load_deadline = 1s;
    open(std::move(hasty));
    const auto first = read("a");
    clock_.advance(1s);
    executor_.run_ready();
    EXPECT_EQ(core_->counters().load_times, LoadTimes{});

    clock_.advance(9s);
    finish(0, 1);

    EXPECT_EQ(core_->counters().load_times.total, 10s);
}

TEST_F(Figures, ALoaderThatBlocksIsTimedWithoutItsWaitForAWorker) {
    auto blocking = options();
    blocking.load = [this](const std::string&, LoadContext&) -> Result<Loaded<int>> {
        clock_.advance(5ms);
        return 7;
    };
    open(std::move(blocking));
    workers_.hold = true;
    const auto answer = read("a");
    clock_.advance(3s);

    workers_.release();
    executor_.run_ready();

    EXPECT_EQ(value(answer), 7);
    EXPECT_EQ(core_->counters().load_times.total, 5ms);
}

TEST_F(Figures, LoadsAreCountedByWhatTheyBring) {
    auto hasty = options();
    hasty.load_deadline = 1s;
    open(std::move(hasty));
    fill("a", 1);
    const auto nothing = read("nothing");
    finish(1, Loaded<int>(absent));
    const auto failing = read("b");
    finish(2, fail(Errc::unavailable, "read", "away"));
    const auto slow = read("c");
    clock_.advance(1s);
    executor_.run_ready();

    const CacheCounters counters = core_->counters();

    EXPECT_EQ(counters.loaded_keys, 4U);
    EXPECT_EQ(counters.absent_loads, 1U);
    EXPECT_EQ(counters.load_failures, 2U);
    EXPECT_EQ(counters.load_timeouts, 1U);
}

TEST_F(Figures, AReadIsTimedFromItsCallToItsAnswerWhetherItLoadsOrJoins) {
    open(options());
    const auto first = read("a");
    clock_.advance(40ms);
    const auto joined = read("a");
    clock_.advance(300us);
    finish(0, 1);

    const WaitTimes times = core_->counters().wait_times;

    EXPECT_EQ(times.total, 40ms + 600us);
    EXPECT_EQ(times.counts[2], 1U) << "up to 0.5 ms";
    EXPECT_EQ(times.counts[8], 1U) << "up to 50 ms";
    EXPECT_EQ(times.count(), 2U);
}

TEST_F(Figures, AReadThatIsNotAnsweredInTimeHasWaitedAsLongAsItWould) {
    open(options());
    const auto hasty = read("a", {.deadline = 20ms});
    clock_.advance(20ms);
    executor_.run_ready();
    ASSERT_EQ(error(hasty), Errc::timeout);

    EXPECT_EQ(core_->counters().wait_times.total, 20ms);

    clock_.advance(1s);
    finish(0, 1);
    EXPECT_EQ(core_->counters().wait_times.count(), 1U) << "the load goes on for nobody";
}

TEST_F(Figures, AReadThatIsGivenTheLastKnownGoodHasWaitedUntilThen) {
    auto patient = options();
    patient.stale_if_error = StaleIfError{.for_up_to = 1h, .when_slower_than = 50ms};
    open(std::move(patient));
    fill("a", 1);
    clock_.advance(31s);

    const auto stale = read("a");
    clock_.advance(50ms);
    executor_.run_ready();
    ASSERT_EQ(value(stale), 1);
    clock_.advance(1s);
    finish(1, 2);

    EXPECT_EQ(core_->counters().wait_times.total, 50ms);
    EXPECT_EQ(core_->counters().wait_times.count(), 2U);
}

TEST_F(Figures, NeitherAHitNorARefreshWaits) {
    open(options());
    fill("a", 1);

    (void)read("a");
    cache_->refresh("a", [](const auto&) {});
    finish(1, 2);

    EXPECT_EQ(core_->counters().wait_times.count(), 1U);
}

TEST_F(Figures, HitsAreMeasuredOnlyWhereThatIsAskedFor) {
    open(options());
    fill("a", 1);

    (void)read("a");

    EXPECT_FALSE(core_->counters().hit_times);
    EXPECT_EQ(core_->counters().hits, 1U);
}

TEST_F(Figures, AHitThatIsMeasuredCountsOnceInEachFormOfARead) {
    auto measured = options();
    measured.measure_hits = true;
    open(std::move(measured));
    EXPECT_EQ(core_->counters().hit_times, HitTimes{});
    fill("a", 1);
    clock_.advance(3s);

    EXPECT_EQ(value(read("a")), 1);
    EXPECT_EQ(cache_->get("a")->age(), 3s);
    EXPECT_EQ(cache_->get_many(std::vector<std::string>{"a", "a"}).size(), 2U);
    (void)read("a", {.age_max = 1min});

    EXPECT_EQ(core_->counters().hit_times.value_or(HitTimes{}).count(), 5U);
    EXPECT_EQ(core_->counters().hits, 5U);
    EXPECT_EQ(core_->counters().wait_times.count(), 1U);
}

TEST_F(Figures, WhereHitsAreMeasuredMemoryIsServedUnderTheLeaseAllTheSame) {
    auto measured = options();
    measured.measure_hits = true;
    open(std::move(measured));
    fill("a", 1);
    lapse_lease();

    const auto answer = read("a");

    EXPECT_FALSE(answer->has_value()) << "it asks the source";
    EXPECT_EQ(core_->counters().hits, 0U);
    renew_lease();
    EXPECT_EQ(value(read("a")), 1);
    core_->remove("a");
    EXPECT_FALSE(read("a")->has_value());
    EXPECT_EQ(core_->counters().hit_times.value_or(HitTimes{}).count(), 1U);
}

TEST_F(Figures, AHitIsMeasuredFromItsFirstLookAtTheClockToItsLast) {
    // Each look takes a microsecond.
    struct Ticking final : Clock {
        [[nodiscard]] TimePoint now() const noexcept override { return time += 1us; }
        mutable TimePoint time{1h};
    };
    const Ticking ticking;
    auto measured = options();
    measured.measure_hits = true;
    lease_->extend(ticking.now(), ticking.now() + 1h);
    core_ =
        std::make_shared<CacheCore>(detail::untyped(std::move(measured)),
                                    LoadEnvironment{.clock = &ticking,
                                                    .executor = tests::unowned<Executor>(executor_),
                                                    .workers = tests::unowned<Workers>(workers_)},
                                    CacheCore::Coherence{.lease = lease_});
    core_->open();
    cache_.emplace(core_);
    fill("a", 1);

    EXPECT_EQ(value(read("a")), 1);

    EXPECT_EQ(core_->counters().hit_times.value_or(HitTimes{}).total, 2us)
        << "the hit asks for the time once in between";
    core_->close();
    core_.reset();
}

}  // namespace
}  // namespace tutti::testing
