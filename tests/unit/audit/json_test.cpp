#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"
#include "tutti/policy.hpp"
#include "unit/audit/declarations.hpp"

namespace tutti {
namespace {

using namespace audit_test;
using ::testing::HasSubstr;

void expect_same(const Inventory& left, const Inventory& right) {
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
        EXPECT_EQ(left[i].service, right[i].service);
        EXPECT_EQ(left[i].node, right[i].node);
        EXPECT_TRUE(left[i].declaration == right[i].declaration) << left[i].declaration.name;
        EXPECT_EQ(left[i].counters, right[i].counters);
    }
}

// A row that is right; `members` replace or follow its own.
std::string row_json(std::string_view members) {
    return R"({"caches":[{"service":"s","name":"n","pattern":"local","stale":"wrong")" +
           std::string(members.empty() ? "" : ",") + std::string(members) + "}]}";
}

std::string error_of(std::string_view json) {
    const auto parsed = parse_inventory(json);
    return parsed ? "accepted" : parsed.error().message();
}

TEST(InventoryJson, EveryDeclarationOfTheAuditComesBackAsItWas) {
    Inventory inventory;
    for (const Declaration& declaration : all_declarations()) {
        inventory.push_back(row(declaration, "bot-client-1"));
    }
    inventory[0].counters = {.hits = 1,
                             .misses = 2,
                             .loads = 3,
                             .load_failures = 4,
                             .joined = 5,
                             .poisoned = 6,
                             .invalidations = 7,
                             .flushes = 8,
                             .suspect_reads = 9,
                             .evictions = 10,
                             .entries = std::numeric_limits<std::uint64_t>::max()};
    inventory[0].counters.load_times.counts.back() = 2;
    inventory[0].counters.load_times.total = std::chrono::milliseconds(1500);
    inventory[0].counters.wait_times.counts[1] = 4;
    inventory[0].counters.wait_times.total = std::chrono::microseconds(800);
    inventory[1].counters.hit_times.emplace().counts[2] = 3;
    inventory[1].declaration.memory_ttl = Ttl::never();
    inventory[2].declaration.bound = bytes(123);
    inventory[3].declaration.note = "line\n\"quoted\" \xC3\xA9";

    const auto parsed = parse_inventory(to_json(inventory));

    ASSERT_TRUE(parsed) << parsed.error().message();
    expect_same(*parsed, inventory);
}

RC_GTEST_PROP(InventoryJson, AnyTtlUpToAWeekComesBackToTheNanosecond, ()) {
    Declaration declaration = autocomplete();
    declaration.memory_ttl = Duration(*rc::gen::inRange<std::int64_t>(1, 604'800'000'000'000));

    const auto parsed = parse_inventory(to_json(Inventory{row(declaration)}));

    RC_ASSERT(parsed.has_value());
    RC_ASSERT(parsed->front().declaration == declaration);
}

RC_GTEST_PROP(InventoryJson, AnyBytesAreAcceptedOrRefusedButNeverWorse,
              (const std::string& bytes)) {
    std::string json = to_json(Inventory{row(channel_activation())});
    const auto place = *rc::gen::inRange<std::size_t>(0, json.size());
    json.replace(place, bytes.size(), bytes);

    const auto parsed = parse_inventory(json);

    RC_ASSERT((parsed || parsed.error().code == Errc::protocol));
}

TEST(InventoryJson, CarriesTheGradeForProgramsThatCannotGrade) {
    const std::string json = to_json(Inventory{row(local_channel_activation())});

    EXPECT_THAT(json, HasSubstr(R"({"worst":"CRITICAL","caches":[{"service":"bot-client")"));
    EXPECT_THAT(json, HasSubstr(R"("memoryTtlMs":30000,"bound":{"entries":1000})"));
    EXPECT_THAT(json,
                HasSubstr(R"("location":"memory","invalidation":"TTL expiry","risk":"CRITICAL",)"
                          R"("rule":"stale-is-wrong-without-bus")"));
}

TEST(InventoryJson, SaysWithinWhatItsSpotChecksCount) {
    Declaration declaration = personality();
    declaration.checked_within = 10s;
    const Inventory inventory{row(declaration, "bot-client-1", {.checked_same = 7})};

    const std::string json = to_json(inventory);

    EXPECT_THAT(json, HasSubstr(R"("checkedWithinMs":10000)"));
    EXPECT_EQ(parse_inventory(json).value()[0].declaration, declaration);
    EXPECT_THAT(to_json(Inventory{row(personality())}), Not(HasSubstr("checkedWithin")));
}

TEST(InventoryJson, SaysWhichServerItIsAndWhatDoneMeansThere) {
    InventoryRow there = row(channel_activation(), "bot-client-1");
    there.backend = {.server = "redis 3f2a9c01",
                     .database = 0,
                     .app = "shop",
                     .product = "Valkey 8.1.1",
                     .done = Assurance::majority};

    const std::string json = to_json(Inventory{there});

    EXPECT_THAT(json, HasSubstr(R"("app":"shop","product":"Valkey 8.1.1","done":"majority"})"));
    EXPECT_EQ(parse_inventory(json)->front().backend, there.backend);
}

// Other programs read it: what changes here changes for them.
TEST(InventoryJson, IsTheSameByteForByte) {
    InventoryRow full = row(channel_activation(), "bot-client-1");
    full.backend = {.server = "redis 3f2a9c01", .database = 1, .app = "shop"};
    full.declaration.need = {.stale = Stale::wrong,
                             .expensive_source = true,
                             .read_heavy = true,
                             .rate_limit = false,
                             .once_in_fleet = true};
    full.declaration.memory_ttl = std::chrono::microseconds(1500);
    full.declaration.store_ttl = Ttl::never();
    full.declaration.raw_prefix = "raw:";
    full.declaration.bound = bytes(1000);
    full.declaration.note = "line\n\"quoted\" </";
    full.counters = {.hits = 1, .evictions = 17, .entries = 18};

    EXPECT_EQ(
        to_json(Inventory{full, row(local_channel_activation())}),
        R"({"worst":"CRITICAL","caches":[{"service":"bot-client","node":"bot-client-1",)"
        R"("backend":{"server":"redis 3f2a9c01","database":1,"app":"shop"},)"
        R"("name":"channel-activation","caches":"channel activation status",)"
        R"("pattern":"coherent","stale":"wrong","expensiveSource":true,"readHeavy":true,)"
        R"("rateLimit":false,"onceInFleet":true,"memoryTtlMs":1.5E0,"storeTtlMs":"never",)"
        R"("bound":{"bytes":1000},"rawPrefix":"raw:",)"
        R"("channel":"cache:channel-activation-invalidation","foreignPublishers":true,)"
        R"("publishesOnly":false,"note":"line\n\"quoted\" </","location":"memory + bus + store",)"
        R"("invalidation":"Redis pub/sub event","risk":"None","rule":"kept-coherent",)"
        R"("reason":"the bus invalidates every instance","counters":{"hits":1,"negativeHits":0,"misses":0,)"
        R"("loads":0,"loadedKeys":0,"loadFailures":0,"loadTimeouts":0,"absentLoads":0,)"
        R"("joined":0,"poisoned":0,"invalidations":0,)"
        R"("invalidateDone":0,"invalidatePublished":0,"invalidateUnconfirmed":0,)"
        R"("flushes":0,"suspectReads":0,"storeHits":0,"storeFailures":0,"unreadable":0,)"
        R"("refused":0,"staleServed":0,"refreshes":0,"refreshFailures":0,)"
        R"("checkedSame":0,"checkedStale":0,"checkedOvertaken":0,"checkedFailed":0,)"
        R"("evictions":17,)"
        R"("expirations":0,"invalidatedEntries":0,"flushedEntries":0,)"
        R"("eventsDropped":0,"warmUpKeys":0,"warmUpDone":0,"warmUpFailed":0,)"
        R"("entries":18,"bytes":0}},{"service":"bot-client","node":"","name":"channel-activation",)"
        R"("caches":"channel activation status","pattern":"local","stale":"wrong",)"
        R"("expensiveSource":false,"readHeavy":false,"rateLimit":false,"onceInFleet":false,)"
        R"("memoryTtlMs":30000,"bound":{"entries":1000},"channel":"",)"
        R"("foreignPublishers":false,"publishesOnly":false,"note":"","location":"memory",)"
        R"("invalidation":"TTL expiry","risk":"CRITICAL",)"
        R"("rule":"stale-is-wrong-without-bus",)"
        R"("reason":"a change made through one instance leaves the others wrong for up to one TTL",)"
        R"("counters":{"hits":0,"negativeHits":0,"misses":0,"loads":0,"loadedKeys":0,)"
        R"("loadFailures":0,"loadTimeouts":0,"absentLoads":0,"joined":0,)"
        R"("poisoned":0,"invalidations":0,)"
        R"("invalidateDone":0,"invalidatePublished":0,"invalidateUnconfirmed":0,)"
        R"("flushes":0,"suspectReads":0,"storeHits":0,)"
        R"("storeFailures":0,"unreadable":0,"refused":0,"staleServed":0,"refreshes":0,)"
        R"("refreshFailures":0,"checkedSame":0,"checkedStale":0,"checkedOvertaken":0,)"
        R"("checkedFailed":0,"evictions":0,"expirations":0,"invalidatedEntries":0,)"
        R"("flushedEntries":0,"eventsDropped":0,"warmUpKeys":0,"warmUpDone":0,)"
        R"("warmUpFailed":0,"entries":0,"bytes":0}}]})");
    EXPECT_EQ(to_json({}), R"({"worst":"None","caches":[]})");
}

TEST(InventoryJson, ASendersOpinionOfItselfIsNotBelieved) {
    const auto parsed = parse_inventory(row_json(R"("risk":"None","rule":"kept-coherent")"));

    ASSERT_TRUE(parsed);
    EXPECT_EQ(worst(*parsed), Risk::critical);
}

TEST(InventoryJson, WhatAnotherVersionAddsOrLacksIsTolerated) {
    const auto parsed = parse_inventory(
        row_json(R"("shiny":{"new":[1]},"bound":null,"counters":{"hits":3,"sparkles":true})"));

    ASSERT_TRUE(parsed) << parsed.error().message();
    const InventoryRow& found = parsed->front();
    EXPECT_EQ(found.counters, (CacheCounters{.hits = 3}));
    EXPECT_FALSE(found.declaration.bound);
    EXPECT_FALSE(found.declaration.memory_ttl);
    EXPECT_TRUE(found.declaration.channel.empty());
}

TEST(InventoryJson, AnEmptyInventoryIsOne) {
    const auto parsed = parse_inventory(to_json({}));

    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->empty());
}

TEST(InventoryJson, AnErrorNamesTheMemberThatIsWrong) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "not JSON"},
        {"<html>", "not JSON"},
        {"{}x", "more text after the JSON"},
        {"{", "not JSON"},
        {"null", "the array caches is missing"},
        {"[]", "the array caches is missing"},
        {"{}", "the array caches is missing"},
        {R"({"caches":{}})", "the array caches is missing"},
        {R"({"caches":[1]})", "caches[0]: expected an object"},
        {R"({"caches":[{}]})", "caches[0].service: missing"},
        {R"({"caches":[{"service":"s"}]})", "caches[0].name: missing"},
        {R"({"caches":[{"service":7}]})", "caches[0].service: expected a string"},
        {row_json(R"("pattern":"magic")"),
         "caches[0].pattern: expected one of coherent, shared, near, local, cooldown, reservation"},
        {row_json(R"("stale":true)"), "caches[0].stale: expected a string"},
        {row_json(R"("stale":"")"), "caches[0].stale: missing"},
        {row_json(R"("stale":"maybe")"), "caches[0].stale: expected one of wrong, acceptable"},
        {row_json(R"("rateLimit":1)"), "caches[0].rateLimit: expected true or false"},
        {row_json(R"("memoryTtlMs":"soon")"), "caches[0].memoryTtlMs: must be milliseconds or"},
        {row_json(R"("memoryTtlMs":1e300)"), "caches[0].memoryTtlMs: must be milliseconds or"},
        {row_json(R"("storeTtlMs":[])"), "caches[0].storeTtlMs: must be milliseconds or"},
        {row_json(R"("bound":1000)"), "caches[0].bound: expected an object"},
        {row_json(R"("bound":{})"), "caches[0].bound: must name entries or bytes"},
        {row_json(R"("bound":{"entries":-1})"), "caches[0].bound.entries: integer out of range"},
        {row_json(R"("counters":[])"), "caches[0].counters: expected an object"},
        {row_json(R"("counters":{"hits":1.5})"), "caches[0].counters.hits: expected an integer"},
        {row_json(R"("note":")" + std::string(20'000, 'x') + '"'), "caches[0].note: is too long"},
        {row_json(R"("name":"")"), "caches[0].name: missing"},
        {row_json(R"("backend":{"server":""})"), "caches[0].backend.server: missing"},
        {row_json(R"("backend":{"server":"s","database":4294967296})"),
         "caches[0].backend.database: integer out of range"},
        {row_json(R"("rateLimit":1,"readHeavy":2)"),
         "caches[0].readHeavy: expected true or false, found an integer; caches[0].rateLimit"},
        {std::string(100'000, '['), "not JSON"},
    };

    for (const auto& [json, said] : cases) {
        const std::string error = error_of(json);
        EXPECT_THAT(error, HasSubstr(said)) << json.substr(0, 200);
        EXPECT_THAT(error, HasSubstr("read inventory: protocol error: ")) << json.substr(0, 200);
    }
}

TEST(InventoryJson, WhatIsOverALimitIsRefused) {
    std::string many = R"({"caches":[0)";
    for (int i = 0; i < 10'000; ++i) many += ",0";

    EXPECT_EQ(parse_inventory(std::string((4U << 20U) + 1, ' ')).error().code, Errc::too_large);
    EXPECT_EQ(parse_inventory(many + "]}").error().code, Errc::too_large);
}

}  // namespace
}  // namespace tutti
