#include "store_fixture.hpp"

namespace tutti::testing {
namespace {

class Resilience : public StoreTest {
protected:
    static Options forgiving_in_store() {
        Options options = StoreTest::options();
        options.ttl.reset();
        options.bound.reset();
        options.store->ttl = 1min;
        options.stale_if_error = StaleIfError{.for_up_to = 1h, .retry_after = 10s};
        return options;
    }
    static Options forgiving() {
        Options options = in_memory();
        options.stale_if_error = StaleIfError{.for_up_to = 10min, .retry_after = 1s};
        return options;
    }
};

TEST_F(Resilience, ANegativeAnswerLivesAsLongAsItsCategorySays) {
    Options options = in_memory();
    options.negative = NegativeTtls{.ceiling = 1h, .categories = {{"rate_limit", 10min}}};
    TestNode& one = node(options);
    source = Loaded<int>(negative("rate_limit"));

    const auto first = one.get("a");
    clock_.advance(10min);
    const auto second = one.get("a");

    EXPECT_EQ(lookup(first).answer(), Answer::negative);
    EXPECT_EQ(lookup(second).category(), "rate_limit");
    EXPECT_EQ(lookup(second).tier(), Tier::memory);
    EXPECT_EQ(one.loads, 1U);
    clock_.advance(1s);
    one.get("a");
    EXPECT_EQ(one.loads, 2U);
}

TEST_F(Resilience, NothingOutlivesTheCeilingOfNegativeAnswers) {
    Options options = in_memory();
    options.negative = NegativeTtls{.ceiling = 1min, .categories = {{"auth", 1h}}};
    TestNode& one = node(options);
    source = Loaded<int>(negative("auth")).keep_for(2h);

    one.get("a");
    clock_.advance(61s);
    one.get("a");

    EXPECT_EQ(one.loads, 2U);
}

TEST_F(Resilience, ACategoryThatIsNotInTheTableIsNotRemembered) {
    Options options = in_memory();
    options.negative = NegativeTtls{.ceiling = 1h, .categories = {{"auth", 1h}}};
    TestNode& one = node(options);
    source = Loaded<int>(negative("weather"));

    one.get("a");
    const auto again = one.get("a");

    EXPECT_EQ(one.loads, 2U);
    EXPECT_EQ(lookup(again).category(), "weather") << "its readers are told all the same";
}

TEST_F(Resilience, ANegativeAnswerIsSharedByTheStoreAndInvalidated) {
    Options options = StoreTest::options();
    options.negative = NegativeTtls{.ceiling = 1h, .otherwise = 10min};
    TestNode& one = node(options);
    TestNode& two = node(options);
    source = Loaded<int>(negative("auth"));
    one.get("a");

    EXPECT_EQ(lookup(two.get("a")).category(), "auth");
    EXPECT_EQ(two.loads, 0U);
    source = 5;
    one.invalidate("a");

    EXPECT_EQ(value(two.get("a")), 5);
}

TEST_F(Resilience, AnUnknownAnswerIsNeitherAValueNorAbsenceAndIsNotCached) {
    TestNode& one = node(in_memory());
    source = Loaded<int>(unknown("the catalogue cannot be read"));

    const auto first = one.get("a");
    source = 3;

    EXPECT_EQ(lookup(first).answer(), Answer::unknown);
    EXPECT_FALSE(lookup(first).found());
    EXPECT_EQ(lookup(first).degraded(), "the catalogue cannot be read");
    EXPECT_EQ(value(one.get("a")), 3);
}

TEST_F(Resilience, AGuessIsAnsweredAndNotCached) {
    TestNode& one = node(in_memory());
    source = Loaded<int>(9).guess("nobody knows");

    const auto first = one.get("a");
    source = 3;

    EXPECT_EQ(value(first), 9);
    EXPECT_EQ(lookup(first).degraded(), "nobody knows");
    EXPECT_EQ(value(one.get("a")), 3);
}

TEST_F(Resilience, APassingFailureServesTheLastKnownGoodWithinItsBound) {
    TestNode& one = node(forgiving());
    one.get("a");
    source = fail(broken());

    clock_.advance(31s);
    const auto stale = one.get("a");
    clock_.advance(10min);
    const auto too_old = one.get("a");

    EXPECT_EQ(value(stale), 1);
    EXPECT_EQ(lookup(stale).freshness(), Freshness::stale);
    EXPECT_NE(lookup(stale).degraded().find("is down"), std::string::npos);
    EXPECT_EQ(error(too_old), Errc::unavailable);
}

TEST_F(Resilience, APermanentFailureNeverServesTheLastKnownGood) {
    TestNode& one = node(forgiving());
    one.get("a");
    source = fail(Errc::refused, "source", "access was revoked");

    clock_.advance(31s);

    EXPECT_EQ(error(one.get("a")), Errc::refused);
}

TEST_F(Resilience, TheClassifierOfTheDeclarationDecides) {
    Options options = forgiving();
    options.stale_if_error->transient = [](const Error& error) {
        return error.code == Errc::refused;
    };
    TestNode& one = node(options);
    one.get("a");
    source = fail(Errc::refused, "source");

    clock_.advance(31s);

    EXPECT_EQ(value(one.get("a")), 1);
}

TEST_F(Resilience, AnInvalidatedValueIsNoLastKnownGood) {
    TestNode& one = node(forgiving());
    one.get("a");
    source = fail(broken());

    one.invalidate("a");

    EXPECT_EQ(error(one.get("a")), Errc::unavailable);
}

TEST_F(Resilience, AFlushedValueIsNoLastKnownGood) {
    TestNode& one = node(forgiving());
    one.get("a");
    source = fail(broken());

    one.core->flush();

    EXPECT_EQ(error(one.get("a")), Errc::unavailable);
}

TEST_F(Resilience, WithoutALeaseThereIsNoLastKnownGood) {
    TestNode& one = node(forgiving());
    one.get("a");
    source = fail(broken());
    clock_.advance(31s);

    one.lease->end_now();

    EXPECT_EQ(error(one.get("a")), Errc::unavailable);
}

TEST_F(Resilience, WhileTheSourceFailsItIsAskedOnlyNowAndThen) {
    TestNode& one = node(forgiving());
    one.get("a");
    source = fail(broken());
    clock_.advance(31s);

    for (int i = 0; i < 10; ++i) EXPECT_EQ(value(one.get("a")), 1);
    EXPECT_EQ(one.loads, 2U);
    clock_.advance(1s);
    one.get("a");
    EXPECT_EQ(one.loads, 3U);
    source = 2;
    clock_.advance(1s);

    EXPECT_EQ(value(one.get("a")), 2) << "back to normal";
    EXPECT_EQ(lookup(one.get("a")).freshness(), Freshness::fresh);
}

TEST_F(Resilience, TheStoreKeepsALastKnownGoodForANodeThatHasJustStarted) {
    Options options = StoreTest::options();
    options.store->ttl = 1min;
    options.stale_if_error = StaleIfError{.for_up_to = 10min};
    node(options).get("a");
    clock_.advance(2min);
    source = fail(broken());

    const auto answer = node(options).get("a");

    EXPECT_EQ(value(answer), 1);
    EXPECT_EQ(lookup(answer).freshness(), Freshness::stale);
    EXPECT_EQ(lookup(answer).age(), 2min);
}

TEST_F(Resilience, TheStoresLastKnownGoodGrowsOlderWhileTheLoadFails) {
    Options options = StoreTest::options();
    options.store->ttl = 1min;
    options.stale_if_error = StaleIfError{.for_up_to = 10min};
    node(options).get("a");
    clock_.advance(2min);
    TestNode& two = node(options);
    two.hold_loads = true;
    const auto answer = two.get("a");
    clock_.advance(3s);

    two.finish(0, fail(broken()));

    EXPECT_EQ(value(answer), 1);
    EXPECT_EQ(lookup(answer).age(), 2min + 3s);
}

// A loader that asks something with Tutti passes on what that has said.
TEST_F(Resilience, AFailedLoadWasSentWhateverItsLastCallSays) {
    Error never_sent = broken();
    never_sent.unsent = true;
    source = fail(never_sent);

    const auto answer = node().get("a");

    EXPECT_EQ(error(answer), Errc::unavailable);
    EXPECT_FALSE((*answer)->error().unsent);
}

TEST_F(Resilience, ARefusedValueReplacesNothing) {
    Options options = forgiving();
    options.admit = [](const int& number) { return number > 0; };
    TestNode& one = node(options);
    one.get("a");
    source = 0;

    clock_.advance(31s);
    const auto answer = one.get("a");

    EXPECT_EQ(value(answer), 1);
    EXPECT_EQ(lookup(answer).freshness(), Freshness::stale);
    EXPECT_EQ(one.core->counters().refused, 1U);
}

TEST_F(Resilience, ARefusedValueIsAFailureWhenThereIsNothingElse) {
    Options options = StoreTest::options();
    options.admit = [](const int& number) { return number > 0; };
    TestNode& one = node(options);
    TestNode& two = node(options);
    source = 0;

    EXPECT_EQ(error(one.get("a")), Errc::load_failed);
    source = 4;

    EXPECT_EQ(value(two.get("a")), 4) << "neither value nor claim is in the store";
}

TEST_F(Resilience, WithoutMemoryTheSourceIsLeftAloneAfterAFailureToo) {
    TestNode& one = node(forgiving_in_store());
    one.get("a");
    source = fail(broken());
    clock_.advance(2min);
    one.get("a");
    ASSERT_EQ(one.loads, 2U);

    for (int i = 0; i < 5; ++i) {
        clock_.advance(1s);
        const auto again = one.get("a");
        EXPECT_EQ(value(again), 1);
        EXPECT_EQ(lookup(again).tier(), Tier::store);
        EXPECT_EQ(lookup(again).freshness(), Freshness::stale);
        EXPECT_EQ(lookup(again).degraded(), "the source failed a moment ago");
    }
    EXPECT_EQ(one.loads, 2U);

    clock_.advance(10s);
    source = 2;
    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(Resilience, TheStoresLastKnownGoodIsServedWithoutAskingWhereMemoryHasNone) {
    Options options = forgiving_in_store();
    options.ttl = 30s;
    options.bound = entries(10);
    node(options).get("a");
    source = fail(broken());
    clock_.advance(2min);
    TestNode& two = node(options);

    for (int i = 0; i < 5; ++i) EXPECT_EQ(value(two.get("a")), 1);

    EXPECT_EQ(two.loads, 1U);
}

TEST_F(Resilience, WhoRestsKeepsNobodyElseFromAskingTheSource) {
    TestNode& one = node(forgiving_in_store());
    one.get("a");
    source = fail(broken());
    clock_.advance(2min);
    one.get("a");
    one.get("a");
    source = 2;

    EXPECT_EQ(value(node(forgiving_in_store()).get("a")), 2);
    EXPECT_EQ(value(one.get("a")), 2) << "which ends the rest, too";
}

TEST_F(Resilience, ARefreshAsksTheSourceDuringTheRest) {
    TestNode& one = node(forgiving_in_store());
    one.get("a");
    source = fail(broken());
    clock_.advance(2min);
    one.get("a");
    source = 2;

    EXPECT_EQ(value(one.refresh("a")), 2);
    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(Resilience, CallbacksThatThrowFailTheirValueAndNothingElse) {
    const auto thrower = [](const int&) -> bool { throw std::runtime_error("oh"); };
    Options admitting = in_memory();
    admitting.admit = thrower;
    Options weighing = in_memory();
    weighing.bound = bytes(100'000);
    weighing.weigh = [](const int&) -> std::size_t { throw std::runtime_error("oh"); };
    Options ranking = StoreTest::options();
    ranking.store->rank = [](const int&) -> std::int64_t { throw std::runtime_error("oh"); };
    Options classifying = forgiving();
    classifying.stale_if_error->transient = [](const Error&) -> bool {
        throw std::runtime_error("oh");
    };

    EXPECT_EQ(error(node(admitting).get("a")), Errc::load_failed);
    TestNode& unweighed = node(weighing);
    EXPECT_EQ(value(unweighed.get("a")), 1);
    EXPECT_EQ(value(unweighed.get("a")), 1);
    EXPECT_EQ(unweighed.loads, 2U) << "not kept";
    TestNode& unranked = node(ranking);
    EXPECT_EQ(value(unranked.get("a")), 1);
    TestNode& unclassified = node(classifying);
    unclassified.get("a");
    source = fail(broken());
    clock_.advance(31s);
    EXPECT_EQ(error(unclassified.get("a")), Errc::unavailable);
    for (const auto& one : nodes_) EXPECT_FALSE(one->log.empty());
}

// A bug of the program is not a value that it did not want.
TEST_F(Resilience, WhoIsAnsweredInsteadOfAnAdmissionThatThrewIsToldThatItDid) {
    Options throwing = StoreTest::options();
    throwing.admit = [](const int&) -> bool { throw std::runtime_error("oh"); };
    node().get("a");
    TestNode& one = node(throwing);

    const auto loaded = one.get("b");
    const auto stored = one.get("a");
    const auto offered = one.offer("c", 1);

    EXPECT_EQ((*loaded)->error().message(), "load numbers: load failed: admit threw: oh");
    EXPECT_EQ((*stored)->error().message(), "load numbers: load failed: admit threw: oh");
    EXPECT_EQ(offered.error().message(), "offer numbers: load failed: admit threw: oh");
    EXPECT_EQ(one.core->counters().refused, 4U);
    EXPECT_NE(one.log.front().find("admit threw: oh"), std::string::npos) << one.log.front();
}

TEST_F(Resilience, AStoredValueThatIsNotAdmittedIsAMiss) {
    node().get("a");
    Options picky = StoreTest::options();
    picky.admit = [](const int& number) { return number > 1; };
    source = 2;

    TestNode& two = node(picky);

    EXPECT_EQ(value(two.get("a")), 2);
    EXPECT_EQ(two.core->counters().refused, 1U);
}

}  // namespace
}  // namespace tutti::testing
