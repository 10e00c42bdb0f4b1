#include <chrono>

#include "embedded_fixture.hpp"

namespace tutti::embedded {
namespace {

using std::chrono::milliseconds;
using Found = std::optional<std::string>;

class EmbeddedStoreTest : public EmbeddedTest {
protected:
    Result<bool> put(std::string key, std::string value, Ttl ttl = Ttl::never()) {
        return answer<bool>([&](auto done) {
            store.put(std::move(key), std::move(value), {.ttl = ttl}, whenever, std::move(done));
        });
    }
    Found get(std::string key) {
        return answer<Found>(
                   [&](auto done) { store.get(std::move(key), whenever, std::move(done)); })
            .value();
    }

    Result<Fetched> fetch(ValueAddress address, Duration claim_for = std::chrono::seconds{60}) {
        return answer<Fetched>([&](auto done) {
            store.fetch({.address = std::move(address), .token = "a", .claim_for = claim_for},
                        whenever, std::move(done));
        });
    }
    Result<Filled> fill(ValueAddress address, std::string bytes,
                        Duration fresh_for = milliseconds{10}) {
        const auto claimed = answer<Fetched>([&](auto done) {
            store.fetch({.address = address,
                         .token = "a",
                         .claim_for = std::chrono::seconds{60},
                         .age_max = Duration::zero(),
                         .take_over = true},
                        whenever, std::move(done));
        });
        if (!claimed) return fail(claimed.error());
        return answer<Filled>([&](auto done) {
            store.fill({.address = std::move(address),
                        .token = "a",
                        .bytes = std::move(bytes),
                        .fresh_for = fresh_for,
                        .keep_for = std::chrono::seconds{60}},
                       whenever, std::move(done));
        });
    }
    const ValueAddress framed{.channel = "c", .prefix = "f:", .key = "k"};
    const ValueAddress foreign{.channel = "c",
                               .prefix = "r:",
                               .key = "k",
                               .form = ValueAddress::Form::raw,
                               .foreign_writers = true};

    std::shared_ptr<EmbeddedHub> hub =
        EmbeddedHub::create({.seed = 1, .clock = clock, .store_bytes_max = 1000});
    testing::EmbeddedServer server{hub};
    EmbeddedStore store{hub, executor, clock};
};

TEST_F(EmbeddedStoreTest, ValueIsAliveAtExactlyItsTtlAndDeadAfterIt) {
    ASSERT_TRUE(put("key", "value", milliseconds{10}));

    clock.advance(milliseconds{10});
    EXPECT_EQ(get("key"), Found("value"));
    clock.advance(Duration{1});
    EXPECT_EQ(get("key"), std::nullopt);
}

TEST_F(EmbeddedStoreTest, TtlIsRoundedUpToMilliseconds) {
    ASSERT_TRUE(put("key", "value", Duration{1}));

    clock.advance(milliseconds{1});
    EXPECT_EQ(get("key"), Found("value"));
    clock.advance(Duration{1});
    EXPECT_EQ(get("key"), std::nullopt);
}

TEST_F(EmbeddedStoreTest, LongestTtlIsForEverAndDoesNotOverflow) {
    ASSERT_TRUE(put("key", "value", Duration::max()));

    clock.advance(std::chrono::hours{24 * 365});
    EXPECT_EQ(get("key"), Found("value"));
}

TEST_F(EmbeddedStoreTest, FullStoreRefusesUntilThereIsRoom) {
    ASSERT_TRUE(put("a", std::string(600, 'x')));

    const auto refused = put("b", std::string(600, 'x'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    EXPECT_NE(refused.error().cause.find("store_bytes_max"), std::string::npos);
    EXPECT_TRUE(put("a", std::string(900, 'y'))) << "overwriting frees what it replaces";

    server.drop_store();
    EXPECT_TRUE(put("b", std::string(600, 'x')));
}

TEST_F(EmbeddedStoreTest, CoordinatedValueIsFreshAtExactlyItsTimeToLiveAndOldAfterIt) {
    ASSERT_TRUE(fill(framed, "value"));

    clock.advance(milliseconds{10});
    EXPECT_EQ(fetch(framed)->claim, Fetched::Claim::none);
    clock.advance(Duration{1});
    const auto old = fetch(framed);

    EXPECT_EQ(old->claim, Fetched::Claim::ours);
    EXPECT_EQ(old->value->bytes, "value");
    EXPECT_EQ(old->value->age, milliseconds{10} + Duration{1});
    EXPECT_EQ(old->value->fresh, -Duration{1});
}

TEST_F(EmbeddedStoreTest, ClaimStandsUntilItsTimeIsOver) {
    ASSERT_EQ(fetch(framed, milliseconds{10})->claim, Fetched::Claim::ours);
    const auto fill_late = [&] {
        return answer<Filled>([&](auto done) {
            store.fill(
                {.address = framed, .token = "a", .bytes = "v", .fresh_for = milliseconds{1}},
                whenever, std::move(done));
        });
    };

    clock.advance(milliseconds{10});
    EXPECT_EQ(fill_late(), Filled::stored);
    clock.advance(milliseconds{10});
    ASSERT_EQ(fetch(framed, milliseconds{10})->claim, Fetched::Claim::ours);
    clock.advance(milliseconds{10} + Duration{1});
    EXPECT_EQ(fill_late(), Filled::claim_lost);
}

TEST_F(EmbeddedStoreTest, FullStoreRefusesClaimsAndCoordinatedValues) {
    ASSERT_TRUE(fill(foreign, "old"));
    ASSERT_TRUE(put("large", std::string(900, 'x')));

    EXPECT_EQ(fill(framed, std::string(200, 'x')).error().code, Errc::overloaded);
    const auto refused = fill(foreign, std::string(200, 'x'));
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    EXPECT_NE(refused.error().cause.find("store_bytes_max"), std::string::npos);
    EXPECT_EQ(get("r:k"), std::nullopt) << "it would pass for a foreign program's";

    ASSERT_TRUE(put("large", std::string(960, 'x')));
    ValueAddress another = framed;
    another.key = "another";
    EXPECT_EQ(fetch(another).error().code, Errc::overloaded);
}

TEST_F(EmbeddedStoreTest, ExpiredValuesMakeRoom) {
    for (int i = 0; i < 90; ++i) {
        ASSERT_TRUE(put(std::to_string(10 + i), "12345678", milliseconds{5}));
    }
    clock.advance(milliseconds{6});

    EXPECT_TRUE(put("large", std::string(900, 'x')));
}

TEST_F(EmbeddedStoreTest, LateCallDoesNothing) {
    const TimePoint past = clock.now() - Duration{1};

    const auto late = answer<bool>([&](auto done) {
        store.put("key", "value", {.ttl = Ttl::never()}, past, std::move(done));
    });

    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Errc::timeout);
    EXPECT_EQ(get("key"), std::nullopt);
}

TEST_F(EmbeddedStoreTest, AwayServerIsUnavailableAndKeepsItsValues) {
    ASSERT_TRUE(put("key", "value"));
    server.go_away();

    EXPECT_EQ(put("key", "other").error().code, Errc::unavailable);

    server.come_back();
    EXPECT_EQ(get("key"), Found("value"));
}

TEST_F(EmbeddedStoreTest, SnapshotBringsBackWhatWasErasedAndForgetsWhatWasWritten) {
    ASSERT_TRUE(put("old", "value"));
    const auto snapshot = server.snapshot();
    ASSERT_TRUE(answer<bool>([&](auto done) { store.erase("old", whenever, std::move(done)); }));
    ASSERT_TRUE(put("new", "value"));

    server.restart_from(snapshot);

    EXPECT_EQ(get("old"), Found("value"));
    EXPECT_EQ(get("new"), std::nullopt);
}

}  // namespace
}  // namespace tutti::embedded
