// The verbs of the tests about whole nodes. Waiting is real, so what counts loads has a lease that
// no slow machine lets lapse, and `done` a short one: it waits for what the server has not known
// for so long yet (W3).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "contract/node_world.hpp"
#include "support/eventually.hpp"
#include "tutti/json.hpp"
#include "tutti/node.hpp"

namespace tutti::contract {

using namespace std::chrono_literals;
using tests::eventually;

// Rows by number, which all nodes of a test read. Thread-safe.
class Rows {
public:
    std::optional<int> read(int row) {
        const std::lock_guard lock(mutex_);
        ++loads_;
        if (failure_) throw std::runtime_error(*failure_);
        const auto place = rows_.find(row);
        if (place == rows_.end()) return std::nullopt;
        return place->second;
    }
    void write(int row, int value) {
        const std::lock_guard lock(mutex_);
        rows_[row] = value;
    }
    void break_down(std::optional<std::string> failure) {
        const std::lock_guard lock(mutex_);
        failure_ = std::move(failure);
    }
    [[nodiscard]] int loads() const {
        const std::lock_guard lock(mutex_);
        return loads_;
    }

private:
    mutable std::mutex mutex_;
    std::map<int, int> rows_{{1, 10}, {2, 20}, {3, 30}};
    std::optional<std::string> failure_;
    int loads_ = 0;
};

// What loaders that should take a while wait for. Thread-safe; opens for good.
class Gate {
public:
    void open() {
        if (!std::exchange(opened_, true)) promise_.set_value();
    }
    void wait() const { passed_.wait(); }

private:
    bool opened_ = false;
    std::promise<void> promise_;
    std::shared_future<void> passed_ = promise_.get_future().share();
};

class NodeContract : public ::testing::TestWithParam<NodeWorldFactory> {
protected:
    using Cache = Coherent<int, int>;
    using Options = CacheOptions<int, int>;

    static constexpr Duration long_lease = 1min;
    static constexpr Duration short_lease = 200ms;
    static constexpr Duration patience = tests::eventually_within;
    static constexpr GetOptions patient{.deadline = tests::eventually_within};
    static constexpr InvalidateOptions published{.deadline = tests::eventually_within};
    static constexpr InvalidateOptions everywhere{.ack = Ack::every_instance,
                                                  .deadline = tests::eventually_within};

    void TearDown() override {
        gate_.open();
        stop_all();
    }
    void stop_all() {
        for (const auto& node : nodes_) EXPECT_TRUE(node->stop().complete());
        nodes_.clear();
    }

    NodeWorld& world() { return *world_; }
    Node& node(const std::string& name, Duration lease = long_lease) {
        NodeOptions options = world_->options(name);
        options.lease = lease;
        options.command_deadline = patience;
        auto created = Node::create(options);
        if (!created) throw std::runtime_error(created.error().message());
        return *nodes_.emplace_back(*std::move(created));
    }
    // All that there are.
    void start() {
        for (const auto& node : nodes_) {
            const auto started = node->start(patience);
            ASSERT_TRUE(started) << started.error().message();
        }
    }
    // Of their first caches.
    [[nodiscard]] bool all_count_invalidations(std::uint64_t count) const {
        return std::ranges::all_of(nodes_, [&](const auto& node) {
            return node->inventory().front().counters.invalidations == count;
        });
    }
    Options rows(const std::string& name = "rows") {
        return {
            .name = name,
            .caches = "rows by number",
            .stale = Stale::wrong,
            .ttl = 1h,
            .bound = entries(1000),
            .load = [this](int row, LoadContext&) { return source_.read(row); },
            .channel = "rows",
        };
    }
    static StoreTier<int> store(Ttl ttl = 1h) { return {.ttl = ttl, .codec = json_codec<int>()}; }
    Options stored_rows(const std::string& name = "rows") {
        Options options = rows(name);
        options.store = store();
        return options;
    }
    // A started node with that cache, and perhaps a further one.
    Cache one(const Options& options, Duration lease = long_lease) {
        Cache cache = node("one", lease).coherent(options);
        start();
        return cache;
    }
    std::pair<Cache, Cache> two(const Options& options, Duration lease = long_lease) {
        std::pair caches{node("one", lease).coherent(options),
                         node("two", lease).coherent(options)};
        start();
        return caches;
    }

    static int value(const Result<Lookup<int>>& found) { return found.value_or(-1); }
    static int get(const Cache& cache, int row) { return value(cache.get(row, patient)); }
    // With a store readers have their answer one round trip before memory has it.
    static bool keeps(const Cache& cache, int row) {
        return eventually([&] { return cache.contains(row); });
    }
    static bool gets(const Cache& cache, int row, int wanted) {
        return eventually([&] { return get(cache, row) == wanted; });
    }

    // Waits for what a call that does not block tells, once.
    template <class Answer, class Start>
    static Answer answer_of(Start start) {
        auto told = std::make_shared<std::promise<Answer>>();
        auto answer = told->get_future();
        start([told](Answer given) { told->set_value(std::move(given)); });
        return answer.get();
    }

    Rows source_;
    Gate gate_;

private:
    std::unique_ptr<NodeWorld> world_ = GetParam().make();
    std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace tutti::contract
