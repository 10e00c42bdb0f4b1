// How a node begins and ends, whatever its program does meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tutti/node.hpp"
#include "tutti/testing/embedded_server.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Opened once, for all who wait.
class Gate {
public:
    void open() { promise_.set_value(); }
    void wait() const { opened_.wait(); }

private:
    std::promise<void> promise_;
    std::shared_future<void> opened_ = promise_.get_future().share();
};

// A loader that hangs, and a log.
class NodeEnd : public ::testing::Test {
protected:
    ~NodeEnd() override {
        if (hangs_.exchange(false)) release_->open();
    }

    std::unique_ptr<Node> make(std::shared_ptr<EmbeddedHub> hub = nullptr) {
        return Node::create({.name = "node",
                             .embedded = std::move(hub),
                             .lease = 300ms,
                             .log =
                                 [log = log_](LogLevel, std::string_view text) {
                                     const std::lock_guard lock(log->mutex);
                                     log->text.append(text).append("\n");
                                 }})
            .value();
    }
    [[nodiscard]] std::string log() const {
        const std::lock_guard lock(log_->mutex);
        return log_->text;
    }

    Coherent<std::string, int> declare(Node& node) {
        return node.coherent<std::string, int>({
            .name = "numbers",
            .caches = "numbers",
            .stale = Stale::wrong,
            .ttl = 30s,
            .bound = entries(100),
            .load =
                [entered = entered_, release = release_](const std::string& key, LoadContext&) {
                    if (key != "hangs") return 7;
                    entered->open();
                    release->wait();
                    return 8;
                },
            .channel = "numbers",
        });
    }
    // A reader of it waits from here on.
    std::future<Result<Lookup<int>>> hang(const Coherent<std::string, int>& cache) {
        hangs_ = true;
        auto answer = std::make_shared<std::promise<Result<Lookup<int>>>>();
        auto future = answer->get_future();
        cache.get("hangs", [answer](Result<Lookup<int>> found) { answer->set_value(found); });
        entered_->wait();
        return future;
    }

    struct Lines {
        std::mutex mutex;
        std::string text;
    };
    std::shared_ptr<Lines> log_ = std::make_shared<Lines>();
    std::shared_ptr<Gate> entered_ = std::make_shared<Gate>();
    std::shared_ptr<Gate> release_ = std::make_shared<Gate>();
    std::atomic<bool> hangs_ = false;
};

TEST_F(NodeEnd, TwoThreadsThatStopBothReturnWhenItHasStopped) {
    for (int round = 0; round < 50; ++round) {
        const auto node = make();
        const auto cache = declare(*node);
        ASSERT_TRUE(node->start());

        std::atomic<int> complete = 0;
        {
            std::vector<std::jthread> stopping;
            for (int thread = 0; thread < 4; ++thread) {
                stopping.emplace_back([&] { complete += node->stop().complete() ? 1 : 0; });
            }
        }

        EXPECT_EQ(complete, 4);
        EXPECT_EQ(cache.get("a").error().code, Errc::stopped);
    }
}

TEST_F(NodeEnd, ALoaderThatHangsIsNamedAndLeftBehindAtTheDeadline) {
    auto node = make();
    std::optional cache = declare(*node);
    ASSERT_TRUE(node->start());
    auto reader = hang(*cache);

    const Stopped outcome = node->stop(300ms);

    EXPECT_THAT(outcome.left, ::testing::ElementsAre("loads of cache numbers (1)"));
    EXPECT_THAT(log(), AllOf(HasSubstr("stop waits for loads of cache numbers (1)"),
                             HasSubstr("leaves behind")));
    EXPECT_EQ(reader.get().error().code, Errc::stopped);
    EXPECT_EQ(node->stop(0s).left, outcome.left) << "a later call has the outcome of the first";

    // Node and handle go first: the load owns what it still uses.
    const std::weak_ptr<Gate> loader = release_;
    node.reset();
    cache.reset();
    hangs_ = false;
    std::exchange(release_, nullptr)->open();
    while (!loader.expired()) std::this_thread::yield();
}

TEST_F(NodeEnd, ALoaderThatEndsWithinTheDeadlineIsWaitedFor) {
    const auto node = make();
    const auto cache = declare(*node);
    ASSERT_TRUE(node->start());
    auto reader = hang(cache);

    auto stopping = std::async(std::launch::async, [&] { return node->stop(1min); });
    while (!::testing::Value(log(), HasSubstr("stop waits for"))) std::this_thread::yield();
    EXPECT_NE(stopping.wait_for(0s), std::future_status::ready);
    hangs_ = false;
    release_->open();

    EXPECT_TRUE(stopping.get().complete());
}

TEST_F(NodeEnd, AStopThatComesLaterDoesNotWaitBeyondItsOwnDeadline) {
    const auto node = make();
    const auto cache = declare(*node);
    ASSERT_TRUE(node->start());
    auto reader = hang(cache);
    auto first = std::async(std::launch::async, [&] { return node->stop(1min); });
    while (!::testing::Value(log(), HasSubstr("stop waits for"))) std::this_thread::yield();

    EXPECT_THAT(node->stop(0s).left, Each(HasSubstr("earlier call")));

    hangs_ = false;
    release_->open();
    EXPECT_TRUE(first.get().complete());
}

TEST_F(NodeEnd, StopHasAnAsynchronousFormThatMayBeCalledOnTheNodesOwnThread) {
    const auto node = make();
    const auto cache = declare(*node);
    ASSERT_TRUE(node->start());
    std::promise<Stopped> stopped;

    cache.get("a", [&](Result<Lookup<int>>) {
        node->stop(10s, [&](Stopped outcome) { stopped.set_value(std::move(outcome)); });
    });

    EXPECT_TRUE(stopped.get_future().get().complete());
    EXPECT_EQ(cache.get("a").error().code, Errc::stopped);
}

TEST_F(NodeEnd, ACompletionOfAStopThatThrowsIsLoggedAndEndsNothing) {
    const auto node = make();
    ASSERT_TRUE(node->start());

    node->stop(10s, [](const Stopped&) { throw 7; });

    while (!::testing::Value(log(), HasSubstr("completion threw"))) std::this_thread::yield();
    EXPECT_TRUE(node->stop().complete());
}

TEST_F(NodeEnd, AFunctionOfTheProgramThatHangsOnTheNodesThreadIsLeftBehindToo) {
    auto node = make();
    std::optional cache = declare(*node);
    ASSERT_TRUE(node->start());
    hangs_ = true;
    (void)cache->invalidate("a", {}, [entered = entered_, release = release_](Invalidation) {
        entered->open();
        release->wait();
    });
    entered_->wait();

    const Stopped outcome = node->stop(0s);

    EXPECT_THAT(outcome.left, Each(HasSubstr("the node's own thread")));
    EXPECT_EQ(cache->get("a").error().code, Errc::stopped);
    const std::weak_ptr<Gate> callback = release_;
    node.reset();
    cache.reset();
    hangs_ = false;
    std::exchange(release_, nullptr)->open();
    while (!callback.expired()) std::this_thread::yield();
}

TEST_F(NodeEnd, AnAsynchronousLoaderMayAnswerWhenEverythingElseHasGone) {
    Completion<Loaded<int>> answer;
    auto owned = std::make_shared<int>(0);
    {
        const auto node = make();
        const auto cache = node->coherent<std::string, int>({
            .name = "numbers",
            .caches = "numbers",
            .stale = Stale::wrong,
            .ttl = 30s,
            .bound = entries(100),
            .load = [&answer, owned](const std::string&, LoadContext,
                                     Completion<Loaded<int>> done) { answer = std::move(done); },
            .channel = "numbers",
        });
        ASSERT_TRUE(node->start());
        cache.get("a", [](const Result<Lookup<int>>&) {});
    }
    EXPECT_GT(owned.use_count(), 1) << "the answer owns its cache";

    std::exchange(answer, nullptr)(7);

    EXPECT_EQ(owned.use_count(), 1) << "and nothing owns it in a circle";
}

TEST_F(NodeEnd, HandlesOfEveryKindOutliveTheNodeAndLeaveNothingBehind) {
    auto owned = std::make_shared<int>(0);
    auto node = make();
    const auto load = [owned](const std::string&, LoadContext&) { return 7; };
    std::optional shared = node->shared<std::string, int>({
        .name = "shared",
        .caches = "numbers",
        .stale = Stale::acceptable,
        .load = load,
        .store = StoreTier<int>{.ttl = 1h,
                                .codec = {.encode = [](int) { return std::string("7"); },
                                          .decode = [](std::string_view) { return 7; },
                                          .name = "seven"}},
    });
    std::optional near = node->near<std::string, int>({
        .name = "near",
        .caches = "numbers",
        .stale = Stale::acceptable,
        .ttl = 1h,
        .bound = entries(10),
        .document = [owned](const std::string& key) { return key; },
        .codec = {.encode = nullptr, .decode = [](std::string_view) { return 7; }, .name = "seven"},
    });
    std::optional reservation = node->reservation<std::string>({
        .name = "once",
        .caches = "who came first",
        .window = 1h,
        .when_store_fails = WhenStoreFails::allow,
    });
    std::optional cooldown = node->cooldown<std::string>(
        {.name = "rests", .caches = "rests", .period = 1h, .bound = entries(10)});
    const auto started = node->start();
    ASSERT_TRUE(started) << started.error().message();
    ASSERT_TRUE(shared->get("a"));
    ASSERT_TRUE(near->get("a"));
    ASSERT_TRUE(reservation->reserve("a", "b"));

    node.reset();

    EXPECT_EQ(shared->get("a").error().code, Errc::stopped);
    EXPECT_EQ(shared->offer("a", 1).error().code, Errc::stopped);
    EXPECT_FALSE(shared->invalidate("a").published());
    EXPECT_EQ(near->get("a").error().code, Errc::stopped);
    EXPECT_EQ(reservation->reserve("b", "b").error().code, Errc::stopped);
    EXPECT_TRUE(cooldown->try_claim("a")) << "which needs no node";
    shared.reset();
    near.reset();
    reservation.reset();
    cooldown.reset();
    EXPECT_EQ(owned.use_count(), 2) << "this and the loader of the test";
}

TEST_F(NodeEnd, CallsWhileItStopsAreAllAnswered) {
    for (int round = 0; round < 50; ++round) {
        auto node = make();
        const auto cache = declare(*node);
        ASSERT_TRUE(node->start());
        std::atomic<bool> over = false;
        std::vector<std::jthread> callers;
        for (int caller = 0; caller < 3; ++caller) {
            callers.emplace_back([&, caller] {
                for (int call = 0; !over; ++call) {
                    (void)cache.get(std::to_string(call));
                    if (caller == 0) (void)cache.invalidate("a");
                    if (caller == 1) (void)node->start(1s);
                }
            });
        }

        EXPECT_TRUE(node->stop().complete());
        over = true;
        callers.clear();
    }
}

TEST_F(NodeEnd, ATimeWithoutAnEndIsADeadlineToo) {
    const auto node = make();
    const auto cache = declare(*node);
    ASSERT_TRUE(node->start());

    EXPECT_TRUE(node->stop(Duration::max()).complete());
}

using NodeStart = NodeEnd;

TEST_F(NodeStart, StartingARunningNodeAnswersAtOnceAndChangesNothing) {
    const auto hub = EmbeddedHub::create();
    testing::EmbeddedServer server(hub);
    const auto node = make(hub);
    const auto cache = declare(*node);
    ASSERT_TRUE(node->start());
    server.go_away();
    while (node->health().ready) std::this_thread::yield();

    EXPECT_TRUE(node->start(0s)) << "it is started, whether the server is there or not";
    EXPECT_TRUE(node->health().live);
    EXPECT_TRUE(cache.get("a"));

    server.come_back();
    while (!node->health().ready) std::this_thread::yield();
}

TEST_F(NodeStart, ThreadsThatStartItTogetherHaveOneOutcome) {
    const auto hub = EmbeddedHub::create();
    testing::EmbeddedServer server(hub);
    const auto node = make(hub);
    const auto cache = declare(*node);
    server.go_away();

    EXPECT_EQ(node->start(0s).error().code, Errc::timeout);
    EXPECT_EQ(cache.get("a").error().code, Errc::not_started);
    auto one = std::async(std::launch::async, [&] { return node->start(1min); });
    auto two = std::async(std::launch::async, [&] { return node->start(1min); });
    EXPECT_EQ(node->start(0s).error().code, Errc::timeout) << "each has a deadline of its own";
    server.come_back();

    EXPECT_TRUE(one.get());
    EXPECT_TRUE(two.get());
    EXPECT_TRUE(cache.get("a"));
}

TEST_F(NodeStart, AStopEndsAStartThatWaits) {
    const auto hub = EmbeddedHub::create();
    testing::EmbeddedServer server(hub);
    const auto node = make(hub);
    const auto cache = declare(*node);
    server.go_away();
    auto starting = std::async(std::launch::async, [&] { return node->start(1min); });

    EXPECT_TRUE(node->stop().complete());

    EXPECT_EQ(starting.get().error().code, Errc::stopped);
}

TEST_F(NodeStart, DegradedMeansNothingWithoutRedis) {
    const auto created = Node::create({.name = "node", .start_degraded = true});

    ASSERT_FALSE(created);
    EXPECT_THAT(created.error().cause, HasSubstr("start_degraded"));
}

}  // namespace
}  // namespace tutti
