// A child that was forked: nothing of the parent's node is served in it, and nothing in it hangs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/detached.hpp>

#include "support/child_process.hpp"
#include "tutti/asio.hpp"
#include "tutti/node.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using tests::in_child;

class Fork : public ::testing::Test {
protected:
    Fork() {
        EXPECT_TRUE(node_->start());
        EXPECT_TRUE(cache_->get("a"));
        EXPECT_TRUE(cooldown_->try_claim("a"));
    }

    [[nodiscard]] static Codec<int> codec() {
        return {.encode = [](int value) { return std::to_string(value); },
                .decode = [](std::string_view text) { return std::stoi(std::string(text)); },
                .name = "number"};
    }

    // The same as `in_child`, in a completion.
    template <class Body>
    int in_child_of_a_completion(Body body) {
        std::promise<int> returned;
        cache_->get("a", [&](const Result<Lookup<int>>&) { returned.set_value(in_child(body)); });
        return returned.get_future().get();
    }

    std::shared_ptr<EmbeddedHub> hub_ = EmbeddedHub::create();
    std::unique_ptr<Node> node_ = Node::create({.name = "node", .embedded = hub_}).value();
    std::optional<Coherent<std::string, int>> cache_ = node_->coherent<std::string, int>({
        .name = "numbers",
        .caches = "numbers",
        .stale = Stale::wrong,
        .ttl = 30s,
        .bound = entries(100),
        .load = [](const std::string&, LoadContext&) { return 7; },
        .store = StoreTier<int>{.ttl = 1h, .codec = codec()},
        .channel = "numbers",
    });
    std::optional<Reservation<std::string>> reservation_ =
        node_->reservation<std::string>({.name = "once",
                                         .caches = "first",
                                         .window = 1h,
                                         .when_store_fails = WhenStoreFails::allow});
    std::optional<Cooldown<std::string>> cooldown_ = node_->cooldown<std::string>(
        {.name = "rests", .caches = "rests", .period = 1h, .bound = entries(10)});
};

template <class T>
bool refused(const Result<T>& result) {
    return !result && result.error().code == Errc::stopped &&
           result.error().cause.contains("forked");
}

// The number of the first wrong answer; 0: all are right.
class Checks {
public:
    void expect(bool right) {
        ++asked_;
        if (!right && wrong_ == 0) wrong_ = asked_;
    }
    [[nodiscard]] int wrong() const { return wrong_; }

private:
    int asked_ = 0;
    int wrong_ = 0;
};

TEST_F(Fork, EveryCallOfAHandleIsRefusedAtOnceInTheChild) {
    const int wrong = in_child([&] {
        Checks checks;
        checks.expect(refused(cache_->get("a")));
        checks.expect(refused(cache_->get("missing")));
        checks.expect(refused(cache_->refresh("a")));
        checks.expect(refused(cache_->offer("a", 8)));
        bool called = false;
        cache_->get("a", [&](const Result<Lookup<int>>& found) { called = refused(found); });
        checks.expect(called);
        const auto sent = cache_->invalidate("a", {.ack = Ack::every_instance});
        checks.expect(!sent.published() && sent.reason.contains("forked"));
        checks.expect(!cache_->invalidate_all().published());
        checks.expect(refused(reservation_->reserve("a", "b")));
        checks.expect(refused(reservation_->count()));
        checks.expect(!cooldown_->try_claim("b"));
        cooldown_->release("a");
        return checks.wrong();
    });

    EXPECT_EQ(wrong, 0) << "this check, counted from one";
    EXPECT_EQ(**cache_->get("a"), 7);
    EXPECT_FALSE(cooldown_->try_claim("a"));
}

TEST_F(Fork, EveryCallOfTheNodeIsRefusedAtOnceInTheChild) {
    const int wrong = in_child([&] {
        Checks checks;
        checks.expect(refused(node_->start()));
        const auto late = node_->local<std::string, int>({.name = "late", .caches = "late"});
        checks.expect(refused(late.get("a")));
        const auto near = node_->near<std::string, int>({.name = "near", .caches = "near"});
        checks.expect(refused(near.get("a")));
        const auto turns = node_->reservation<std::string>({.name = "turns", .caches = "turns"});
        checks.expect(refused(turns.reserve("a", "b")));
        checks.expect(!node_->health().live && !node_->health().ready);
        checks.expect(node_->health().reasons.size() == 1);
        checks.expect(node_->inventory().empty());
        checks.expect(node_->metrics().empty());
        checks.expect(!node_->stop().complete());
        bool called = false;
        node_->stop(1h, [&](const Stopped& outcome) { called = !outcome.complete(); });
        checks.expect(called);
        hub_->publish_plain("numbers", "{}");
        checks.expect(!Node::create({.name = "child", .embedded = hub_}));
        return checks.wrong();
    });

    EXPECT_EQ(wrong, 0) << "this check, counted from one";
    EXPECT_TRUE(node_->health().ready);
}

TEST_F(Fork, DestructorsInTheChildDoNothingToTheParent) {
    EXPECT_EQ(in_child([&] {
                  node_.reset();
                  cache_.reset();
                  reservation_.reset();
                  cooldown_.reset();
                  hub_.reset();
                  return 0;
              }),
              0);

    EXPECT_TRUE(node_->stop().complete());
}

TEST_F(Fork, TheChildMayCallExit) {
    static std::unique_ptr<Node> destroyed_by_exit;
    destroyed_by_exit = Node::create({.name = "static"}).value();
    ASSERT_TRUE(destroyed_by_exit->start());

    EXPECT_EQ(in_child([]() -> int { std::exit(3); }), 3);

    destroyed_by_exit.reset();
}

// Asio's own threads, which a child would wait for, are not started for a token that nobody hears.
TEST_F(Fork, TheChildMayCallExitBehindADetachedCall) {
    cache_->get("a", boost::asio::detached);
    cache_->invalidate("a", boost::asio::detached);

    EXPECT_EQ(in_child([]() -> int { std::exit(3); }), 3);
}

int use_a_node_of_its_own() {
    const auto node = Node::create({.name = "child"});
    if (!node) return 1;
    const auto cache = (*node)->local<std::string, int>({
        .name = "numbers",
        .caches = "numbers",
        .stale = Stale::acceptable,
        .ttl = 30s,
        .bound = entries(100),
        .load = [](const std::string&, LoadContext&) { return 8; },
    });
    if (!(*node)->start()) return 2;
    if (**cache.get("a") != 8) return 3;
    bool answered = false;
    cache.get("a", [&](const Result<Lookup<int>>& found) { answered = found && **found == 8; });
    if (!answered) return 4;
    return (*node)->stop().complete() ? 0 : 5;
}

TEST_F(Fork, TheChildMayHaveANodeOfItsOwn) {
    if (!tests::child_may_have_threads)
        GTEST_SKIP()
            << "under ThreadSanitizer a child may have no threads; the release build runs it";

    EXPECT_EQ(in_child(use_a_node_of_its_own), 0);
}

TEST_F(Fork, AChildThatACompletionMakesIsNoPartOfTheNode) {
    const int wrong = in_child_of_a_completion([&] {
        Checks checks;
        checks.expect(refused(cache_->get("a")));
        bool called = false;
        cache_->get("a", [&](const Result<Lookup<int>>& found) { called = refused(found); });
        checks.expect(called);
        return checks.wrong();
    });

    EXPECT_EQ(wrong, 0) << "this check, counted from one";
}

TEST_F(Fork, AChildThatACompletionMakesMayHaveANodeOfItsOwn) {
    if (!tests::child_may_have_threads)
        GTEST_SKIP()
            << "under ThreadSanitizer a child may have no threads; the release build runs it";

    EXPECT_EQ(in_child_of_a_completion(use_a_node_of_its_own), 0);
}

// At any moment some thread holds some lock; it is the child's for ever.
TEST_F(Fork, AChildThatIsMadeInTheMiddleOfEverythingDoesNotHang) {
    std::atomic<bool> over = false;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 3; ++thread) {
        threads.emplace_back([&, thread] {
            for (int call = 0; !over; ++call) {
                (void)cache_->get(std::to_string(call % 200));
                if (thread == 0) (void)cache_->invalidate(std::to_string(call % 200));
                if (thread == 1) (void)cooldown_->try_claim(std::to_string(call % 20));
                if (thread == 2) (void)node_->metrics();
            }
        });
    }

    for (int round = 0; round < 30; ++round) {
        ASSERT_EQ(in_child([&] {
                      Checks checks;
                      checks.expect(refused(cache_->get("a")));
                      checks.expect(!cache_->invalidate("a").published());
                      checks.expect(!cooldown_->try_claim("never"));
                      checks.expect(node_->metrics().empty());
                      node_.reset();
                      cache_.reset();
                      return checks.wrong();
                  }),
                  0);
    }
    over = true;
}

}  // namespace
}  // namespace tutti
