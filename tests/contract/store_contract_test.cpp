#include <chrono>
#include <string>

#include "contract/contract_fixture.hpp"

namespace tutti::contract {
namespace {

using std::chrono::milliseconds;
using Found = std::optional<std::string>;

class StoreContract : public Contract {};

INSTANTIATE_TEST_SUITE_P(Adapters, StoreContract, ::testing::ValuesIn(worlds()),
                         ::testing::PrintToStringParamName());

TEST_P(StoreContract, AbsentKeyIsAValueAndNoError) {
    const auto found = get("nobody");

    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(*found, std::nullopt);
}

TEST_P(StoreContract, PutOverwritesAndGetReturnsTheLast) {
    EXPECT_EQ(put("key", "one").value(), true);
    EXPECT_EQ(put("key", "two").value(), true);

    EXPECT_EQ(get("key").value(), Found("two"));
}

TEST_P(StoreContract, PutIfAbsentLeavesWhatIsThere) {
    const Store::PutOptions if_absent{.ttl = Ttl::never(),
                                      .condition = Store::Condition::if_absent};

    EXPECT_EQ(put("key", "first", if_absent).value(), true);
    EXPECT_EQ(put("key", "second", if_absent).value(), false);

    EXPECT_EQ(get("key").value(), Found("first"));
}

TEST_P(StoreContract, EraseSaysWhetherThereWasAValue) {
    ASSERT_TRUE(put("key", "value"));

    EXPECT_EQ(erase("key").value(), true);
    EXPECT_EQ(erase("key").value(), false);
    EXPECT_EQ(get("key").value(), std::nullopt);
}

TEST_P(StoreContract, EraseIfEqualTakesOnlyTheExpectedValue) {
    ASSERT_TRUE(put("key", "mine"));

    EXPECT_EQ(erase_if_equal("key", "yours").value(), false);
    EXPECT_EQ(get("key").value(), Found("mine"));
    EXPECT_EQ(erase_if_equal("key", "mine").value(), true);
    EXPECT_EQ(get("key").value(), std::nullopt);
    EXPECT_EQ(erase_if_equal("key", "mine").value(), false);
}

TEST_P(StoreContract, ValueLivesUntilItsTtlAndIsGoneAfterIt) {
    const TimePoint before = world().now();
    ASSERT_TRUE(put("key", "value", {.ttl = milliseconds{1500}}));

    world().run_for(milliseconds{500});
    const auto young = get("key");
    if (world().now() < before + milliseconds{1500}) {
        EXPECT_EQ(young.value(), Found("value"));
    }
    world().run_for(milliseconds{1100});
    EXPECT_EQ(get("key").value(), std::nullopt);
    EXPECT_EQ(erase("key").value(), false) << "an expired value is not there to be erased";
}

TEST_P(StoreContract, OverwritingReplacesTheTtl) {
    ASSERT_TRUE(put("key", "short", {.ttl = milliseconds{50}}));
    ASSERT_TRUE(put("key", "for ever", {.ttl = Ttl::never()}));

    world().run_for(milliseconds{200});

    EXPECT_EQ(get("key").value(), Found("for ever"));
}

TEST_P(StoreContract, ExpiredValueIsAbsentForIfAbsent) {
    ASSERT_TRUE(put("key", "old", {.ttl = milliseconds{50}}));
    world().run_for(milliseconds{200});

    EXPECT_EQ(
        put("key", "new", {.ttl = Ttl::never(), .condition = Store::Condition::if_absent}).value(),
        true);
    EXPECT_EQ(get("key").value(), Found("new"));
}

TEST_P(StoreContract, TtlBelowAMillisecondIsRoundedUpAndNotRefused) {
    EXPECT_EQ(put("key", "value", {.ttl = std::chrono::microseconds{1}}).value(), true);

    world().run_for(milliseconds{100});
    EXPECT_EQ(get("key").value(), std::nullopt);
}

TEST_P(StoreContract, TtlOfZeroIsRefused) {
    const auto written = put("key", "value", {.ttl = milliseconds{0}});

    EXPECT_EQ(error_of(written), Errc::invalid_option);
    EXPECT_EQ(get("key").value(), std::nullopt);
}

TEST_P(StoreContract, KeysAndValuesAreBytes) {
    std::string every_byte;
    for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
    const std::string key = "k\r\n" + every_byte + "{}";

    ASSERT_TRUE(put(key, every_byte));
    ASSERT_TRUE(put("empty", ""));

    EXPECT_EQ(get(key).value(), Found(every_byte));
    EXPECT_EQ(get("empty").value(), Found(""));
    EXPECT_EQ(get("k\r\n").value(), std::nullopt);
    EXPECT_EQ(erase_if_equal(key, every_byte).value(), true);
}

TEST_P(StoreContract, MegabytesPassThrough) {
    const std::string large(3'000'000, 'x');

    ASSERT_TRUE(put("large", large));

    EXPECT_EQ(get("large").value(), Found(large));
}

TEST_P(StoreContract, TooLargeKeysAndValuesAreRefused) {
    const std::string longest(Store::key_bytes_max, 'k');
    EXPECT_EQ(put(longest, "value").value(), true);
    EXPECT_EQ(get(longest).value(), Found("value"));

    const std::string longer = longest + "k";
    EXPECT_EQ(error_of(put(longer, "value")), Errc::too_large);
    EXPECT_EQ(error_of(get(longer)), Errc::too_large);
    EXPECT_EQ(error_of(erase(longer)), Errc::too_large);
    EXPECT_EQ(error_of(erase_if_equal(longer, "value")), Errc::too_large);
    const auto huge = put("key", std::string(Store::value_bytes_max + 1, 'v'));
    EXPECT_EQ(error_of(huge), Errc::too_large);
}

TEST_P(StoreContract, OperationsOnAKeyTakeEffectInTheOrderOfTheirCalls) {
    Store& store = world().store(0);
    Answer<bool> first, second, erased;
    Answer<Found> between, last;

    store.put("key", "one", {.ttl = Ttl::never()}, deadline(), first.completion());
    store.put("key", "two", {.ttl = Ttl::never()}, deadline(), second.completion());
    store.get("key", deadline(), between.completion());
    store.erase("key", deadline(), erased.completion());
    store.get("key", deadline(), last.completion());
    ASSERT_TRUE(world().run_until([&] { return last.count() == 1; }));

    EXPECT_EQ(between.result().value(), Found("two"));
    EXPECT_EQ(erased.result().value(), true);
    EXPECT_EQ(last.result().value(), std::nullopt);
    for (const auto& answer : {first, second, erased}) EXPECT_EQ(answer.count(), 1U);
}

TEST_P(StoreContract, NodesShareTheValues) {
    ASSERT_TRUE(put("key", "value"));

    const auto found = wait_for<Found>(
        [&](auto done) { world().store(1).get("key", deadline(), std::move(done)); });

    EXPECT_EQ(found.value(), Found("value"));
}

TEST_P(StoreContract, DeadlineThatHasPassedIsATimeout) {
    const auto found = wait_for<Found>([&](auto done) {
        world().store(0).get("key", world().now() - milliseconds{1}, std::move(done));
    });

    EXPECT_EQ(error_of(found), Errc::timeout);
}

TEST_P(StoreContract, WithoutItsServerAnOperationFailsInTimeAndLaterSucceeds) {
    ASSERT_TRUE(put("key", "value"));
    world().stop_server();

    const auto found = wait_for<Found>([&](auto done) {
        world().store(0).get("key", world().now() + milliseconds{500}, std::move(done));
    });
    ASSERT_FALSE(found);
    EXPECT_TRUE(found.error().retryable()) << found.error().message();

    world().start_server();
    EXPECT_TRUE(eventually([&] { return get("key").has_value(); }));
    EXPECT_EQ(get("key").value(), Found("value"));
}

TEST_P(StoreContract, WhatComesAfterItsDeadlineIsNotSent) {
    ASSERT_TRUE(put("first", "value"));

    const auto late = wait_for<bool>([&](auto done) {
        world().store(0).put("key", "value", {.ttl = Ttl::never()}, world().now() - milliseconds{1},
                             std::move(done));
    });

    EXPECT_EQ(late.error().code, Errc::timeout);
    EXPECT_TRUE(late.error().unsent);
    EXPECT_EQ(get("key").value(), std::nullopt);
}

// Once the connection is known to be lost, what is asked is not sent when it is back.
TEST_P(StoreContract, WhatAnErrorCallsUnsentHasNoEffect) {
    ASSERT_TRUE(put("first", "value"));
    world().stop_server();
    int attempts = 0;
    const auto key = [&] { return "key" + std::to_string(attempts); };
    ASSERT_TRUE(eventually([&] {
        ++attempts;
        const auto written = wait_for<bool>([&](auto done) {
            world().store(0).put(key(), "value", {.ttl = Ttl::never()},
                                 world().now() + milliseconds{20}, std::move(done));
        });
        return !written && written.error().unsent;
    }));

    world().start_server();

    ASSERT_TRUE(eventually([&] { return put("last", "value").has_value(); }));
    EXPECT_EQ(get(key()).value(), std::nullopt);
}

TEST_P(StoreContract, ClosedStoreStopsItsOperations) {
    ASSERT_TRUE(put("key", "value"));
    world().stop_server();
    Answer<std::optional<std::string>> under_way;
    world().store(0).get("key", deadline(), under_way.completion());

    world().close(0);
    ASSERT_TRUE(world().run_until([&] { return under_way.count() == 1; }));
    EXPECT_FALSE(under_way.result());

    EXPECT_EQ(error_of(get("key")), Errc::stopped);
    EXPECT_EQ(error_of(put("key", "another")), Errc::stopped);
    world().close(0);  // again: nothing
    world().start_server();
}

}  // namespace
}  // namespace tutti::contract
