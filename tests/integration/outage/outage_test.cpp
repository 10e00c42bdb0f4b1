// Two nodes over a real redis-server to which things happen. One writes and invalidates, the other
// reads without pause: nothing is stale past the promise, nothing hangs, and everything recovers by
// itself.
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "integration/outage/stale_watch.hpp"
#include "support/eventually.hpp"
#include "support/redis_server.hpp"
#include "support/tcp_proxy.hpp"
#include "tutti/json.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using tutti::Boottime;
using tutti::Duration;

constexpr Duration lease = 1s;
// T (1 + rho) + delta, and what two busy cores may add between a reply and the note of its time.
constexpr Duration bound = 1250ms + 50ms;

enum class Tiers : unsigned char { memory, memory_and_store };

void PrintTo(Tiers tiers, std::ostream* out) {
    *out << (tiers == Tiers::memory ? "InMemory" : "InMemoryAndStore");
}

// With a store behind memory everything is promised all the same.
class OutageTest : public ::testing::TestWithParam<Tiers> {
protected:
    std::unique_ptr<tutti::Node> node(const std::string& name, const std::string& url) {
        auto created = tutti::Node::create({.name = name,
                                            .redis = url,
                                            .app = "outage",
                                            .lease = lease,
                                            .command_deadline = 500ms});
        EXPECT_TRUE(created.has_value()) << created.error().message();
        return std::move(created).value();
    }

    StaleWatch::Cache declare(tutti::Node& on) {
        tutti::CacheOptions<std::string, int> options{
            .name = "versions",
            .caches = "versions",
            .stale = tutti::Stale::wrong,
            .ttl = 1h,
            .bound = tutti::entries(10),
            .load = [this](const std::string&, tutti::LoadContext&) { return source_.load(); },
            .channel = "outage",
        };
        if (GetParam() == Tiers::memory_and_store) {
            options.store = tutti::StoreTier<int>{.ttl = 1h, .codec = tutti::json_codec<int>()};
        }
        return on.coherent(std::move(options));
    }

    void open(const std::string& reader_url) {
        writer_ = node("writer", redis_.url());
        reader_ = node("reader", reader_url);
        written_.emplace(declare(*writer_));
        read_.emplace(declare(*reader_));
        ASSERT_TRUE(writer_->start());
        ASSERT_TRUE(reader_->start());
        ASSERT_EQ(*read_->get("k").value(), 0);
        watch_.emplace(*read_, "k", bound);
    }

    // Commits the next version and invalidates. Once it is known to be published the watch holds
    // the reader to it.
    tutti::Invalidation change() {
        const int version = ++source_;
        auto outcome = written_->invalidate("k");
        if (outcome.published()) watch_->published(version);
        return outcome;
    }

    bool newest_is_served_from_memory() {
        return eventually([&] {
            const auto found = read_->get("k");
            return found && found->value() == source_.load() &&
                   found->tier() == tutti::Tier::memory;
        });
    }

    void finish() {
        EXPECT_TRUE(newest_is_served_from_memory());
        std::this_thread::sleep_for(bound + 300ms);  // from here on the last version is owed
        watch_->stop();
        EXPECT_EQ(watch_->violations(), 0) << "of " << watch_->reads() << " reads";
        EXPECT_EQ(watch_->failures(), 0) << "the source could have answered";
        EXPECT_LT(watch_->slowest(), 2s) << "a read waited for Redis";
        EXPECT_GT(watch_->memory_hits(), 100) << "never caching is no proof";
    }

    RedisServer redis_;
    std::atomic<int> source_ = 0;
    std::unique_ptr<tutti::Node> writer_;
    std::unique_ptr<tutti::Node> reader_;
    std::optional<StaleWatch::Cache> written_;
    std::optional<StaleWatch::Cache> read_;
    std::optional<StaleWatch> watch_;
};

using Outage = OutageTest;

TEST_P(Outage, SubscriptionsAreKilledWhileInvalidationsArePublished) {
    open(redis_.url());

    for (int round = 0; round < 20; ++round) {
        redis_.command({"CLIENT", "KILL", "TYPE", "pubsub"});
        EXPECT_TRUE(change().published());
        std::this_thread::sleep_for(100ms);
    }

    finish();
}

TEST_P(Outage, TheReadersWireIsCutForHalfASecond) {
    TcpProxy proxy(redis_.port());
    open("redis://127.0.0.1:" + std::to_string(proxy.port()));

    for (int round = 0; round < 3; ++round) {
        proxy.cut();
        EXPECT_TRUE(change().published());
        std::this_thread::sleep_for(500ms);
        proxy.heal();
        std::this_thread::sleep_for(300ms);
    }

    finish();
}

TEST_P(Outage, TheReaderIsCutOffForLongerThanItsLease) {
    TcpProxy proxy(redis_.port());
    open("redis://127.0.0.1:" + std::to_string(proxy.port()));

    proxy.cut();
    EXPECT_TRUE(change().published());
    std::this_thread::sleep_for(3s);
    EXPECT_EQ(read_->get("k")->value(), source_.load())
        << "the source is asked when nothing can be proven";
    EXPECT_FALSE(read_->get("k")->degraded().empty());
    EXPECT_FALSE(reader_->health().ready);
    proxy.heal();

    finish();
    EXPECT_TRUE(reader_->health().ready);
}

TEST_P(Outage, RedisIsStoppedForFiveSeconds) {
    open(redis_.url());

    redis_.pause();
    const auto begun = Boottime::now();
    const auto outcome = change();
    EXPECT_EQ(outcome.outcome, tutti::Invalidation::Outcome::unconfirmed);
    EXPECT_FALSE(outcome.reason.empty());
    EXPECT_LT(Boottime::now() - begun, 2s);
    std::this_thread::sleep_for(5s);
    redis_.resume();

    finish();
}

TEST_P(Outage, RedisIsKilledAndComesBackEmpty) {
    open(redis_.url());

    EXPECT_TRUE(change().published());
    redis_.kill();
    EXPECT_EQ(change().outcome, tutti::Invalidation::Outcome::unconfirmed);
    redis_.start();
    EXPECT_TRUE(eventually([&] { return change().published(); }));

    finish();
}

TEST_P(Outage, ScriptsAndKeysAreFlushed) {
    open(redis_.url());

    for (int round = 0; round < 5; ++round) {
        redis_.command({"SCRIPT", "FLUSH"});
        redis_.command({"FLUSHALL"});
        EXPECT_TRUE(change().published());
        std::this_thread::sleep_for(50ms);
    }

    finish();
}

TEST_P(Outage, DoneMeansThatTheOtherNodeNeverServesTheOldValueAgain) {
    open(redis_.url());

    for (int round = 0; round < 3; ++round) {
        const int version = ++source_;
        const auto done = written_->invalidate("k", {.ack = tutti::Ack::every_instance});
        ASSERT_TRUE(done.done()) << done.reason;
        EXPECT_GE(*read_->get("k").value(), version);
    }

    finish();
}

TEST_P(Outage, DoneTakesRoundTripsUnlessAnInstanceIsSilentAndThatOnlyOnce) {
    using By = tutti::Invalidation::By;
    TcpProxy proxy(redis_.port());
    open("redis://127.0.0.1:" + std::to_string(proxy.port()));
    const auto change_everywhere = [&] {
        const int version = ++source_;
        auto outcome = written_->invalidate("k", {.ack = tutti::Ack::every_instance});
        EXPECT_TRUE(outcome.done()) << outcome.reason;
        watch_->published(version);
        return outcome;
    };
    std::this_thread::sleep_for(bound);  // until then the epoch is new

    const auto answered = change_everywhere();
    EXPECT_EQ(answered.by, By::acknowledgements);
    EXPECT_LT(answered.took, lease / 2) << "and not a wait-out";

    proxy.cut();
    const auto waited = change_everywhere();
    EXPECT_EQ(waited.by, By::wait_out);
    EXPECT_GE(waited.took, 1250ms);
    ASSERT_EQ(waited.silent.size(), 1U);
    EXPECT_TRUE(waited.silent.front().starts_with("reader")) << waited.silent.front();
    EXPECT_TRUE(eventually([&] { return change_everywhere().by == By::acknowledgements; }));

    proxy.heal();
    finish();
}

TEST_P(Outage, StoppingWhileRedisIsSilentAnswersEverybodyAndEnds) {
    open(redis_.url());
    watch_->stop();

    redis_.pause();
    tutti::Invalidation outcome;
    std::thread caller([&] { outcome = written_->invalidate("k"); });
    std::this_thread::sleep_for(50ms);
    const auto begun = Boottime::now();
    writer_->stop();
    caller.join();

    EXPECT_LT(Boottime::now() - begun, 2s);
    EXPECT_EQ(outcome.outcome, tutti::Invalidation::Outcome::unconfirmed);
    redis_.resume();
}

INSTANTIATE_TEST_SUITE_P(, Outage, ::testing::Values(Tiers::memory, Tiers::memory_and_store),
                         ::testing::PrintToStringParamName());

TEST(OutageAtStart, AServerThatIsAwayIsAClearError) {
    const auto created =
        tutti::Node::create({.name = "n", .redis = "redis://127.0.0.1:1", .app = "outage"});

    ASSERT_FALSE(created.has_value());
    EXPECT_EQ(created.error().code, tutti::Errc::unavailable) << created.error().message();
}

}  // namespace
}  // namespace tests
