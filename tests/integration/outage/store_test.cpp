// Four nodes with a store on a real redis-server: one loader in the fleet, nothing old in Redis,
// and what happens to loads when their loader or Redis goes away.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "support/eventually.hpp"
#include "support/redis_server.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using Texts = tutti::Coherent<std::string, std::string>;
using Found = tutti::Result<tutti::Lookup<std::string>>;

// Counts how often it was called, and holds loaders back while it is shut.
class Source {
public:
    std::string load(const std::string& key) {
        const std::string value = key + " " + std::to_string(version.load());
        ++calls;
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return open_; });
        return value;
    }
    void shut() { set(false); }
    void open() { set(true); }

    std::atomic<int> version = 1;
    std::atomic<int> calls = 0;

private:
    void set(bool open) {
        const std::lock_guard lock(mutex_);
        open_ = open;
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = true;
};

// Counts answers that come on the nodes' threads.
class Answers {
public:
    void take(const Found& found) {
        const std::lock_guard lock(mutex_);
        ++(found ? values_[**found] : failures_);
        ++all_;
        changed_.notify_all();
    }
    bool wait_for(int count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 10s, [&] { return all_ >= count; });
    }
    int of(const std::string& value) {
        const std::lock_guard lock(mutex_);
        return values_[value];
    }
    int failures() {
        const std::lock_guard lock(mutex_);
        return failures_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, int> values_;
    int failures_ = 0;
    int all_ = 0;
};

class StoreOnRedis : public ::testing::Test {
protected:
    static constexpr int nodes_max = 4;

    void SetUp() override {
        for (int i = 0; i < nodes_max; ++i) add_node();
    }
    void TearDown() override { source_.open(); }

    void add_node(tutti::Duration load_deadline = 400ms) {
        auto node = tutti::Node::create({.name = "node-" + std::to_string(nodes_.size()),
                                         .redis = redis_.url(),
                                         .app = "store",
                                         .command_deadline = 300ms})
                        .value();
        caches_.push_back(node->coherent<std::string, std::string>({
            .name = "rows",
            .caches = "rows",
            .stale = tutti::Stale::wrong,
            .ttl = 1h,
            .bound = tutti::entries(1000),
            .load = [this](const std::string& key,
                           tutti::LoadContext&) { return source_.load(key); },
            .load_deadline = load_deadline,
            .store = tutti::StoreTier<std::string>{.ttl = 1h, .codec = tutti::bytes_codec()},
            .channel = "rows",
        }));
        const auto started = node->start();
        ASSERT_TRUE(started) << started.error().message();
        nodes_.push_back(std::move(node));
    }

    void read(std::size_t node, const std::string& key, Answers& answers) {
        caches_[node].get(key, [&answers](const Found& found) { answers.take(found); });
    }

    RedisServer redis_;
    Source source_;
    std::vector<std::unique_ptr<tutti::Node>> nodes_;
    std::vector<Texts> caches_;
};

TEST_F(StoreOnRedis, AThousandConcurrentMissesOfFourNodesMakeOneLoad) {
    constexpr int readers = 1000;
    for (int round = 0; round < 10; ++round) {
        Answers answers;
        const std::string key = "k" + std::to_string(round);
        source_.calls = 0;
        source_.shut();

        for (int i = 0; i < readers; ++i)
            read(static_cast<std::size_t>(i) % nodes_max, key, answers);
        ASSERT_TRUE(eventually([&] { return source_.calls > 0; }));
        std::this_thread::sleep_for(20ms);  // whoever would call it as well has by now
        source_.open();

        ASSERT_TRUE(answers.wait_for(readers));
        EXPECT_EQ(answers.of(key + " 1"), readers);
        EXPECT_EQ(source_.calls, 1);
    }
}

TEST_F(StoreOnRedis, AnInvalidationDuringALoadLeavesNothingOldAnywhere) {
    for (int round = 0; round < 30; ++round) {
        Answers before;
        const std::string key = "k" + std::to_string(round);
        const int old = source_.version;
        const int calls = source_.calls;
        source_.shut();
        read(0, key, before);
        ASSERT_TRUE(eventually([&] { return source_.calls > calls; }));

        const std::string latest = key + " " + std::to_string(++source_.version);
        ASSERT_TRUE(caches_[1].invalidate(key).published());
        source_.open();
        ASSERT_TRUE(before.wait_for(1));

        EXPECT_EQ(before.of(key + " " + std::to_string(old)), 1) << "it had begun before";
        for (std::size_t node = 1; node < nodes_max; ++node) {
            EXPECT_EQ(**caches_[node].get(key), latest);
        }
        EXPECT_TRUE(eventually([&] { return **caches_[0].get(key) == latest; }));
    }
}

TEST_F(StoreOnRedis, ANodeThatStopsInTheMiddleOfALoadIsReplaced) {
    source_.shut();
    Answers of_the_dead;
    Answers answers;
    read(0, "k", of_the_dead);
    ASSERT_TRUE(eventually([&] { return source_.calls == 1; }));
    for (int i = 0; i < 30; ++i) read(1, "k", answers);

    std::thread stopping([&] { nodes_[0]->stop(); });
    ASSERT_TRUE(of_the_dead.wait_for(1));
    EXPECT_EQ(of_the_dead.failures(), 1);
    source_.open();
    stopping.join();

    ASSERT_TRUE(answers.wait_for(30));
    EXPECT_EQ(answers.of("k 1"), 30);
    EXPECT_EQ(source_.calls, 2);
}

TEST_F(StoreOnRedis, NobodyFailsWhileRedisIsKilledUnderLoads) {
    constexpr int readers = 200;
    Answers answers;
    source_.shut();
    for (int i = 0; i < readers; ++i) read(static_cast<std::size_t>(i) % nodes_max, "k", answers);
    ASSERT_TRUE(eventually([&] { return source_.calls > 0; }));

    redis_.kill();
    source_.open();

    ASSERT_TRUE(answers.wait_for(readers));
    EXPECT_EQ(answers.of("k 1"), readers);
    EXPECT_LE(source_.calls, nodes_max) << "each node goes alone, once";
    redis_.start();
    ++source_.version;
    EXPECT_TRUE(eventually([&] { return caches_[1].invalidate("k").published(); }));
    EXPECT_TRUE(eventually([&] { return **caches_[2].get("k") == "k 2"; }));
}

TEST_F(StoreOnRedis, WhoWaitsForTheLoadOfAnotherGoesAloneWhenTheConnectionIsLost) {
    constexpr std::size_t loading = nodes_max;
    constexpr std::size_t waiting = nodes_max + 1;
    for (int i = 0; i < 2; ++i) add_node(30s);  // the claim would stand for as long
    Answers answers;
    source_.shut();
    read(loading, "k", answers);
    ASSERT_TRUE(eventually([&] { return source_.calls == 1; }));
    read(waiting, "k", answers);
    std::this_thread::sleep_for(50ms);  // it has been told whose the claim is

    redis_.kill();

    EXPECT_TRUE(eventually([&] { return source_.calls == 2; })) << "Redis stays away";
    source_.open();
    ASSERT_TRUE(answers.wait_for(2));
    EXPECT_EQ(answers.of("k 1"), 2);
}

// They wait for a server that says nothing, longer than the node lives.
TEST_F(StoreOnRedis, AStoppedNodeOwesNoAnswerOfAReservationOrAnOffer) {
    const auto node =
        tutti::Node::create({.name = "brief", .redis = redis_.url(), .app = "test"}).value();
    const auto reservation =
        node->reservation<std::string>({.name = "jobs",
                                        .caches = "who came first",
                                        .window = 1min,
                                        .when_store_fails = tutti::WhenStoreFails::refuse});
    const auto cache = node->shared(tutti::CacheOptions<std::string, std::string>{
        .name = "offers",
        .caches = "values",
        .stale = tutti::Stale::acceptable,
        .load = [](const std::string&, tutti::LoadContext&) { return std::string("loaded"); },
        .store = tutti::StoreTier<std::string>{.ttl = 1min, .codec = tutti::bytes_codec()}});
    ASSERT_TRUE(node->start());
    redis_.pause();
    std::atomic<int> asking = 0;
    auto reserved = std::async(std::launch::async, [&] {
        ++asking;
        return reservation.reserve("k", "mine", 1min);
    });
    auto offered = std::async(std::launch::async, [&] {
        ++asking;
        return cache.offer("k", "better", {.deadline = 1min});
    });
    ASSERT_TRUE(eventually([&] { return asking == 2; }));

    node->stop();

    ASSERT_EQ(reserved.wait_for(5s), std::future_status::ready);
    ASSERT_EQ(offered.wait_for(5s), std::future_status::ready);
    EXPECT_EQ(reserved.get().error().code, tutti::Errc::stopped);
    EXPECT_FALSE(offered.get());
    redis_.resume();
}

TEST_F(StoreOnRedis, ARestartFromAnOlderCopyBringsNoValueBack) {
    ASSERT_EQ(**caches_[0].get("k"), "k 1");
    redis_.command({"SAVE"});
    ++source_.version;
    ASSERT_TRUE(caches_[1].invalidate("k").published());
    redis_.kill();
    redis_.start();

    EXPECT_TRUE(eventually([&] { return nodes_[3]->health().ready; }));
    EXPECT_EQ(**caches_[3].get("k"), "k 2");
}

}  // namespace
}  // namespace tests
