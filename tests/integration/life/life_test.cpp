// What a node on a real Redis holds, and what is left of it when it has ended: connections,
// descriptors, memory. And how it begins when Redis is not there.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "support/child_process.hpp"
#include "support/descriptors.hpp"
#include "support/eventually.hpp"
#include "support/redis_server.hpp"
#include "tutti/json.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tutti::Errc;

std::size_t sockets() {
    return static_cast<std::size_t>(std::ranges::count_if(
        descriptors(), [](const auto& one) { return one.second.starts_with("socket:"); }));
}

class Life : public ::testing::Test {
protected:
    [[nodiscard]] tutti::NodeOptions options(const std::string& name = "life") {
        return {.name = name,
                .redis = redis_.url(),
                .app = "life",
                .lease = 500ms,
                .command_deadline = 500ms,
                .log = [lines = lines_](tutti::LogLevel, std::string_view text) {
                    const std::lock_guard lock(lines->mutex);
                    lines->text.append(text).append("\n");
                }};
    }
    [[nodiscard]] std::unique_ptr<tutti::Node> make(const tutti::NodeOptions& options) {
        auto created = tutti::Node::create(options);
        EXPECT_TRUE(created) << created.error().message();
        return std::move(created).value();
    }
    static tutti::Coherent<std::string, int> declare(tutti::Node& node) {
        return node.coherent<std::string, int>({
            .name = "numbers",
            .caches = "numbers",
            .stale = tutti::Stale::wrong,
            .ttl = 30s,
            .bound = tutti::entries(100),
            .load = [](const std::string&, tutti::LoadContext&) { return 7; },
            .store = tutti::StoreTier<int>{.ttl = 1h, .codec = tutti::json_codec<int>()},
            .channel = "cache:numbers",
        });
    }
    // As the server sees it.
    [[nodiscard]] std::size_t connections(const std::string& name = "life") {
        const std::string list = redis_.command({"CLIENT", "LIST"});
        std::size_t found = 0;
        for (auto at = list.find("name=" + name + " "); at != std::string::npos;
             at = list.find("name=" + name + " ", at + 1)) {
            ++found;
        }
        return found;
    }
    [[nodiscard]] std::string log() const {
        const std::lock_guard lock(lines_->mutex);
        return lines_->text;
    }

    struct Lines {
        std::mutex mutex;
        std::string text;
    };
    std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
    RedisServer redis_;
};

TEST_F(Life, AStoppedNodeHasNoConnectionAndADestroyedOneNoDescriptor) {
    (void)connections();  // whatever the test itself opens once
    const auto before = descriptors();
    for (int round = 0; round < 5; ++round) {
        auto node = make(options());
        std::optional cache = declare(*node);
        ASSERT_TRUE(node->start());
        ASSERT_EQ(**cache->get("a"), 7);
        ASSERT_EQ(connections(), 2U) << "commands and subscriptions";
        const std::size_t open = sockets();

        ASSERT_TRUE(node->stop().complete());

        EXPECT_TRUE(eventually([&] { return connections() == 0; }));
        EXPECT_EQ(sockets(), open - 2);
        node.reset();
        EXPECT_EQ(cache->get("a").error().code, Errc::stopped);
        EXPECT_FALSE(cache->invalidate("a").published());
        EXPECT_EQ(cache->offer("a", 1).error().code, Errc::stopped);
        cache.reset();
        EXPECT_EQ(descriptors().size(), before.size()) << "in round " << round;
    }
}

TEST_F(Life, ANodeThatIsDestroyedWithoutAStartLeavesNothing) {
    const auto before = descriptors();

    make(options()).reset();
    make(options()).reset();

    EXPECT_EQ(descriptors().size(), before.size());
    EXPECT_TRUE(eventually([&] { return connections() == 0; }));
}

TEST_F(Life, ALoaderMayAnswerWhenNodeAndHandleHaveGoneAndOnlyThenTheLastDescriptorGoes) {
    const auto before = descriptors();
    tutti::Completion<tutti::Loaded<int>> answer;
    {
        auto node = make(options());
        auto cache = node->coherent<std::string, int>({
            .name = "numbers",
            .caches = "numbers",
            .stale = tutti::Stale::wrong,
            .ttl = 30s,
            .bound = tutti::entries(100),
            .load = [&](const std::string&, tutti::LoadContext,
                        tutti::Completion<tutti::Loaded<int>> done) { answer = std::move(done); },
            .store = tutti::StoreTier<int>{.ttl = 1h, .codec = tutti::json_codec<int>()},
            .channel = "cache:numbers",
        });
        ASSERT_TRUE(node->start());
        std::promise<void> loading;
        cache.get("a", {.deadline = 10ms}, [&](const auto&) { loading.set_value(); });
        loading.get_future().wait();
        ASSERT_TRUE(eventually([&] { return static_cast<bool>(answer); }));
    }
    EXPECT_TRUE(eventually([&] { return connections() == 0; }));

    std::exchange(answer, nullptr)(7);

    EXPECT_EQ(descriptors().size(), before.size());
}

TEST_F(Life, EveryDescriptorIsClosedInAProgramThatIsStarted) {
    const auto before = descriptors();
    const auto node = make(options());
    const auto cache = declare(*node);
    ASSERT_TRUE(node->start());

    EXPECT_EQ(inherited(before), "");
}

TEST_F(Life, StopLeavesNoConnectionAlthoughAChildHasCopiesOfTheDescriptors) {
    const auto node = make(options());
    const auto cache = declare(*node);
    ASSERT_TRUE(node->start());
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(60);
        for (;;) ::pause();
    }

    EXPECT_TRUE(node->stop().complete());

    EXPECT_TRUE(eventually([&] { return connections() == 0; }));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

TEST_F(Life, WhatAChildDestroysIsNotTakenFromTheParent) {
    auto one = make(options("one"));
    const auto two = make(options("two"));
    std::optional cache = declare(*one);
    const auto other = declare(*two);
    ASSERT_TRUE(one->start());
    ASSERT_TRUE(two->start());
    ASSERT_EQ(**cache->get("a"), 7);

    EXPECT_EQ(in_child([&] {
                  const auto found = cache->get("a");
                  const bool refused = !found && found.error().code == Errc::stopped;
                  one.reset();
                  cache.reset();
                  return refused ? 0 : 1;
              }),
              0);

    // The parent's event loop still hears of everything.
    const auto loads = one->inventory()[0].counters.loads;
    ASSERT_TRUE(other.invalidate("a", {.ack = tutti::Ack::every_instance}).done());
    ASSERT_EQ(**cache->get("a"), 7);
    EXPECT_EQ(one->inventory()[0].counters.loads, loads + 1);
    EXPECT_TRUE(one->health().ready);
}

TEST_F(Life, StartWaitsForARedisThatIsAwayForAWhile) {
    const auto node = make(options());
    const auto cache = declare(*node);
    redis_.kill();
    auto starting = std::async(std::launch::async, [&] { return node->start(20s); });

    // Nothing happens in this time, which is what is tested.
    EXPECT_EQ(starting.wait_for(1s), std::future_status::timeout);
    redis_.start();

    const auto started = starting.get();
    ASSERT_TRUE(started) << started.error().message();
    EXPECT_TRUE(node->health().ready);
}

TEST_F(Life, AStartThatIsLateSaysThatRedisIsAway) {
    const auto node = make(options());
    const auto cache = declare(*node);
    redis_.kill();

    const auto started = node->start(300ms);

    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Errc::unavailable);
    EXPECT_EQ(cache.get("a").error().code, Errc::not_started);
    redis_.start();
    EXPECT_TRUE(node->start(20s)) << "and it may be called again";
}

TEST_F(Life, WithoutRedisNoNodeIsCreatedUnlessItMayStartDegraded) {
    redis_.kill();

    const auto created = tutti::Node::create(options());

    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().code, Errc::unavailable);
}

TEST_F(Life, ADegradedNodeAnswersFromTheSourceAndRecoversByItself) {
    redis_.kill();
    auto degraded = options();
    degraded.start_degraded = true;
    const auto node = make(degraded);
    const auto cache = declare(*node);

    const auto started = node->start(1h);

    ASSERT_TRUE(started) << started.error().message();
    EXPECT_THAT(log(), HasSubstr("started without Redis"));
    EXPECT_TRUE(node->health().live);
    EXPECT_FALSE(node->health().ready);
    EXPECT_THAT(node->health().reasons, Contains(HasSubstr("refused the connection")));
    const auto from_source = cache.get("a");
    ASSERT_TRUE(from_source) << from_source.error().message();
    EXPECT_EQ(from_source->tier(), tutti::Tier::source);
    EXPECT_FALSE(cache.invalidate("a").published());

    redis_.start();

    EXPECT_TRUE(eventually([&] { return node->health().ready; })) << node->health().reasons[0];
    // The invalidation that failed goes out first, and takes what was loaded before it.
    EXPECT_TRUE(eventually([&] { return cache.get("a")->tier() == tutti::Tier::memory; }));
    EXPECT_TRUE(eventually([&] { return cache.invalidate("a").published(); }));
    EXPECT_EQ(connections(), 2U);
}

TEST_F(Life, ADegradedNodeStopsWhileRedisIsAway) {
    redis_.kill();
    auto degraded = options();
    degraded.start_degraded = true;
    const auto node = make(degraded);
    const auto cache = declare(*node);
    ASSERT_TRUE(node->start());

    EXPECT_TRUE(node->stop().complete());
    redis_.start();
}

TEST_F(Life, WhatRedisRefusesWhenItIsBackIsSaidByADegradedNode) {
    redis_.kill();
    auto degraded = options();
    degraded.start_degraded = true;
    const auto node = make(degraded);
    const auto cache = declare(*node);
    ASSERT_TRUE(node->start());

    redis_.start();
    redis_.command({"ACL", "SETUSER", "default", "-eval", "-evalsha"});

    EXPECT_TRUE(eventually([&] { return log().contains("refuses"); }));
    EXPECT_FALSE(node->health().ready);
    EXPECT_THAT(node->health().reasons, Contains(HasSubstr("eval")));
}

TEST_F(Life, ANodeWithoutALimitForItsCommandsStartsAndStops) {
    auto patient = options();
    patient.command_deadline = tutti::Duration::max();
    auto node = make(patient);
    const auto cache = declare(*node);

    const auto started = node->start();

    ASSERT_TRUE(started) << started.error().message();
    EXPECT_EQ(**cache.get("a"), 7);
    EXPECT_TRUE(cache.invalidate("a").published());
    EXPECT_TRUE(node->stop().complete());
}

TEST_F(Life, ANodeStopsWhileTheServerIsSilent) {
    auto node = make(options());
    const auto cache = declare(*node);
    ASSERT_TRUE(node->start());
    ASSERT_EQ(**cache.get("a"), 7);

    redis_.pause();
    EXPECT_TRUE(node->stop().complete());
    redis_.resume();
}

// With and without a bus: LEAVE takes a round trip, behind which everything is sent; without it
// nothing does.
TEST_F(Life, AStopGivesTheClaimsOfRunningLoadsBack) {
    tutti::Completion<tutti::Loaded<int>> held;
    const tutti::StoreTier<int> store{.ttl = 1h, .codec = tutti::json_codec<int>()};
    const auto hold = [&](const std::string&, tutti::LoadContext,
                          tutti::Completion<tutti::Loaded<int>> done) { held = std::move(done); };
    const auto is_claimed = [&] {
        return redis_.command({"EXISTS", "tutti:claim:tutti:cache:life/numbers:a"}) == "1";
    };
    const auto stop_while_loading = [&](auto declare) {
        auto node = make(options());
        const auto cache = declare(*node);
        ASSERT_TRUE(node->start());
        cache.get("a", [](const tutti::Result<tutti::Lookup<int>>&) {});
        ASSERT_TRUE(eventually(is_claimed));
        redis_.command({"SCRIPT", "FLUSH"});  // nothing is sent again when a node has stopped

        ASSERT_TRUE(node->stop().complete());

        EXPECT_TRUE(eventually([&] { return !is_claimed(); }, 2s)) << "it lapses after five";
    };

    stop_while_loading([&](tutti::Node& node) {
        return node.coherent<std::string, int>({.name = "numbers",
                                                .caches = "numbers",
                                                .stale = tutti::Stale::wrong,
                                                .ttl = 30s,
                                                .bound = tutti::entries(100),
                                                .load = hold,
                                                .store = store,
                                                .channel = "cache:numbers"});
    });
    stop_while_loading([&](tutti::Node& node) {
        return node.shared<std::string, int>({.name = "numbers",
                                              .caches = "numbers",
                                              .stale = tutti::Stale::acceptable,
                                              .load = hold,
                                              .store = store});
    });
}

// The load ends as soon as the read that it waits for does, on a thread of its own.
TEST_F(Life, AStopGivesTheClaimOfALoadBackThatReadsAnotherCache) {
    const tutti::StoreTier<int> store{.ttl = 1h, .codec = tutti::json_codec<int>()};
    for (int round = 0; round < 20; ++round) {
        auto node = make(options());
        const auto inner =
            node->shared<std::string, int>({.name = "inner",
                                            .caches = "numbers",
                                            .stale = tutti::Stale::acceptable,
                                            .load = [](const std::string&, tutti::LoadContext,
                                                       tutti::Completion<tutti::Loaded<int>>) {},
                                            .store = store});
        const auto outer = node->shared<std::string, int>(
            {.name = "outer",
             .caches = "numbers",
             .stale = tutti::Stale::acceptable,
             .load =
                 [inner](const std::string& key, tutti::LoadContext,
                         tutti::Completion<tutti::Loaded<int>> done) {
                     inner.get(key, [done = std::move(done)](
                                        const tutti::Result<tutti::Lookup<int>>& read) mutable {
                         std::thread([done = std::move(done), error = read.error()]() mutable {
                             done(tutti::fail(std::move(error)));
                         }).detach();
                     });
                 },
             .store = store});
        const auto is_claimed = [&](const std::string& cache) {
            return redis_.command({"EXISTS", "tutti:claim:tutti:cache:life/" + cache + ":a"}) ==
                   "1";
        };
        ASSERT_TRUE(node->start());
        outer.get("a", [](const tutti::Result<tutti::Lookup<int>>&) {});
        ASSERT_TRUE(eventually([&] { return is_claimed("outer") && is_claimed("inner"); }));

        ASSERT_TRUE(node->stop().complete());

        EXPECT_TRUE(eventually([&] { return !is_claimed("outer") && !is_claimed("inner"); }, 2s));
    }
}

TEST_F(Life, AMistakeIsAnErrorAlsoOfANodeThatMayStartDegraded) {
    auto degraded = options();
    degraded.start_degraded = true;
    degraded.redis = "redis://:wrong@127.0.0.1:" + std::to_string(redis_.port());

    const auto created = tutti::Node::create(degraded);

    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().code, Errc::refused);
}

}  // namespace
}  // namespace tests
