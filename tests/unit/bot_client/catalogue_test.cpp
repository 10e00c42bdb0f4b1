// The catalogue against the audit's tables, and the document that is written from it.
#include "common/caches/catalogue.hpp"

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include "common/caches/audit_document.hpp"
#include "common/caches/invalidation_services.hpp"
#include "common/caches/service_caches.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// A row of the audit's tables. `difference` is the first cell of the row of docs/compatibility.md
// that says why ours is another.
struct Audited {
    std::string_view name;
    std::string_view service;
    std::optional<Ttl> memory_ttl;
    std::optional<Ttl> store_ttl;
    std::optional<Bound> bound;  // nothing: unbounded, or not in memory
    Pattern pattern;
    std::string_view difference = {};
};

const std::vector<Audited>& audited() {
    static const std::vector<Audited> rows{
        {"autocomplete-personalities",
         "bot-client",
         60s,
         {},
         entries(500),
         Pattern::local,
         "autocomplete lists"},
        {"autocomplete-personas",
         "bot-client",
         60s,
         {},
         entries(500),
         Pattern::local,
         "autocomplete lists"},
        {"channel-activation", "bot-client", 30s, {}, entries(1000), Pattern::coherent},
        {"notification-cooldown",
         "bot-client",
         1h,
         {},
         {},
         Pattern::cooldown,
         "notification cooldown"},
        {"global-config", "bot-client", 60s, {}, entries(1), Pattern::local},
        {"personality", "bot-client", 5min, {}, entries(100), Pattern::coherent},
        {"personality", "api-gateway", 5min, {}, entries(100), Pattern::coherent},
        {"avatars", "api-gateway", {}, {}, {}, Pattern::local, "avatars"},
        {"openrouter-models", "api-gateway", 5min, 24h, entries(1), Pattern::shared},
        {"request-dedup", "api-gateway", {}, 5s, {}, Pattern::reservation},
        {"model-capability", "ai-worker", 5min, {}, {}, Pattern::near, "model capability"},
        {"vision-description", "ai-worker", {}, 1h, {}, Pattern::shared},
        {"voice-transcript", "ai-worker", {}, 5min, {}, Pattern::shared},
    };
    return rows;
}

// What the audit leaves out, with the row of docs/compatibility.md that says why it is there.
constexpr std::array added{std::pair{"personality-ids", "personality names"},
                           std::pair{"request-keys", "same request, by its client"},
                           std::pair{"vision-failure", "vision failures"},
                           std::pair{"answer-claims", "an event that arrives twice"},
                           std::pair{"webhooks", "webhook handles"},
                           std::pair{"webhook-speakers", "`webhook:<message id>`"}};

std::string read_file(const std::string& path) {
    std::ifstream file(std::filesystem::path(TUTTI_SOURCE_FOLDER) / path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

const InventoryRow* find(const Inventory& inventory, std::string_view name,
                         std::string_view service) {
    for (const InventoryRow& row : inventory) {
        if (row.declaration.name == name && row.service == service) return &row;
    }
    return nullptr;
}

bool listed(std::string_view difference) {
    return read_file("docs/compatibility.md").contains("\n| " + std::string(difference) + " |");
}

TEST(Catalogue, EveryRowOfTheAuditIsDeclaredAsItSaysOrTheDifferenceIsListed) {
    const Inventory inventory = caches::catalogue_inventory();

    for (const Audited& row : audited()) {
        const InventoryRow* found = find(inventory, row.name, row.service);
        ASSERT_NE(found, nullptr) << row.service << ": " << row.name;
        const Declaration& ours = found->declaration;
        const bool same = ours.memory_ttl == row.memory_ttl && ours.store_ttl == row.store_ttl &&
                          ours.bound == row.bound && ours.pattern == row.pattern;
        EXPECT_EQ(same, row.difference.empty()) << row.service << ": " << row.name;
        EXPECT_TRUE(row.difference.empty() || listed(row.difference)) << row.difference;
        EXPECT_TRUE(ours.bound || !ours.memory_ttl) << row.name << " is unbounded";
    }
}

TEST(Catalogue, NothingIsDeclaredThatNeitherTheAuditNorTheDifferencesKnow) {
    std::set<std::string> known;
    for (const Audited& row : audited()) known.emplace(row.name);
    for (const auto& [name, difference] : added) {
        known.emplace(name);
        EXPECT_TRUE(listed(difference)) << difference;
    }

    for (const InventoryRow& row : caches::catalogue_inventory()) {
        if (row.declaration.publishes_only) continue;
        EXPECT_TRUE(known.contains(row.declaration.name)) << row.declaration.name;
        EXPECT_EQ(row.node, "") << "nobody runs it";
        EXPECT_FALSE(row.backend.known()) << "and nowhere";
    }
}

TEST(Catalogue, NoCacheIsCriticalAndTheCoherentOnesHearOtherProgramsToo) {
    EXPECT_NE(worst(caches::catalogue_inventory()), Risk::critical) << "also beside each other";
    for (const InventoryRow& row : caches::catalogue_inventory()) {
        const Declaration& ours = row.declaration;
        EXPECT_NE(grade(ours).risk, Risk::critical) << ours.name;
        if (ours.pattern != Pattern::coherent || ours.publishes_only) continue;
        EXPECT_TRUE(ours.foreign_publishers) << ours.name;
    }
}

TEST(Catalogue, ChannelsAreThoseOfTheAuditedDeployment) {
    const Inventory inventory = caches::catalogue_inventory();
    const auto channel = [&](std::string_view name) {
        return find(inventory, name, "bot-client")->declaration.channel;
    };

    EXPECT_EQ(channel("channel-activation"), "cache:channel-activation-invalidation");
    EXPECT_EQ(channel("personality"), "cache:invalidation");
    EXPECT_EQ(channel("personality-ids"), "cache:invalidation");
    EXPECT_EQ(channel("autocomplete-personalities"), "cache:invalidation");
    EXPECT_EQ(find(inventory, "avatars", "api-gateway")->declaration.channel, "cache:invalidation");
    EXPECT_EQ(channel("autocomplete-personas"), "cache:persona-invalidation");
}

TEST(AuditDocument, IsWhatTheCatalogueSays) {
    const Inventory inventory = caches::catalogue_inventory();

    EXPECT_EQ(read_file("docs/caching-audit.md"),
              caches::audit_document(merge(std::array{inventory})))
        << "write it again: build/release/bin/tutti audit --format document > "
           "docs/caching-audit.md";
}

TEST(AuditDocument, HasTheSectionsOfTheAudit) {
    const std::string text = caches::audit_document(caches::catalogue_inventory());

    for (const char* section :
         {"## Inventory", "### In memory only (bot-client)",
          "### In memory over Redis (api-gateway)", "### Redis only (api-gateway)",
          "### In memory over Redis (ai-worker)", "### Redis only (ai-worker)",
          "### Invalidation services", "## Invalidation strategies", "## HTTP pools",
          "## Decision tree", "## Several instances"}) {
        EXPECT_THAT(text, HasSubstr(section));
    }
}

TEST(AuditDocument, SaysWhatMustBeDoneWhenACacheIsCritical) {
    const InventoryRow wrong{.service = "bot-client",
                             .node = {},
                             .declaration = {.name = "channel-activation",
                                             .caches = "status",
                                             .pattern = Pattern::local,
                                             .need = {.stale = Stale::wrong},
                                             .memory_ttl = 30s,
                                             .bound = entries(1000)}};

    EXPECT_THAT(caches::audit_document(std::array{wrong}),
                HasSubstr("- **Must do**, an instance would be wrong, and nothing tells it: "
                          "bot-client: channel-activation\n"));
}

}  // namespace
}  // namespace tutti::services::bot
