// A whole node with its threads, over the embedded hub.
#include "tutti/node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "tutti/asio.hpp"
#include "tutti/testing/embedded_server.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

CacheOptions<std::string, int> numbers(std::atomic<int>& source) {
    return {
        .name = "numbers",
        .caches = "numbers",
        .stale = Stale::wrong,
        .ttl = 30s,
        .bound = entries(100),
        .load = [&](const std::string&, LoadContext&) { return source.load(); },
        .channel = "numbers",
    };
}

std::unique_ptr<Node> node_on(std::shared_ptr<EmbeddedHub> hub = nullptr) {
    return Node::create({.name = "node", .embedded = std::move(hub), .lease = 100ms}).value();
}

TEST(NodeOptions, EveryMistakeIsNamedAtOnce) {
    const auto created = Node::create({.name = "",
                                       .redis = "redis://localhost",
                                       .lease = 0s,
                                       .clock_drift_max = 2,
                                       .command_deadline = -1s,
                                       .workers = 0});

    ASSERT_FALSE(created.has_value());
    EXPECT_EQ(created.error().code, Errc::invalid_option);
    EXPECT_THAT(created.error().cause, ::testing::StartsWith("6 problems:\n"));
    for (const char* option :
         {"name", "app", "lease", "clock_drift_max", "command_deadline", "workers"}) {
        EXPECT_THAT(created.error().cause, HasSubstr(std::string("\n  ") + option + ": "));
    }
}

// As a trace's context is kept.
thread_local std::string present_message;

TEST(NodeOptions, LoadTakesAlongWhatItsReaderWasIn) {
    const auto node = Node::create({.name = "node",
                                    .carry =
                                        [] {
                                            return [from = present_message] {
                                                present_message = from;
                                                return std::shared_ptr<void>(nullptr, [](void*) {
                                                    present_message.clear();
                                                });
                                            };
                                        }})
                          .value();
    std::string loaded_for;
    std::thread::id loader;
    const auto cache = node->local<std::string, int>({
        .name = "numbers",
        .caches = "numbers",
        .stale = Stale::acceptable,
        .ttl = 30s,
        .bound = entries(100),
        .load =
            [&](const std::string&, LoadContext&) {
                loaded_for = present_message;
                loader = std::this_thread::get_id();
                return 1;
            },
    });
    ASSERT_TRUE(node->start());

    present_message = "message 1";
    const auto found = cache.get("a");
    present_message.clear();

    EXPECT_TRUE(found);
    EXPECT_EQ(loaded_for, "message 1");
    EXPECT_NE(loader, std::this_thread::get_id());
}

TEST(NodeOptions, WhatOnlyARedisWouldRefuseIsRefusedWithoutOne) {
    const auto cause_of = [](NodeOptions options) {
        const auto created = Node::create(options);
        return created ? std::string() : created.error().cause;
    };

    for (const std::string& name :
         {std::string(129, 'n'), std::string("a{b}"), std::string("a\nb"), std::string("\xFF")}) {
        EXPECT_THAT(cause_of({.name = name}), ::testing::StartsWith("name: must have 1 to 128"));
        EXPECT_THAT(cause_of({.name = "node", .app = name}),
                    ::testing::StartsWith("app: must have 1 to 128"));
    }
    EXPECT_THAT(cause_of({.name = "node", .app = "a/b"}), ::testing::StartsWith("app: "));
    EXPECT_THAT(cause_of({.name = "node", .service = "a\tb"}), ::testing::StartsWith("service: "));
    EXPECT_THAT(cause_of({.name = "node", .command_deadline = 1ns}),
                ::testing::StartsWith("command_deadline: must be at least 1 ms"));
    EXPECT_EQ(cause_of({.name = "node", .command_deadline = 1ms}), "");
    EXPECT_THAT(cause_of({.name = "node", .redis = "localhost:6379", .app = "shop"}),
                ::testing::StartsWith("redis: it must look like redis://host:6379"));
    EXPECT_EQ(cause_of({.name = std::string(128, 'n'), .app = "Zettelk\xC3\xA4sten"}), "");
}

TEST(Declarations, StartNamesEverythingThatIsWrongWithAllOfThem) {
    const auto node = node_on();
    const auto nothing = node->coherent<std::string, int>({.name = "first", .caches = "x"});
    const auto zero = node->local<std::string, int>({
        .name = "second",
        .caches = "x",
        .stale = Stale::acceptable,
        .ttl = 0s,
        .bound = entries(0),
        .load = [](const std::string&, LoadContext&) { return 1; },
        .channel = "local-has-no-channel",
        .reach = Reach::every_key,
    });

    const auto started = node->start();

    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().code, Errc::invalid_option);
    for (const char* part : {"\n  cache 'first': stale: is missing", "load: is missing",
                             "channel: ", "\n  cache 'second': ttl: ", "bound: ", "reach: "}) {
        EXPECT_THAT(started.error().cause, HasSubstr(part));
    }
    EXPECT_EQ(zero.get("a").error().code, Errc::invalid_option);
}

TEST(Declarations, ANameIsUsedOnce) {
    std::atomic<int> source = 1;
    const auto node = node_on();
    const auto one = node->coherent<std::string, int>(numbers(source));
    const auto two = node->coherent<std::string, int>(numbers(source));

    EXPECT_THAT(node->start().error().cause, HasSubstr("used twice"));
}

TEST(Declarations, ACriticalOneStartsAndWarns) {
    std::string warnings;
    const auto node = Node::create({.name = "node",
                                    .log =
                                        [&](LogLevel level, std::string_view text) {
                                            if (level == LogLevel::warning) warnings += text;
                                        }})
                          .value();
    std::atomic<int> source = 1;
    auto options = numbers(source);
    options.channel.clear();
    const auto cache = node->local<std::string, int>(std::move(options));

    EXPECT_TRUE(node->start().has_value());
    EXPECT_THAT(warnings, HasSubstr("CRITICAL: cache 'numbers'"));
}

TEST(NodeLife, ACacheAnswersNotStartedThenValuesThenStopped) {
    std::atomic<int> source = 7;
    auto node = node_on();
    const auto cache = node->coherent<std::string, int>(numbers(source));

    EXPECT_EQ(cache.get("a").error().code, Errc::not_started);
    EXPECT_FALSE(cache.invalidate("a").published());
    ASSERT_TRUE(node->start().has_value());
    EXPECT_EQ(*cache.get("a").value(), 7);
    EXPECT_TRUE(node->health().ready);
    node.reset();

    EXPECT_EQ(cache.get("a").error().code, Errc::stopped);
    EXPECT_THAT(cache.invalidate("a").reason, HasSubstr("stopped"));
}

TEST(NodeLife, AStoppedNodeDoesNotStartAgain) {
    const auto node = node_on();
    node->stop();
    node->stop();

    EXPECT_EQ(node->start().error().code, Errc::stopped);
}

TEST(Coherent, AChangeOnOneNodeIsSeenByTheOther) {
    std::atomic<int> source = 1;
    const auto hub = EmbeddedHub::create();
    const auto one = node_on(hub);
    const auto two = node_on(hub);
    const auto cache_one = one->coherent<std::string, int>(numbers(source));
    const auto cache_two = two->coherent<std::string, int>(numbers(source));
    ASSERT_TRUE(one->start() && two->start());
    ASSERT_EQ(*cache_two.get("a").value(), 1);

    source = 2;
    const auto done = cache_one.invalidate("a", {.ack = Ack::every_instance});

    EXPECT_TRUE(done.done()) << done.reason;
    EXPECT_EQ(*cache_two.get("a").value(), 2);
    EXPECT_EQ(cache_two.get("a")->tier(), Tier::memory);
}

TEST(Coherent, CachesOfOneChannelForgetTogetherAlsoBeforeTheirNodeHearsOfIt) {
    std::atomic<int> source = 1;
    const auto hub = EmbeddedHub::create();
    testing::EmbeddedServer server{hub};
    const auto node = Node::create({.name = "node", .embedded = hub, .lease = 10s}).value();
    const auto cache = node->coherent<std::string, int>(numbers(source));
    auto of_another_kind = numbers(source);
    of_another_kind.name = "sums";
    of_another_kind.reach = Reach::every_key;
    const auto sums = node->coherent<std::string, int>(std::move(of_another_kind));
    const auto started = node->start();
    ASSERT_TRUE(started) << started.error().message();
    ASSERT_EQ(*cache.get("a").value(), 1);
    ASSERT_EQ(*sums.get("all").value(), 1);
    server.disconnect();

    source = 2;
    ASSERT_TRUE(cache.invalidate("a").published());

    EXPECT_EQ(*cache.get("a").value(), 2);
    EXPECT_EQ(*sums.get("all").value(), 2);
}

TEST(Coherent, ManyThreadsReadOneKeyWithOneLoad) {
    std::atomic<int> loads = 0;
    std::atomic<bool> release = false;
    const auto node = node_on();
    auto options = numbers(loads);
    options.load = [&](const std::string&, LoadContext&) {
        ++loads;
        release.wait(false);
        return 7;
    };
    const auto cache = node->coherent<std::string, int>(std::move(options));
    ASSERT_TRUE(node->start());

    std::atomic<int> right = 0;
    std::vector<std::jthread> readers;
    for (int reader = 0; reader < 8; ++reader) {
        readers.emplace_back([&] { right += *cache.get("a").value() == 7; });
    }
    while (node->inventory()[0].counters.misses < 8) std::this_thread::yield();
    release = true;
    release.notify_all();
    readers.clear();

    EXPECT_EQ(right, 8);
    EXPECT_EQ(loads, 1);
}

TEST(AsioToken, AwaitsARead) {
    std::atomic<int> source = 7;
    const auto node = node_on();
    const auto cache = node->coherent<std::string, int>(numbers(source));
    ASSERT_TRUE(node->start());
    boost::asio::io_context context;

    int found = 0;
    std::thread::id thread;
    boost::asio::co_spawn(
        context,
        [](auto& numbers, int& out, std::thread::id& where) -> boost::asio::awaitable<void> {
            const auto lookup = co_await numbers.get("a", boost::asio::use_awaitable);
            out = *lookup.value();
            where = std::this_thread::get_id();
        }(cache, found, thread),
        [](const std::exception_ptr& thrown) { EXPECT_FALSE(thrown); });
    context.run();

    EXPECT_EQ(found, 7);
    EXPECT_EQ(thread, std::this_thread::get_id());
}

// An executor of its own: the threads of Asio's default one would keep a forked test from exiting.
TEST(AsioToken, FuturesWorkForInvalidations) {
    std::atomic<int> source = 7;
    const auto node = node_on();
    const auto cache = node->coherent<std::string, int>(numbers(source));
    ASSERT_TRUE(node->start());
    boost::asio::io_context context;

    auto sent = cache.invalidate("a", boost::asio::bind_executor(context, boost::asio::use_future));
    context.run();

    EXPECT_TRUE(sent.get().published());
}

TEST(AwaitableLoader, LoadsInACoroutineAndReportsItsException) {
    boost::asio::io_context context;
    auto work = boost::asio::make_work_guard(context);
    std::jthread thread([&] { context.run(); });
    std::atomic<int> unused = 0;
    auto options = numbers(unused);
    options.load = awaitable_loader<std::string, int>(
        context.get_executor(),
        [](std::string key, LoadContext) -> boost::asio::awaitable<Result<int>> {
            if (key == "bad") throw std::runtime_error("boom");
            co_return 9;
        });
    const auto node = node_on();
    const auto cache = node->coherent<std::string, int>(std::move(options));
    ASSERT_TRUE(node->start());

    EXPECT_EQ(*cache.get("good").value(), 9);
    EXPECT_EQ(cache.get("bad").error().cause, "load threw: boom");
    node->stop();
    work.reset();
}

TEST(Cooldown, AllowsOncePerPeriodAndTakesClaimsBack) {
    const auto node = node_on();
    const auto cooldown = node->cooldown<std::string>(
        {.name = "notices", .caches = "notices", .period = 1h, .bound = entries(10)});
    ASSERT_TRUE(node->start());

    EXPECT_TRUE(cooldown.try_claim("a"));
    EXPECT_FALSE(cooldown.try_claim("a"));
    EXPECT_TRUE(cooldown.try_claim("b"));
    cooldown.release("a");
    EXPECT_TRUE(cooldown.try_claim("a"));
}

// Reads everything that a node tells about itself until told to stop; for ThreadSanitizer.
void tell_all(const Node& node, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        (void)node.metrics();
        (void)node.inventory();
        (void)node.health();
    }
}

TEST(Metrics, MayBeReadWhileAnotherThreadDeclares) {
    std::atomic<int> source = 7;
    const auto node = node_on();
    const auto declare = [&](const std::string& name) {
        auto options = numbers(source);
        options.name = name;
        return node->coherent<std::string, int>(std::move(options));
    };
    std::jthread scrape([&](const std::stop_token& stop) { tell_all(*node, stop); });

    for (int i = 0; i < 50; ++i) (void)declare("early-" + std::to_string(i));
    const auto started = node->start();
    ASSERT_TRUE(started) << started.error().message();
    const auto late = declare("late");
    for (int i = 0; i < 50; ++i) (void)declare("late-" + std::to_string(i));

    EXPECT_EQ(node->inventory().size(), 50U) << "what is declared too late does not run";
    EXPECT_EQ(late.get("a").error().code, Errc::invalid_option);
}

TEST(Start, WithoutALimitWaitsForItsChannels) {
    std::atomic<int> source = 7;
    const auto node = node_on();
    const auto cache = node->coherent<std::string, int>(numbers(source));

    EXPECT_TRUE(node->start(Duration::max()));
}

TEST(Metrics, CountHitsMissesAndLoadsByCache) {
    std::atomic<int> source = 7;
    const auto node = node_on();
    const auto cache = node->coherent<std::string, int>(numbers(source));
    ASSERT_TRUE(node->start());
    for (int read = 0; read < 3; ++read) (void)cache.get("a");

    const std::string text = node->metrics();

    EXPECT_THAT(text, HasSubstr("tutti_cache_hits_total{cache=\"numbers\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("tutti_cache_misses_total{cache=\"numbers\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("tutti_cache_loads_total{cache=\"numbers\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("tutti_channel_lease_effective{channel=\"numbers\"} 1\n"));
}

}  // namespace
}  // namespace tutti
