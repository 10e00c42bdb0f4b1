// What only several processes can get wrong together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tutti/inventory.hpp"
#include "unit/audit/declarations.hpp"

namespace tutti {
namespace {

using namespace audit_test;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

Backend database(std::uint32_t number) {
    return {.server = "redis 0123456789", .database = number, .app = "shop"};
}

InventoryRow on(Backend backend, Declaration declaration, std::string node,
                std::string service = "bot-client") {
    return {.service = std::move(service),
            .node = std::move(node),
            .backend = std::move(backend),
            .declaration = std::move(declaration)};
}

// As the audit does it: each process answers for itself.
Inventory merged(std::vector<InventoryRow> rows) {
    std::vector<Inventory> answers;
    for (InventoryRow& row : rows) answers.push_back({std::move(row)});
    return merge(answers);
}

std::vector<std::string_view> rules_of(const Inventory& rows) {
    std::vector<std::string_view> rules;
    for (const Grade& grade : grades(rows)) rules.push_back(grade.rule);
    return rules;
}

TEST(SplitFleet, OneBackendIsNoSplit) {
    const Inventory fleet =
        merged({on(database(0), personality(), "bot-1"), on(database(0), personality(), "bot-2")});

    ASSERT_EQ(fleet.size(), 1);
    EXPECT_EQ(worst(fleet), Risk::none);
    EXPECT_EQ(fleet[0].backend, database(0));
    EXPECT_EQ(fleet[0].node, "bot-1, bot-2");
}

TEST(SplitFleet, AnotherDatabaseAppServerOrHubIsCriticalAndTheOddOneIsSeen) {
    Backend other_app = database(0);
    other_app.app = "Shop";
    Backend other_server = database(0);
    other_server.server = "redis 9999";
    for (const Backend& other :
         {database(1), other_app, other_server, Backend{.server = "hub 17", .app = "shop"}}) {
        const Inventory fleet =
            merged({on(database(0), personality(), "bot-1"), on(other, personality(), "bot-2"),
                    on(database(0), personality(), "bot-3")});

        EXPECT_EQ(worst(fleet), Risk::critical);
        EXPECT_THAT(rules_of(fleet), Each("split-fleet"));
        ASSERT_EQ(fleet.size(), 2);
        EXPECT_EQ(fleet[0].node, "bot-1, bot-3");
        EXPECT_EQ(fleet[1].node, "bot-2");
    }
}

TEST(SplitFleet, WhatIsPromisedThereIsSaidAndSplitsNothing) {
    Backend counted = database(0);
    counted.product = "Redis 7.0.15";
    counted.done = Assurance::majority;
    Backend uncounted = counted;
    uncounted.done = Assurance::uncounted;

    const Inventory fleet =
        merged({on(counted, personality(), "bot-1"), on(uncounted, personality(), "bot-2")});

    EXPECT_EQ(worst(fleet), Risk::none);
    EXPECT_EQ(fleet.size(), 2U) << "who is told which";
    EXPECT_THAT(to_text(fleet),
                AllOf(HasSubstr("Redis 7.0.15: `done` is promised across a failover"),
                      HasSubstr("Redis 7.0.15: `done` is not promised")));
}

TEST(SplitFleet, TheReportsNameTheRuleAndBothBackends) {
    const Inventory fleet =
        merged({on(database(0), personality(), "bot-1"), on(database(1), personality(), "bot-2")});

    EXPECT_THAT(to_text(fleet), AllOf(HasSubstr("split-fleet"),
                                      HasSubstr("on redis 01234567, database 0, app shop"),
                                      HasSubstr("on redis 01234567, database 1, app shop"),
                                      HasSubstr("2 caches: 2 CRITICAL")));
    EXPECT_THAT(to_markdown(fleet), HasSubstr("`split-fleet`"));
    EXPECT_THAT(to_json(fleet),
                AllOf(HasSubstr(R"("worst":"CRITICAL")"), HasSubstr(R"("rule":"split-fleet")")));
    const auto read_back = parse_inventory(to_json(fleet));
    ASSERT_TRUE(read_back);
    EXPECT_EQ(worst(*read_back), Risk::critical);
    EXPECT_EQ(read_back->at(1).backend, database(1));
}

TEST(SplitFleet, ServicesThatShareAChannelMustShareABackend) {
    Declaration publisher = personality();
    publisher.name = "personality-changes";

    const Inventory fleet = merged({on(database(0), personality(), "bot-1"),
                                    on(database(1), publisher, "gateway", "api-gateway")});

    EXPECT_THAT(rules_of(fleet), Each("split-fleet"));
}

TEST(SplitFleet, AReservationOnTwoStoresIsNoReservation) {
    const Inventory fleet = merged({on(database(0), request_dedup(), "gateway-1"),
                                    on(database(1), request_dedup(), "gateway-2")});

    EXPECT_THAT(rules_of(fleet), Each("split-fleet"));
}

TEST(SplitFleet, CachesThatShareNothingMayBeAnywhere) {
    Declaration other = personality();
    other.name = "orders";
    other.channel = "cache:orders";

    EXPECT_EQ(worst(merged({on(database(0), personality(), "bot-1"),
                            on(database(1), other, "shop-1", "shop")})),
              Risk::none);
    EXPECT_EQ(worst(merged({on({}, global_config(), "bot-1"), on({}, global_config(), "bot-2")})),
              Risk::none);
}

TEST(SplitFleet, AProcessThatDoesNotKnowItsBackendIsNoVerdict) {
    const Inventory fleet =
        merged({on(database(0), personality(), "bot-1"), on({}, personality(), "bot-2")});

    EXPECT_EQ(worst(fleet), Risk::none);
    ASSERT_EQ(fleet.size(), 2) << "and is seen for itself";
}

Declaration raw(std::string name, std::string prefix) {
    Declaration declaration = vision_description();
    declaration.name = std::move(name);
    declaration.raw_prefix = std::move(prefix);
    return declaration;
}

TEST(SharedPrefix, TwoCachesOfTwoServicesUnderOneKeyAreCritical) {
    for (const std::string prefix : {"users:", "users:archive:", "u"}) {
        for (const Backend& backend : {database(0), Backend{}}) {
            const Inventory fleet =
                merged({on(backend, raw("users", "users:"), "bot-1"),
                        on(backend, raw("people", prefix), "shop-1", "shop"),
                        on(backend, raw("prices", "prices:"), "shop-1", "shop")});

            EXPECT_EQ(worst(fleet), Risk::critical) << prefix;
            EXPECT_THAT(rules_of(fleet), ::testing::UnorderedElementsAre(
                                             "shared-prefix", "shared-prefix", "shared-is-truth"));
        }
    }
}

TEST(SharedPrefix, AReservationUnderTheKeysOfACacheIsCritical) {
    Declaration reservation = request_dedup();
    reservation.name = "users";
    reservation.raw_prefix = "users:";

    EXPECT_THAT(rules_of(merged({on(database(0), raw("users", "users:"), "bot-1"),
                                 on(database(0), reservation, "shop-1", "shop")})),
                Each("shared-prefix"));
}

TEST(SharedPrefix, OneCacheInTwoServicesAndWhatOneReadsOfTheOtherAreMeant) {
    Declaration reader = model_capability();  // a near cache: it writes nothing
    const Inventory fleet = merged({on(database(0), raw("users", "users:"), "bot-1"),
                                    on(database(0), raw("users", "users:"), "shop-1", "shop"),
                                    on(database(0), reader, "worker-1", "worker")});

    EXPECT_THAT(rules_of(fleet), Each(Not("shared-prefix")));
}

TEST(SharedPrefix, PrefixesInTwoDatabasesDoNotMeet) {
    const Inventory fleet = merged({on(database(0), raw("users", "users:"), "bot-1"),
                                    on(database(1), raw("people", "users:"), "shop-1", "shop")});

    EXPECT_EQ(worst(fleet), Risk::none);
}

TEST(SharedPrefix, IsFoundAmongManyThatLieBetween) {
    std::vector<InventoryRow> rows{on(database(0), raw("first", "a"), "bot-1")};
    for (const char* prefix : {"ab:", "ac:", "ad:"}) {
        rows.push_back(on(database(0), raw(std::string(prefix, 2), prefix), "bot-1"));
    }

    EXPECT_THAT(rules_of(merged(rows)), Each("shared-prefix"));
}

TEST(CrowdedChannel, IsFoundWhenSeveralServicesFillIt) {
    const auto with_caches = [](std::size_t count) {
        std::vector<InventoryRow> rows;
        for (std::size_t i = 0; i < count; ++i) {
            Declaration declaration = personality();
            declaration.name = "cache-" + std::to_string(i);
            declaration.store_ttl = 1h;
            rows.push_back(on(database(0), declaration, "node", i % 2 == 0 ? "bots" : "shop"));
        }
        rows.push_back(on(database(0), personality(), "node"));  // without a store
        return merged(rows);
    };

    EXPECT_THAT(rules_of(with_caches(64)), Each("kept-coherent"));
    EXPECT_EQ(worst(with_caches(65)), Risk::minor);
    EXPECT_EQ(std::ranges::count(rules_of(with_caches(65)), "crowded-channel"), 65);
}

TEST(InventoryJson, ABackendThatIsWrongIsNamed) {
    const std::string text = to_json(Inventory{on(database(3), personality(), "bot-1")});
    const auto with = [&](const std::string& backend) {
        std::string changed = text;
        const auto at = changed.find(R"({"server")");
        changed.replace(at, changed.find('}', at) + 1 - at, backend);
        const auto parsed = parse_inventory(changed);
        return parsed ? "" : parsed.error().cause;
    };

    EXPECT_EQ(parse_inventory(text)->front().backend, database(3));
    EXPECT_EQ(with("7"), "caches[0].backend: expected an object, found an integer");
    EXPECT_EQ(with("{}"), "caches[0].backend.server: missing");
    EXPECT_EQ(with(R"({"server":"s","database":4294967296})"),
              "caches[0].backend.database: integer out of range");
    EXPECT_EQ(with(R"({"server":"s","database":-1})"),
              "caches[0].backend.database: integer out of range");
    EXPECT_EQ(with(R"({"server":"s","app":1})"),
              "caches[0].backend.app: expected a string, found an integer");
}

}  // namespace
}  // namespace tutti
