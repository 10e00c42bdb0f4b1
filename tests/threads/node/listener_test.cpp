// Functions of the program's that a node calls beside its loaders, on real threads: a listener, and
// what warms a cache up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tutti/node.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;

using LocalNumbers = Local<std::string, int>;

CacheOptions<std::string, int> numbers() {
    return {.name = "numbers",
            .caches = "numbers",
            .stale = Stale::acceptable,
            .ttl = 1h,
            .bound = entries(1000),
            .load = [](const std::string& key, LoadContext&) { return int(key.size()); }};
}

TEST(Listener, ThatHangsHoldsUpNothingAndIsNamedAtTheEnd) {
    std::counting_semaphore<> heard{0};
    std::promise<void> let_go;
    const auto node = Node::create({.name = "node"}).value();
    auto options = numbers();
    options.events = EventListener{.listen =
                                       [&, gone = let_go.get_future().share()](const CacheEvent&) {
                                           heard.release();
                                           gone.wait();
                                       },
                                   .waiting_max = 2};
    const LocalNumbers cache = node->local<std::string, int>(std::move(options));
    ASSERT_TRUE(node->start());

    for (int change = 0; change < 100; ++change) cache.forget("a");
    EXPECT_EQ(**cache.get("abc"), 3) << "another load finds a worker";
    EXPECT_GE(node->inventory().front().counters.events_dropped, 97U);
    heard.acquire();  // or the stop would take the event back
    const Stopped stopped = node->stop(10ms);

    EXPECT_THAT(stopped.left, Contains(HasSubstr("events of cache numbers")));
    let_go.set_value();
}

TEST(Listener, ThatAlwaysHasSomethingToHearLeavesTheOnlyWorkerToOthers) {
    std::atomic<bool> enough = false;
    const auto node = Node::create({.name = "node", .workers = 1}).value();
    auto options = numbers();
    LocalNumbers* cache = nullptr;  // set before the start
    options.events = EventListener{.listen =
                                       [&](const CacheEvent&) {
                                           if (!enough) cache->forget("a");
                                       },
                                   .kinds = {CacheEvent::Kind::invalidated}};
    LocalNumbers declared = node->local<std::string, int>(std::move(options));
    cache = &declared;
    ASSERT_TRUE(node->start());
    declared.forget("a");

    EXPECT_EQ(**declared.get("abc"), 3);

    enough = true;
}

TEST(Listener, MayNotWaitForTheNode) {
    std::promise<Errc> refused;
    const auto node = Node::create({.name = "node"}).value();
    auto options = numbers();
    LocalNumbers* cache = nullptr;  // set before the start
    options.events = EventListener{
        .listen = [&](const CacheEvent&) { refused.set_value(cache->get("b").error().code); },
        .kinds = {CacheEvent::Kind::invalidated}};
    LocalNumbers declared = node->local<std::string, int>(std::move(options));
    cache = &declared;
    ASSERT_TRUE(node->start());

    declared.forget("a");

    EXPECT_EQ(refused.get_future().get(), Errc::wrong_thread);
}

TEST(Listener, HearsOfHitsFromManyThreads) {
    constexpr int readers = 4;
    constexpr int reads = 200;
    std::atomic<int> heard = 0;
    const auto node = Node::create({.name = "node"}).value();
    auto options = numbers();
    options.events = EventListener{.listen = [&](const CacheEvent&) { ++heard; },
                                   .kinds = {CacheEvent::Kind::hit}};
    const LocalNumbers cache = node->local<std::string, int>(std::move(options));
    ASSERT_TRUE(node->start());
    ASSERT_TRUE(cache.get("a"));

    {
        std::vector<std::jthread> threads;
        for (int reader = 0; reader < readers; ++reader) {
            threads.emplace_back([&] {
                for (int read = 0; read < reads; ++read) EXPECT_EQ(**cache.get("a"), 1);
            });
        }
    }

    while (heard < readers * reads) std::this_thread::yield();
    EXPECT_EQ(node->inventory().front().counters.hits, std::uint64_t{readers * reads});
}

TEST(WarmUpOfANode, DelaysItsReadinessAndNotItsStart) {
    std::promise<void> go_on;
    const auto node = Node::create({.name = "node"}).value();
    auto options = numbers();
    options.warm_up = WarmUp<std::string>{.keys =
                                              [gone = go_on.get_future().share()] {
                                                  gone.wait();
                                                  return std::vector<std::string>{"a", "b", "c"};
                                              },
                                          .keys_at_once = 2,
                                          .delays_readiness = true};
    const LocalNumbers cache = node->local<std::string, int>(std::move(options));

    ASSERT_TRUE(node->start());
    const Health before = node->health();
    go_on.set_value();
    while (!node->health().ready) std::this_thread::yield();

    EXPECT_TRUE(before.live);
    EXPECT_THAT(before.reasons, Contains(HasSubstr("the warm-up asks for its keys")));
    EXPECT_TRUE(cache.contains("a") && cache.contains("c"));
    EXPECT_THAT(node->metrics(), HasSubstr("tutti_cache_warm_up_done{cache=\"numbers\"} 3"));
}

}  // namespace
}  // namespace tutti
