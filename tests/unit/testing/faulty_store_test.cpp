#include "tutti/testing/faulty_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "embedded/store.hpp"
#include "tutti/embedded.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/faults.hpp"

namespace tutti::testing {
namespace {

using std::chrono::milliseconds;
using Found = std::optional<std::string>;

class FaultyStoreTest : public ::testing::Test {
protected:
    static constexpr Duration patience = milliseconds{1000};

    // What an operation came to, and when.
    template <class T>
    struct Outcome {
        std::optional<Result<T>> result;
        Duration after{};
    };
    template <class T>
    Completion<T> into(Outcome<T>& outcome) {
        return [&, start = clock.now()](Result<T> result) {
            EXPECT_FALSE(outcome.result) << "exactly once";
            outcome = {.result = std::move(result), .after = clock.now() - start};
        };
    }
    void put(const std::string& value, Outcome<bool>& outcome) {
        store.put("key", value, {.ttl = Ttl::never()}, clock.now() + patience, into(outcome));
    }
    Found stored() {
        Outcome<Found> outcome;
        inner.get("key", TimePoint::max(), into(outcome));
        executor.run_ready();
        return outcome.result.value().value();
    }

    ManualClock clock;
    ManualExecutor executor{clock};
    embedded::EmbeddedStore inner{EmbeddedHub::create({.seed = 1, .clock = clock}), executor,
                                  clock};
    ScriptedFaults faults;
    Link link{faults};
    FaultyStore store{inner, executor, clock, link};
};

TEST_F(FaultyStoreTest, WithoutFaultsItIsTheStoreInside) {
    Outcome<bool> written, erased;
    Outcome<Found> found;
    put("value", written);
    store.get("key", clock.now() + patience, into(found));
    store.erase_if_equal("key", "value", clock.now() + patience, into(erased));
    executor.run_ready();

    EXPECT_EQ(written.result->value(), true);
    EXPECT_EQ(found.result->value(), Found("value"));
    EXPECT_EQ(erased.result->value(), true);
    EXPECT_EQ(executor.timer_count(), 0U) << "deadlines of answered operations are cancelled";
}

TEST_F(FaultyStoreTest, CoordinatedOperationsPassThrough) {
    const ValueAddress address{.channel = "c", .prefix = "p:", .key = "k"};
    Outcome<Fetched> fetched;
    Outcome<Filled> filled;
    Outcome<bool> released, replaced;
    Outcome<void> dropped;
    Outcome<std::size_t> counted;
    const TimePoint deadline = clock.now() + patience;
    store.fetch({.address = address, .token = "a", .claim_for = patience}, deadline, into(fetched));
    store.fill({.address = address, .token = "a", .bytes = "v", .fresh_for = patience}, deadline,
               into(filled));
    store.release(address, "a", deadline, into(released));
    store.replace_if_equal("p:k", "v", "w", patience, deadline, into(replaced));
    store.count("p:", deadline, into(counted));
    store.drop("c", {"k"}, deadline, into(dropped));
    executor.run_ready();

    EXPECT_EQ(fetched.result->value().claim, Fetched::Claim::ours);
    EXPECT_EQ(filled.result->value(), Filled::stored);
    EXPECT_EQ(released.result->value(), false);
    EXPECT_EQ(replaced.result->value(), true);
    EXPECT_EQ(counted.result->value(), 1U);
    EXPECT_TRUE(dropped.result->has_value());
    EXPECT_EQ(executor.timer_count(), 0U);
}

TEST_F(FaultyStoreTest, CoordinatedOperationsAreLostAsTheOthersAre) {
    using enum Operation;
    const ValueAddress address{.channel = "c", .prefix = "p:", .key = "k"};
    faults.next(fetch, {.reply_lost = true});
    faults.next(fill, {.request_lost = true});
    faults.next(drop, {.request_lost = true});
    faults.next(release, {.reply_lost = true});
    faults.next(count, {.request_lost = true});
    faults.next(replace_if_equal, {.request_lost = true});
    const TimePoint deadline = clock.now() + patience;
    Outcome<Fetched> fetched, after;
    Outcome<Filled> filled;
    Outcome<bool> released, replaced;
    Outcome<void> dropped;
    Outcome<std::size_t> counted;
    store.fetch({.address = address, .token = "a", .claim_for = patience}, deadline, into(fetched));
    store.fill({.address = address, .token = "a", .bytes = "v", .fresh_for = patience}, deadline,
               into(filled));
    store.drop("c", {"k"}, deadline, into(dropped));
    store.release(address, "a", deadline, into(released));
    store.count("", deadline, into(counted));
    store.replace_if_equal("p:k", "", "w", patience, deadline, into(replaced));
    store.fetch({.address = address, .token = "b", .claim_for = patience}, deadline, into(after));
    executor.advance(patience);

    EXPECT_EQ(fetched.result->error().code, Errc::timeout);
    EXPECT_EQ(filled.result->error().code, Errc::timeout);
    EXPECT_EQ(dropped.result->error().code, Errc::timeout);
    EXPECT_EQ(released.result->error().code, Errc::timeout);
    EXPECT_EQ(counted.result->error().code, Errc::timeout);
    EXPECT_EQ(replaced.result->error().code, Errc::timeout);
    EXPECT_EQ(after.result->value().claim, Fetched::Claim::ours) << "released, and nothing stored";
    EXPECT_FALSE(after.result->value().value);
}

TEST_F(FaultyStoreTest, LostRequestTimesOutAndDidNothing) {
    faults.next(Operation::put, {.request_lost = true});
    Outcome<bool> lost, second;
    put("lost", lost);
    executor.advance(patience);

    EXPECT_EQ(lost.result->error().code, Errc::timeout);
    EXPECT_EQ(lost.after, patience);
    EXPECT_EQ(stored(), std::nullopt);

    put("second", second);
    executor.run_ready();
    EXPECT_EQ(stored(), Found("second")) << "only the next one was to be lost";
}

TEST_F(FaultyStoreTest, LostReplyTimesOutAndHappened) {
    faults.next(Operation::put, {.reply_lost = true});
    Outcome<bool> lost;
    put("value", lost);
    executor.advance(patience);

    EXPECT_EQ(lost.result->error().code, Errc::timeout);
    EXPECT_EQ(stored(), Found("value"));
}

TEST_F(FaultyStoreTest, LateRequestTakesEffectAfterItsTimeout) {
    faults.next(Operation::put, {.request_delay = patience + milliseconds{5}});
    Outcome<bool> late;
    put("value", late);

    executor.advance(patience);
    EXPECT_EQ(late.result->error().code, Errc::timeout);
    EXPECT_EQ(stored(), std::nullopt);
    executor.advance(milliseconds{5});
    EXPECT_EQ(stored(), Found("value"));
}

TEST_F(FaultyStoreTest, LaterRequestsWaitForADelayedOne) {
    faults.next(Operation::put, {.request_delay = milliseconds{10}});
    Outcome<bool> first, second;
    put("first", first);
    put("second", second);
    executor.advance(milliseconds{10});

    EXPECT_EQ(first.after, milliseconds{10});
    EXPECT_EQ(second.after, milliseconds{10});
    EXPECT_EQ(stored(), Found("second"));
}

TEST_F(FaultyStoreTest, RequestOfADeadConnectionIsOvertaken) {
    faults.next(Operation::put, {.request_delay = milliseconds{10}, .overtake = true});
    Outcome<bool> first, second;
    put("first", first);
    put("second", second);
    executor.advance(milliseconds{10});

    EXPECT_EQ(second.after, Duration::zero());
    EXPECT_EQ(stored(), Found("first"));
}

TEST_F(FaultyStoreTest, RepliesAreDelayedInOrder) {
    faults.next(Operation::put, {.reply_delay = milliseconds{10}});
    Outcome<bool> first, second;
    put("first", first);
    put("second", second);

    executor.run_ready();
    EXPECT_EQ(stored(), Found("second"));
    EXPECT_FALSE(first.result);
    EXPECT_FALSE(second.result);
    executor.advance(milliseconds{10});
    EXPECT_TRUE(first.result && second.result);
}

TEST_F(FaultyStoreTest, InjectedErrorIsAnsweredAndNothingHappens) {
    faults.every(Operation::put,
                 {.error = Error{.code = Errc::unavailable, .operation = "test", .cause = {}}});
    Outcome<bool> failed;
    put("value", failed);
    executor.run_ready();

    EXPECT_EQ(failed.result->error().code, Errc::unavailable);
    EXPECT_EQ(stored(), std::nullopt);
}

TEST_F(FaultyStoreTest, CutToTheServerLosesRequestsAndCutFromItReplies) {
    Outcome<bool> unsent, unheard, healed;
    link.cut(Link::Direction::to_server);
    put("unsent", unsent);
    executor.advance(patience);
    EXPECT_EQ(unsent.result->error().code, Errc::timeout);
    EXPECT_FALSE(unsent.result->error().unsent) << "as far as the caller knows";
    EXPECT_EQ(stored(), std::nullopt);

    link.heal();
    link.cut(Link::Direction::from_server);
    put("unheard", unheard);
    executor.advance(patience);
    EXPECT_EQ(unheard.result->error().code, Errc::timeout);
    EXPECT_FALSE(unheard.result->error().unsent);
    EXPECT_EQ(stored(), Found("unheard"));

    link.heal();
    put("healed", healed);
    executor.run_ready();
    EXPECT_TRUE(healed.result->has_value());
}

TEST_F(FaultyStoreTest, DestructionStopsWhatIsUnderWay) {
    std::optional<Errc> code;
    {
        FaultyStore short_lived(inner, executor, clock, link);
        faults.next(Operation::get, {.request_lost = true});
        short_lived.get("key", clock.now() + patience,
                        [&](Result<Found> result) { code = result.error().code; });
    }
    executor.run_ready();

    EXPECT_EQ(code, Errc::stopped);
    EXPECT_EQ(executor.timer_count(), 0U);
}

TEST(SeededFaults, SameSeedGivesTheSameFaultsAndRatesAreKept) {
    const SeededFaults::Rates rates{.request_lost = 0.1,
                                    .push_lost = 0.2,
                                    .push_duplicated = 0.3,
                                    .delay_max = milliseconds{10}};
    const auto run = [&](std::uint64_t seed) {
        SeededFaults faults(seed, rates);
        std::vector<std::size_t> drawn;
        for (int i = 0; i < 10'000; ++i) {
            const auto operation = faults.operation({.operation = Operation::get, .subject = {}});
            const auto push = faults.push({.channel = "c", .plain = false});
            EXPECT_LE(push.delay, milliseconds{10});
            drawn.push_back(operation.request_lost ? 10 : push.copies);
        }
        return drawn;
    };

    const auto drawn = run(7);

    EXPECT_EQ(drawn, run(7));
    EXPECT_NE(drawn, run(8));
    const auto share = [&](std::size_t what) {
        return static_cast<double>(std::ranges::count(drawn, what)) / 10'000;
    };
    EXPECT_NEAR(share(10), 0.1, 0.02);
    EXPECT_NEAR(share(0), 0.9 * 0.2, 0.02);
    EXPECT_NEAR(share(2), 0.9 * 0.8 * 0.3, 0.02);
}

TEST(SeededFaults, PlainEventsAreDelayedAndNeverLost) {
    SeededFaults faults(1, {.push_lost = 1, .push_overtakes = 1, .delay_max = milliseconds{5}});

    Duration longest{};
    for (int i = 0; i < 100; ++i) {
        const auto fate = faults.push({.channel = "c", .plain = true});
        EXPECT_EQ(fate.copies, 1U);
        EXPECT_FALSE(fate.overtake);
        longest = std::max(longest, fate.delay);
    }

    EXPECT_GT(longest, milliseconds{3});
}

}  // namespace
}  // namespace tutti::testing
