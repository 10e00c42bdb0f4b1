// A node that changes data and keeps none of it: what it says reaches those that do, and they never
// wait for it.
#include "tutti/invalidator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tutti/node.hpp"
#include "tutti/testing/world.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* channel = "cache:prices";

class InvalidatorTest : public ::testing::Test {
protected:
    std::unique_ptr<Node> node(const std::string& name) {
        return world.node({.name = name}).value();
    }
    Coherent<std::string, int> prices(Node& node) {
        return node.coherent<std::string, int>({
            .name = "prices",
            .caches = "prices",
            .stale = Stale::wrong,
            .ttl = 1h,
            .bound = entries(100),
            .load = [this](const std::string&, LoadContext&) { return Loaded<int>(++loads); },
            .channel = channel,
        });
    }
    static Invalidator<std::string> changes(Node& node) {
        return node.invalidator<std::string>(
            {.name = "price-changes", .changes = "prices", .channel = channel});
    }
    int read(const Coherent<std::string, int>& cache, const std::string& key) {
        return cache.get(key).value().value_or(0);
    }
    // Time passes until the answer is there.
    Invalidation done(const Invalidator<std::string>& invalidator,
                      const std::vector<std::string>& keys) {
        std::promise<Invalidation> promise;
        auto future = promise.get_future();
        invalidator.invalidate(keys, {.ack = Ack::every_instance, .deadline = 1min},
                               [&](Invalidation outcome) { promise.set_value(outcome); });
        world.settle();
        for (int i = 0; i < 100 && future.wait_for(0s) != std::future_status::ready; ++i) {
            world.advance(100ms);
        }
        return future.get();
    }

    std::atomic<int> loads = 0;
    testing::World world;
};

TEST_F(InvalidatorTest, ItsKeysAreForgottenByTheCachesOfOtherNodesInOnePublication) {
    const auto shop = node("shop");
    const auto import = node("import");
    const auto cache = prices(*shop);
    const auto invalidator = changes(*import);
    ASSERT_TRUE(shop->start() && import->start());
    for (const char* key : {"apple", "pear", "plum"}) (void)read(cache, key);

    const auto first = invalidator.invalidate({"apple", "pear"});
    world.settle();

    EXPECT_EQ(first.outcome, Invalidation::Outcome::published) << first.reason;
    EXPECT_EQ(first.position.sequence, 1U);
    EXPECT_EQ(read(cache, "apple"), 4);
    EXPECT_EQ(read(cache, "pear"), 5);
    EXPECT_EQ(read(cache, "plum"), 3) << "not among them";
    EXPECT_TRUE(invalidator.invalidate_all().published());
    world.settle();
    EXPECT_EQ(read(cache, "plum"), 6);
}

TEST_F(InvalidatorTest, ACacheOfTheChannelOnItsNodeHasForgottenWhenItReturnsThoughTheBusIsAway) {
    const auto shop = node("shop");
    const auto cache = prices(*shop);
    const auto invalidator = changes(*shop);
    ASSERT_TRUE(shop->start());
    (void)read(cache, "apple");
    world.cut_off("shop");

    std::optional<Invalidation> outcome;
    invalidator.invalidate("apple", [&](Invalidation given) { outcome = std::move(given); });

    EXPECT_EQ(read(cache, "apple"), 2);
    world.advance(2s);
    EXPECT_FALSE(outcome.value().published());
}

TEST_F(InvalidatorTest, EveryInstanceHasAppliedItAndNoneWaitsForTheOneThatOnlyPublishes) {
    const auto shop = node("shop");
    const auto import = node("import");
    const auto cache = prices(*shop);
    const auto invalidator = changes(*import);
    const auto other = changes(*shop);
    ASSERT_TRUE(shop->start() && import->start());
    (void)done(invalidator, {"nothing"});  // from now on acknowledgements count
    (void)done(other, {"nothing"});
    (void)read(cache, "apple");

    const auto told = done(invalidator, {"apple"});
    EXPECT_EQ(told.by, Invalidation::By::acknowledgements) << told.reason;
    EXPECT_EQ(read(cache, "apple"), 2);

    world.cut_off("import");
    const auto without_it = done(other, {"apple"});
    EXPECT_EQ(without_it.by, Invalidation::By::acknowledgements) << without_it.reason;
}

TEST_F(InvalidatorTest, NoKeysAreNothingToSay) {
    const auto import = node("import");
    const auto invalidator = changes(*import);
    ASSERT_TRUE(import->start());

    EXPECT_TRUE(invalidator.invalidate(std::vector<std::string>{}).published());
    EXPECT_EQ(invalidator.invalidate({"a"}).position.sequence, 1U) << "nothing was before";
}

TEST_F(InvalidatorTest, WhatTheBusDoesNotTakeIsPublishedWhenItIsBack) {
    const auto shop = node("shop");
    const auto import = node("import");
    const auto cache = prices(*shop);
    const auto invalidator = changes(*import);
    ASSERT_TRUE(shop->start() && import->start());
    (void)read(cache, "apple");

    world.cut_off("import");
    invalidator.invalidate("apple", [](const Invalidation&) {});
    world.advance(3s);
    EXPECT_EQ(read(cache, "apple"), 1);
    world.reconnect("import");
    world.advance(5s);

    EXPECT_EQ(read(cache, "apple"), 2);
}

TEST_F(InvalidatorTest, TheAuditShowsThatItKeepsNothing) {
    const auto import = node("import");
    (void)changes(*import);
    ASSERT_TRUE(import->start());

    const Inventory rows = import->inventory();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_TRUE(rows[0].declaration.publishes_only);
    EXPECT_THAT(to_text(rows),
                AllOf(HasSubstr("bus"), HasSubstr("publishes only"), Not(HasSubstr("memory +"))));
    EXPECT_EQ(parse_inventory(to_json(rows)).value().at(0).declaration, rows[0].declaration);
    EXPECT_TRUE(import->health().ready);
    EXPECT_THAT(import->metrics(), AllOf(HasSubstr("tutti_channel_unpublished{"),
                                         Not(HasSubstr("tutti_channel_lease_effective"))));
}

TEST_F(InvalidatorTest, AWrongDeclarationIsNamedAtTheStartAndItsCallsAnswerIt) {
    const auto import = node("import");
    const auto invalidator = import->invalidator<std::string>(
        {.name = "price-changes", .changes = "", .channel = "", .plain = PlainEvent{"all", "key"}});

    const auto started = import->start();

    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message(),
                AllOf(HasSubstr("invalidator 'price-changes'"), HasSubstr("changes: is missing"),
                      HasSubstr("channel: is missing"), HasSubstr("plain: needs a type")));
    EXPECT_THAT(invalidator.invalidate("a").reason, HasSubstr("invalidator 'price-changes'"));
}

TEST_F(InvalidatorTest, AfterTheNodeItsInvalidationsAreUnconfirmed) {
    auto import = node("import");
    const auto invalidator = changes(*import);
    EXPECT_THAT(invalidator.invalidate("a").reason, HasSubstr("Node::start"));
    ASSERT_TRUE(import->start());
    import->stop();
    EXPECT_FALSE(invalidator.invalidate("a").published());
    import = nullptr;
    EXPECT_THAT(invalidator.invalidate("a").reason, HasSubstr("the node was stopped"));
}

}  // namespace
}  // namespace tutti
