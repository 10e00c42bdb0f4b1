// The publisher's thread: it is woken, it ends, and callers publish beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tutti/embedded.hpp"
#include "tutti/node.hpp"
#include "tutti/outbox.hpp"

namespace tutti::outbox {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Every row is taken once.
class Table : public Rows {
public:
    Result<std::vector<Row>> take() override {
        const std::lock_guard lock(mutex_);
        ++looks_;
        changed_.notify_all();
        return std::exchange(due_, {});
    }
    Result<void> remove(std::span<const RowId> ids) override {
        const std::lock_guard lock(mutex_);
        removed_ += ids.size();
        changed_.notify_all();
        return {};
    }
    void add(Row row) {
        const std::lock_guard lock(mutex_);
        due_.push_back(std::move(row));
    }
    void await_looks(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return looks_ >= count; });
    }
    void await_removed(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return removed_ >= count; });
    }
    std::size_t removed() {
        const std::lock_guard lock(mutex_);
        return removed_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Row> due_;
    std::size_t looks_ = 0;
    std::size_t removed_ = 0;
};

Channel counting(std::atomic<int>& count) {
    return {.name = "a",
            .invalidate = [&count](const KeySet& changed, InvalidateOptions,
                                   std::move_only_function<void(Invalidation)> done) {
                count += static_cast<int>(changed.keys.size());
                done({.outcome = Invalidation::Outcome::published, .position = {}, .reason = {}});
            }};
}

TEST(OutboxPublisher, AWakeUpNeedsNoPoll) {
    std::atomic<int> told = 0;
    const auto table = std::make_shared<Table>();
    const auto publisher =
        Publisher::start({.channels = {counting(told)}, .poll_every = 24h}, table).value();
    table->await_looks(1);

    table->add({.id = 1, .channel = "a", .key = "1"});
    publisher->wake();
    table->await_removed(1);

    EXPECT_EQ(told, 1);
}

TEST(OutboxPublisher, ThreadsPublishBesideItAndItsEndRemovesWhatTheyTook) {
    constexpr int threads = 4;
    constexpr int each = 500;
    std::atomic<int> told = 0;
    const auto table = std::make_shared<Table>();
    auto publisher =
        Publisher::start({.channels = {counting(told)}, .poll_every = 1ms}, table).value();

    std::vector<std::jthread> writers;
    for (int thread = 0; thread < threads; ++thread) {
        writers.emplace_back([&, thread] {
            for (RowId i = 1; i <= each; ++i) {
                EXPECT_TRUE(
                    publisher->publish({{.id = thread * each + i, .channel = "a", .key = "1"}}));
            }
        });
    }
    writers.clear();
    EXPECT_EQ(publisher->figures().published, threads * each);
    publisher.reset();

    EXPECT_EQ(told, threads * each);
    EXPECT_EQ(table->removed(), threads * each);
}

TEST(OutboxPublisher, ACacheOfTheProcessHasForgottenWhenPublishReturns) {
    std::atomic<int> source = 1;
    const auto node = Node::create({.name = "test"}).value();
    const auto cache = node->coherent(CacheOptions<std::string, int>{
        .name = "numbers",
        .caches = "numbers",
        .stale = Stale::wrong,
        .ttl = 1h,
        .bound = entries(10),
        .load = [&](const std::string&, LoadContext&) { return source.load(); },
        .channel = "cache:numbers"});
    ASSERT_TRUE(node->start());
    const auto publisher =
        Publisher::start({.channels = {channel("cache:numbers", cache)}}, std::make_shared<Table>())
            .value();
    EXPECT_EQ(*cache.get("k").value(), 1);
    source = 2;

    EXPECT_TRUE(publisher->publish({{.id = 1, .channel = "cache:numbers", .key = "k"},
                                    {.id = 2, .channel = "cache:numbers", .key = "l"}}));

    EXPECT_EQ(*cache.get("k").value(), 2);
}

TEST(OutboxPublisher, WhatCarriesATagIsForgottenWhenPublishReturns) {
    std::atomic<int> source = 1;
    const auto node = Node::create({.name = "test"}).value();
    const auto cache = node->coherent(
        CacheOptions<std::string, int>{.name = "numbers",
                                       .caches = "numbers",
                                       .stale = Stale::wrong,
                                       .ttl = 1h,
                                       .bound = entries(10),
                                       .load =
                                           [&](const std::string& key, LoadContext&) {
                                               Loaded<int> loaded(source.load());
                                               return loaded.tag(key == "k" ? "red" : "blue");
                                           },
                                       .tagged = Tagged{},
                                       .channel = "cache:numbers"});
    ASSERT_TRUE(node->start());
    const auto publisher =
        Publisher::start({.channels = {channel("cache:numbers", cache)}}, std::make_shared<Table>())
            .value();
    for (const char* key : {"k", "l"}) EXPECT_EQ(*cache.get(key).value(), 1);
    source = 2;

    EXPECT_TRUE(publisher->publish({{.id = 1, .channel = "cache:numbers", .tag = "red"}}));

    EXPECT_EQ(*cache.get("k").value(), 2);
    EXPECT_EQ(*cache.get("l").value(), 1);
}

TEST(OutboxPublisher, SaysEverythingThatIsWrongWithItsOptions) {
    const auto started = Publisher::start({.channels = {{.name = "a", .invalidate = nullptr}},
                                           .poll_every = 0s,
                                           .deadline = 0s,
                                           .keys_max = 0,
                                           .rows_kept = -1s},
                                          std::make_shared<Table>());

    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Errc::invalid_option);
    for (const char* option :
         {"channels:", "poll_every:", "deadline:", "keys_max:", "rows_kept:"}) {
        EXPECT_THAT(started.error().cause, HasSubstr(option));
    }
}

}  // namespace
}  // namespace tutti::outbox
