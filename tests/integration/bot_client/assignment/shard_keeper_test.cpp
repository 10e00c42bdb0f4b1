// Keepers of several instances over a real Redis, one of them in a process that is killed.
#include "bot-client/assignment/shard_keeper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bot-client/assignment/shard_register_redis.hpp"
#include "common/redis/client.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/redis_server.hpp"

namespace tutti::services::bot::assignment {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr Duration lease = 1s;
constexpr Duration every = 200ms;

// Says "abc" with the number of an event for each tenth of a second.
class PlayedShard final : public RunningShard {
public:
    explicit PlayedShard(const ShardTask& task)
        : began_(Boottime::now()),
          first_(task.resumed ? task.resumed->last : 0),
          until_(task.held_until.time_since_epoch().count()) {}

    void hold_until(TimePoint when) override { until_ = when.time_since_epoch().count(); }
    void leave() override { left_ = true; }
    [[nodiscard]] State state() const override {
        const bool lapsed = Boottime::now().time_since_epoch().count() >= until_;
        return left_ || lapsed ? State::over : State::running;
    }
    [[nodiscard]] std::optional<shard::Resumption> resumption() const override {
        return shard::Resumption{
            .place = {.session_id = "abc", .resume_gateway_url = "wss://a.discord.gg"},
            .last = first_ + (Boottime::now() - began_) / 100ms};
    }

private:
    const TimePoint began_;
    const std::int64_t first_;
    std::atomic<std::int64_t> until_;
    std::atomic<bool> left_{false};
};

// Has no session until it begins.
class NewShard final : public RunningShard {
public:
    explicit NewShard(const ShardTask& task) : session_begun_(task.session_begun) {}

    void begin() const {
        begun_ = true;
        session_begun_();
    }
    void hold_until(TimePoint) override {}
    void leave() override { left_ = true; }
    [[nodiscard]] State state() const override { return left_ ? State::over : State::running; }
    [[nodiscard]] std::optional<shard::Resumption> resumption() const override {
        if (!begun_) return std::nullopt;
        return shard::Resumption{
            .place = {.session_id = "the-new-session", .resume_gateway_url = "wss://a.discord.gg"},
            .last = 1};
    }

private:
    const std::function<void()> session_begun_;
    mutable std::atomic<bool> begun_{false};
    std::atomic<bool> left_{false};
};

// One instance.
struct Bot {
    explicit Bot(const std::string& url, const std::string& name, std::uint32_t count = 4)
        : client(redis::RedisClient::create({.url = url, .command_timeout = 300ms}).value()) {
        auto started =
            ShardKeeper::start({.leases = {.member = name, .count = count, .lease = lease},
                                .every = every,
                                .start =
                                    [this](const ShardTask& task) {
                                        const std::lock_guard lock(mutex);
                                        tasks.push_back(task);
                                        return std::make_unique<PlayedShard>(task);
                                    }},
                               shards);
        EXPECT_TRUE(started.has_value());
        keeper = *std::move(started);
    }
    [[nodiscard]] std::vector<ShardTask> all_tasks() {
        const std::lock_guard lock(mutex);
        return tasks;
    }

    std::unique_ptr<redis::RedisClient> client;
    RedisShardRegister shards{*client};
    std::mutex mutex;
    std::vector<ShardTask> tasks;
    std::unique_ptr<ShardKeeper> keeper;
};

class Keepers : public ::testing::Test {
protected:
    static bool has(Bot& bot, std::size_t count) { return bot.keeper->running().size() == count; }

    tests::RedisServer server;
};

TEST_F(Keepers, ShareTheShardsAndHandThemOverWithTheirSessions) {
    Bot first(server.url(), "first");
    ASSERT_TRUE(tests::eventually([&] { return has(first, 4); }));

    Bot second(server.url(), "second");
    ASSERT_TRUE(tests::eventually([&] { return has(first, 2) && has(second, 2); }));
    for (const ShardTask& task : second.all_tasks()) {
        ASSERT_TRUE(task.resumed);
        EXPECT_GT(task.resumed->last, 0);
        EXPECT_EQ(task.shard_count, 4U);
    }

    const TimePoint stops = Boottime::now();
    first.keeper->stop();
    ASSERT_TRUE(tests::eventually([&] { return has(second, 4); }));
    const Duration gap = Boottime::now() - stops;
    std::cout << "handed over within " << gap / 1ms << " ms\n";
    EXPECT_LT(gap, lease);  // without waiting for a lease
    EXPECT_EQ(second.keeper->figures().leases.resumed, 4U);
}

TEST_F(Keepers, AnInstanceThatIsKilledIsReplacedWhenItsLeaseHasEnded) {
    if (!tests::child_may_have_threads) GTEST_SKIP() << "needs a child with threads";
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        Bot dies(server.url(), "dies");
        while (true) ::pause();
    }
    const auto looks = redis::RedisClient::create({.url = server.url()}).value();
    RedisShardRegister look(*looks);
    const auto runs_them = [&](const std::string& member) {
        const auto found = look.exchange({.count = 4, .member = "look"}, Boottime::now() + 1s);
        if (!found || found->records.size() < 4) return false;
        return std::ranges::all_of(found->records, [&](const auto& record) {
            return record.second.starts_with(member + ' ');
        });
    };
    ASSERT_TRUE(tests::eventually([&] { return runs_them("dies"); }));
    Bot waits(server.url(), "waits");
    std::this_thread::sleep_for(3 * every);  // it knows the other one, which keeps all for a lease

    ::kill(child, SIGKILL);
    const TimePoint killed = Boottime::now();
    ::waitpid(child, nullptr, 0);
    ASSERT_TRUE(tests::eventually([&] { return has(waits, 4); }));
    const Duration gap = Boottime::now() - killed;

    std::cout << "unserved for " << gap / 1ms << " ms with a lease of " << lease / 1ms << " ms\n";
    EXPECT_GE(gap, lease - every);
    EXPECT_LE(gap,
              ShardLeases::unchanged_for(lease) + ShardLeases::patience(lease) + 4 * every + 2s);
    for (const ShardTask& task : waits.all_tasks()) EXPECT_TRUE(task.resumed);
}

TEST_F(Keepers, ShardsStopWhenRedisIsSilentAndComeBackWithIt) {
    Bot bot(server.url(), "bot");
    ASSERT_TRUE(tests::eventually([&] { return has(bot, 4); }));
    const auto steps = bot.keeper->figures().steps;
    ASSERT_TRUE(tests::eventually([&] { return bot.keeper->figures().steps > steps + 2; }));

    server.pause();
    ASSERT_TRUE(tests::eventually([&] { return has(bot, 0); }));
    server.resume();
    ASSERT_TRUE(tests::eventually([&] { return has(bot, 4); }));

    EXPECT_EQ(bot.keeper->figures().leases.lapsed, 4U);
    EXPECT_EQ(bot.keeper->figures().leases.resumed, 4U);
    EXPECT_GT(bot.keeper->figures().steps_failed, 0U);
}

TEST_F(Keepers, AnEmptiedRedisStopsNoShard) {
    Bot bot(server.url(), "bot");
    ASSERT_TRUE(tests::eventually([&] { return has(bot, 4); }));

    server.command({"FLUSHALL"});
    const auto steps = bot.keeper->figures().steps;
    ASSERT_TRUE(tests::eventually([&] { return bot.keeper->figures().steps > steps + 20; }));

    EXPECT_THAT(bot.all_tasks(), SizeIs(4));
    EXPECT_THAT(bot.keeper->running(), ElementsAre(0, 1, 2, 3));
}

TEST_F(Keepers, ASessionOfAnotherAddressIsNotResumed) {
    Bot first(server.url(), "first", 1);
    ASSERT_TRUE(tests::eventually([&] { return has(first, 1); }));
    first.keeper->stop();
    const std::string record = server.command({"HGET", "bot-client:shards", "s0"});
    const std::size_t at = record.find("wss://a.discord.gg");
    ASSERT_NE(at, std::string::npos);
    server.command({"HSET", "bot-client:shards", "s0",
                    std::string(record).replace(at, 18, "wss://discord.evil")});

    Bot second(server.url(), "second", 1);
    ASSERT_TRUE(tests::eventually([&] { return has(second, 1); }));

    EXPECT_FALSE(second.all_tasks()[0].resumed);
}

TEST(ShardKeeper, RefusesWhatCannotWork) {
    const auto client = redis::RedisClient::create({.url = "redis://127.0.0.1:1"}).value();
    RedisShardRegister shards(*client);
    const auto start = [&](ShardLeases::Options leases, Duration step) {
        return ShardKeeper::start({.leases = std::move(leases), .every = step, .start = {}},
                                  shards);
    };

    EXPECT_EQ(start({.member = "two words", .count = 1}, 1s).error().code, Errc::invalid_option);
    EXPECT_EQ(start({.member = "one", .count = 0}, 1s).error().code, Errc::invalid_option);
    EXPECT_EQ(start({.member = "one", .count = 2000}, 1s).error().code, Errc::invalid_option);
    EXPECT_EQ(start({.member = "one", .count = 1}, 9s).error().code, Errc::invalid_option);
    EXPECT_TRUE(start({.member = "one", .count = 1}, 1s));  // and stops without a Redis
}

// Between its begin and the next step a session would be lost with its process.
TEST_F(Keepers, ASessionIsInTheRegisterAsSoonAsItHasBegun) {
    const auto client = redis::RedisClient::create({.url = server.url()}).value();
    RedisShardRegister shards(*client);
    std::atomic<const NewShard*> shard{nullptr};
    const auto keeper = ShardKeeper::start({.leases = {.member = "a", .count = 1, .lease = 6s},
                                            .every = 2s,
                                            .start =
                                                [&shard](const ShardTask& task) {
                                                    auto started = std::make_unique<NewShard>(task);
                                                    shard = started.get();
                                                    return started;
                                                }},
                                           shards);
    ASSERT_TRUE(keeper.has_value());
    ASSERT_TRUE(tests::eventually([&] { return shard.load() != nullptr; }, 30s));
    const auto saved = [&] {
        return server.command({"HGETALL", "bot-client:shards"}).contains("the-new-session");
    };
    ASSERT_FALSE(saved());

    shard.load()->begin();

    EXPECT_TRUE(tests::eventually(saved, 1s));
}

}  // namespace
}  // namespace tutti::services::bot::assignment
