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
