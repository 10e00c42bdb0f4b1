#include "tutti/testing/world.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tutti/cache.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"
#include "tutti/node.hpp"
#include "tutti/options.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"
#include "tutti/resilience.hpp"
#include "tutti/store.hpp"
#include "tutti/testing/faults.hpp"

namespace tutti::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

using Loader = std::function<Result<int>(const std::string&, LoadContext&)>;

class InAWorld : public ::testing::Test {
protected:
    CacheOptions<std::string, int> prices() {
        return {.name = "prices",
                .caches = "prices",
                .stale = Stale::wrong,
                .ttl = 5min,
                .bound = entries(10),
                .load = [this](const std::string&, LoadContext&) -> Result<int> { return load(); },
                .channel = "prices"};
    }
    std::unique_ptr<Node> node(const std::string& name) {
        return world_.node({.name = name}).value();
    }
    Coherent<std::string, int> started(Node& node, CacheOptions<std::string, int> options) {
        auto cache = node.coherent<std::string, int>(std::move(options));
        EXPECT_TRUE(node.start());
        return cache;
    }
    Result<int> load() {
        ++loads_;
        if (source_is_away_) return fail(Errc::unavailable, "load", "the source is away");
        return price_.load();
    }

    World world_;
    std::atomic<int> price_ = 1;
    std::atomic<int> loads_ = 0;
    std::atomic<bool> source_is_away_ = false;
};

TEST_F(InAWorld, ATtlPassesWithoutWaiting) {
    const auto bot = node("bot-1");
    auto cache = started(*bot, prices());
    ASSERT_EQ(cache.get("apple").value_or(0), 1);

    world_.advance(5min - 1ms);
    EXPECT_EQ(cache.get("apple").value_or(0), 1);
    EXPECT_EQ(loads_, 1);
    world_.advance(2ms);
    price_ = 2;

    EXPECT_EQ(cache.get("apple").value_or(0), 2);
}

TEST_F(InAWorld, LeasesAreRenewedOnTheWay) {
    const auto bot = node("bot-1");
    auto options = prices();
    options.ttl = Ttl::never();
    auto cache = started(*bot, std::move(options));
    (void)cache.get("apple");

    world_.advance(24h);

    EXPECT_EQ(cache.get("apple")->tier(), Tier::memory);
    EXPECT_EQ(cache.get("apple")->age(), 24h);
    EXPECT_TRUE(bot->health().ready);
}

// The executor of the next node may be where the one of the last was.
TEST_F(InAWorld, TimePassesForNodesThatComeAfterOthersHaveGone) {
    for (int i = 0; i < 10; ++i) {
        const auto bot = node("bot-" + std::to_string(i));
        auto cache = started(*bot, prices());
        (void)cache.get("apple");

        world_.advance(4min);

        EXPECT_EQ(cache.get("apple")->tier(), Tier::memory) << i;
    }
}

TEST_F(InAWorld, NodesHearEachOther) {
    const auto one = node("bot-1");
    const auto two = node("bot-2");
    auto of_one = started(*one, prices());
    auto of_two = started(*two, prices());
    (void)of_two.get("apple");
    price_ = 2;

    const auto sent = of_one.invalidate("apple");
    world_.settle();

    EXPECT_EQ(sent.outcome, Invalidation::Outcome::published);
    EXPECT_EQ(of_two.get("apple").value_or(0), 2);
}

TEST_F(InAWorld, ANodeThatIsCutOffServesItsMemoryNoLongerThanItsLease) {
    const auto one = node("bot-1");
    const auto two = node("bot-2");
    auto of_one = started(*one, prices());
    auto of_two = started(*two, prices());
    (void)of_two.get("apple");

    world_.cut_off("bot-2");
    price_ = 2;
    (void)of_one.invalidate("apple");
    EXPECT_EQ(of_two.get("apple").value_or(0), 1) << "it cannot know yet";
    world_.advance(4s);

    EXPECT_EQ(of_two.get("apple").value_or(0), 2);
    EXPECT_FALSE(two->health().ready);

    world_.reconnect("bot-2");
    world_.advance(2s);
    (void)of_two.get("apple");
    EXPECT_EQ(of_two.get("apple")->tier(), Tier::memory);
    EXPECT_TRUE(two->health().ready);
}

TEST_F(InAWorld, ScheduledRefreshesRun) {
    const auto bot = node("bot-1");
    auto options = prices();
    options.refresh = Refresh<std::string>{.keys = {"apple"}, .first = 10s, .every = 1min};
    auto cache = started(*bot, std::move(options));

    world_.advance(10s);
    EXPECT_EQ(loads_, 1);
    world_.advance(10min);

    EXPECT_EQ(loads_, 11);
}

TEST_F(InAWorld, ASourceThatIsAwayLeavesTheLastKnownGoodForItsTime) {
    const auto bot = node("bot-1");
    auto options = prices();
    options.stale_if_error = StaleIfError{.for_up_to = 1h};
    auto cache = started(*bot, std::move(options));
    (void)cache.get("apple");
    source_is_away_ = true;

    world_.advance(6min);
    EXPECT_EQ(cache.get("apple")->freshness(), Freshness::stale);
    world_.advance(2h);

    EXPECT_FALSE(cache.get("apple"));
}

TEST_F(InAWorld, ASourceThatIsSlowLeavesTheLastKnownGoodInTime) {
    const auto bot = node("bot-1");
    auto options = prices();
    options.stale_if_error = StaleIfError{.for_up_to = 1h, .when_slower_than = 50ms};
    std::vector<Completion<Loaded<int>>> unanswered;
    options.load = [&](const std::string&, LoadContext, Completion<Loaded<int>> done) {
        unanswered.push_back(std::move(done));
    };
    auto cache = started(*bot, std::move(options));
    std::optional<Result<Lookup<int>>> found;
    const auto ask = [&] {
        found.reset();
        cache.get("apple", [&](Result<Lookup<int>> given) { found = std::move(given); });
    };
    ask();
    unanswered.at(0)(1);
    world_.advance(6min);

    ask();
    world_.advance(50ms);
    ASSERT_TRUE(found);
    EXPECT_EQ((*found)->freshness(), Freshness::stale);
    EXPECT_EQ(cache.get("apple")->freshness(), Freshness::stale) << "at once: it is slow already";
    unanswered.at(1)(2);

    EXPECT_EQ(cache.get("apple").value_or(0), 2);
    EXPECT_EQ(unanswered.size(), 2U);
}

TEST_F(InAWorld, SeveralKeysAreOneCallOfTheLoaderAndEachIsInvalidatedAlone) {
    const auto bot = node("bot-1");
    auto options = prices();
    options.load = {};
    options.load_many = [this](std::span<const std::string> names, LoadContext&) {
        ++loads_;
        std::unordered_map<std::string, int> found;
        for (const std::string& name : names) found[name] = price_;
        return found;
    };
    auto cache = started(*bot, std::move(options));

    const auto fruit = cache.get_many({"apple", "pear", "apple"});
    price_ = 2;
    (void)cache.invalidate("pear");

    ASSERT_EQ(fruit.size(), 3U);
    EXPECT_EQ(fruit[2].value_or(0), 1);
    EXPECT_EQ(loads_, 1);
    EXPECT_FALSE(cache.contains("pear"));
    EXPECT_EQ(cache.peek("apple").value().value(), 1);
    EXPECT_EQ(cache.get("pear").value_or(0), 2) << "what loads several loads one";
    EXPECT_EQ(cache.get_many({"apple", "pear"})[1].value_or(0), 2);
    EXPECT_EQ(loads_, 2);
}

TEST_F(InAWorld, AReaderMayRefuseWhatIsOlderThanItLikes) {
    const auto bot = node("bot-1");
    auto cache = started(*bot, prices());
    (void)cache.get("apple");
    price_ = 2;
    world_.advance(1min);

    EXPECT_EQ(cache.get("apple", {.age_max = 1min}).value_or(0), 1);
    EXPECT_EQ(cache.get("apple", {.age_max = 59s}).value_or(0), 2);
    EXPECT_EQ(cache.get("apple").value_or(0), 2);
}

TEST_F(InAWorld, OneCallMayFailByScript) {
    const auto bot = node("bot-1");
    auto cache = started(*bot, prices());
    world_.faults("bot-1").next(Operation::publish, {.request_lost = true});
    std::optional<Invalidation> sent;

    cache.invalidate("apple", {.deadline = 500ms},
                     [&](Invalidation given) { sent = std::move(given); });
    world_.advance(1s);

    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->outcome, Invalidation::Outcome::unconfirmed);
    world_.advance(5s);
    EXPECT_TRUE(bot->health().ready) << "it was tried again";
}

TEST_F(InAWorld, ADeadlineIsOneOfTheWorldsTime) {
    const auto bot = node("bot-1");
    auto options = prices();
    std::vector<Completion<Loaded<int>>> unanswered;
    options.load = [&](const std::string&, LoadContext, Completion<Loaded<int>> done) {
        unanswered.push_back(std::move(done));
    };
    auto cache = started(*bot, std::move(options));
    std::optional<Result<Lookup<int>>> found;

    cache.get("apple", {.deadline = 2s},
              [&](Result<Lookup<int>> given) { found = std::move(given); });
    world_.advance(1999ms);
    EXPECT_FALSE(found);
    world_.advance(1ms);

    ASSERT_TRUE(found);
    EXPECT_EQ(found->error().code, Errc::timeout);
}

TEST_F(InAWorld, WhatMustNotLoadFailsTheTestWithItsKey) {
    const auto bot = node("bot-1");
    std::string told;
    auto options = prices();
    options.load = must_not_load<std::string, int>([&](const std::string& why) { told = why; });
    auto cache = started(*bot, std::move(options));

    EXPECT_FALSE(cache.get("apple"));

    EXPECT_EQ(told, "the source was asked for apple");
}

TEST_F(InAWorld, WhatIsNoNodeOfItIsRefused) {
    const auto bot = node("bot-1");

    EXPECT_THAT(world_.node({.name = "bot-1"}).error().cause, HasSubstr("has had it"));
    EXPECT_THAT(
        world_.node({.name = "bot-2", .redis = "redis://127.0.0.1:1", .app = "a"}).error().cause,
        HasSubstr("redis and embedded"));
    EXPECT_THAT(world_.node({.name = ""}).error().cause, HasSubstr("name"));
    EXPECT_THROW(world_.cut_off("bot-9"), std::invalid_argument);
}

TEST(World, ANodeAndItsHandlesMayOutliveIt) {
    std::unique_ptr<Node> node;
    std::optional<Coherent<std::string, int>> cache;
    {
        World world;
        node = world.node({.name = "bot-1"}).value();
        cache = node->coherent<std::string, int>(
            {.name = "c",
             .caches = "c",
             .stale = Stale::wrong,
             .ttl = 1min,
             .bound = entries(1),
             .load = [](const std::string&, LoadContext&) { return 7; },
             .channel = "c"});
        ASSERT_TRUE(node->start());
    }

    EXPECT_EQ(cache->get("a").value_or(0), 7);
    node.reset();
    EXPECT_EQ(cache->get("a").error().code, Errc::stopped);
}

TEST(World, NothingIsLeftOfANodeWhoseServerWasSilentUntilItsEnd) {
    const auto held = std::make_shared<int>();
    World world;
    auto node = world.node({.name = "bot-1"}).value();
    (void)node->coherent<std::string, int>(
        {.name = "c",
         .caches = "c",
         .stale = Stale::wrong,
         .ttl = 1min,
         .bound = entries(1),
         .load = [held](const std::string&, LoadContext&) { return 7; },
         .channel = "c"});
    ASSERT_TRUE(node->start());
    world.cut_off("bot-1");
    world.advance(2s);  // a renewal waits for its answer, and the leave for the renewal

    node.reset();

    EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace tutti::testing
