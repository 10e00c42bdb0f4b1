#include "audit/describe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

#include "tutti/inventory.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"
#include "unit/audit/declarations.hpp"

namespace tutti {
namespace {

using namespace audit_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

std::string ttl_text(Ttl ttl) {
    Declaration declaration = autocomplete();
    declaration.memory_ttl = ttl;
    return audit::describe_ttl(declaration);
}

TEST(Describe, TiersAreNamedWithTheirTtlsWhenThereAreTwo) {
    EXPECT_EQ(describe_tiers(channel_activation()), "memory + bus");
    EXPECT_EQ(describe_tiers(autocomplete()), "memory");
    EXPECT_EQ(describe_tiers(model_capability()), "memory + store");
    EXPECT_EQ(describe_tiers(openrouter_models()), "memory (5 min) + store (24 h)");
    EXPECT_EQ(describe_tiers(vision_description()), "store");
    EXPECT_EQ(describe_tiers(request_dedup()), "store");
}

TEST(Describe, InvalidationIsTheOneThatTheAuditNames) {
    EXPECT_EQ(describe_invalidation(personality()), "Redis pub/sub event");
    EXPECT_EQ(describe_invalidation(autocomplete()), "TTL expiry");
    EXPECT_EQ(describe_invalidation(openrouter_models()), "TTL expiry");
    EXPECT_EQ(describe_invalidation(vision_description()), "TTL expiry");
    EXPECT_EQ(describe_invalidation(notification()), "Periodic cleanup");
}

TEST(Describe, WhatNeverExpiresIsNotSaidToExpire) {
    Declaration declaration = autocomplete();
    declaration.memory_ttl = Ttl::never();

    EXPECT_EQ(describe_invalidation(declaration), "None (never expires)");
}

TEST(Describe, ATtlIsWrittenInTheLargestUnitWithoutAFraction) {
    EXPECT_EQ(ttl_text(30s), "30 s");
    EXPECT_EQ(ttl_text(60s), "1 min");
    EXPECT_EQ(ttl_text(90s), "90 s");
    EXPECT_EQ(ttl_text(1h), "1 h");
    EXPECT_EQ(ttl_text(24h), "24 h");
    EXPECT_EQ(ttl_text(168h), "7 d");
    EXPECT_EQ(ttl_text(1500ms), "1500 ms");
    EXPECT_EQ(ttl_text(1ns), "1 ns");
    EXPECT_EQ(ttl_text(0s), "0 s");
    EXPECT_EQ(ttl_text(Ttl::never()), "never");
    EXPECT_EQ(audit::describe_ttl(openrouter_models()), "5 min / 24 h");
}

TEST(Describe, ABoundIsWrittenWithItsUnit) {
    Declaration declaration = autocomplete();

    EXPECT_EQ(audit::describe_bound(declaration), "500 entries");
    declaration.bound = entries(1);
    EXPECT_EQ(audit::describe_bound(declaration), "1 entry");
    declaration.bound = bytes(64UL << 20U);
    EXPECT_EQ(audit::describe_bound(declaration), "64 MiB");
    declaration.bound = bytes(1025);
    EXPECT_EQ(audit::describe_bound(declaration), "1025 bytes");
    declaration.bound.reset();
    EXPECT_EQ(audit::describe_bound(declaration), "unbounded");
    EXPECT_EQ(audit::describe_bound(vision_description()), "-");
}

TEST(Merge, InstancesOfOneCacheBecomeOneRowWithAddedCounters) {
    const Inventory first{row(autocomplete(), "bot-client-2", {.hits = 1, .entries = 4})};
    const Inventory second{row(autocomplete(), "bot-client-1", {.hits = 10, .entries = 5}),
                           row(personality(), "bot-client-1", {.misses = 7})};

    const Inventory merged = merge(std::array{first, second});

    ASSERT_EQ(merged.size(), 2);
    EXPECT_EQ(merged[0].declaration.name, "autocomplete");
    EXPECT_EQ(merged[0].node, "bot-client-1, bot-client-2");
    EXPECT_EQ(merged[0].counters, (CacheCounters{.hits = 11, .entries = 9}));
    EXPECT_EQ(merged[1].node, "bot-client-1");
    EXPECT_EQ(merged[1].counters, (CacheCounters{.misses = 7}));
}

TEST(Merge, AProcessThatDeclaresACacheDifferentlyStaysVisible) {
    const Inventory coherent{row(channel_activation(), "bot-client-1")};
    const Inventory old{row(local_channel_activation(), "bot-client-2")};
    const Inventory coherent_too{row(channel_activation(), "bot-client-3")};

    const Inventory merged = merge(std::array{coherent, old, coherent_too});

    ASSERT_EQ(merged.size(), 2);
    EXPECT_EQ(merged[0].node, "bot-client-1, bot-client-3");
    EXPECT_EQ(merged[1].node, "bot-client-2");
    EXPECT_EQ(worst(merged), Risk::critical);
}

TEST(Merge, TheSameNameInAnotherServiceIsAnotherCache) {
    InventoryRow other = row(personality(), "worker-1");
    other.service = "ai-worker";

    const Inventory merged =
        merge(std::array{Inventory{row(personality(), "bot-client-1"), other}});

    ASSERT_EQ(merged.size(), 2);
    EXPECT_EQ(merged[0].service, "ai-worker");
    EXPECT_EQ(merged[1].service, "bot-client");
}

TEST(Merge, MergingAgainChangesNothingButTheCounts) {
    const Inventory once = merge(std::array{Inventory{row(autocomplete(), "b", {.hits = 1})},
                                            Inventory{row(autocomplete(), "a", {.hits = 2})}});

    const Inventory twice = merge(std::array{once, once});

    ASSERT_EQ(twice.size(), 1);
    EXPECT_EQ(twice[0].node, "a, b");
    EXPECT_EQ(twice[0].counters.hits, 6);
}

TEST(ToText, ColumnsAreAlignedAndNoLineIsWiderThanATerminal) {
    Inventory inventory;
    for (const Declaration& declaration : all_declarations()) inventory.push_back(row(declaration));
    inventory[0].declaration.note = std::string(300, 'n') + " and " + std::string(80, 'm');

    const auto lines = lines_of(to_text(inventory));

    std::size_t pattern_column = std::string::npos;
    for (const std::string& line : lines) {
        EXPECT_LE(line.size(), 120) << line;
        if (line.starts_with("  RISK")) pattern_column = line.find("PATTERN");
        for (const Declaration& declaration : all_declarations()) {
            if (line.find("  " + declaration.name + "  ") == std::string::npos) continue;
            EXPECT_EQ(line.find(to_string(declaration.pattern), pattern_column), pattern_column)
                << line;
        }
    }
    EXPECT_EQ(lines.back(), "10 caches: 0 CRITICAL, 2 Minor, 8 None");
}

TEST(ToText, SaysWhatARunningCacheDidAndWhyItIsGradedSo) {
    const std::string text =
        to_text(Inventory{row(local_channel_activation(), "bot-client-1",
                              {.hits = 3,
                               .misses = 1,
                               .loads = 1,
                               .entries = 1,
                               .load_times = {.counts = {0, 1}, .total = 2ms},
                               .wait_times = {.counts = {0, 2}, .total = 8ms}})});

    EXPECT_THAT(text, HasSubstr("bot-client, on bot-client-1\n"));
    EXPECT_THAT(text,
                HasSubstr("  CRITICAL  channel-activation  local    memory    30 s  1000 entries  "
                          "TTL expiry\n"));
    EXPECT_THAT(text, HasSubstr("            channel activation status\n"));
    EXPECT_THAT(text, HasSubstr("            stale-is-wrong-without-bus: "));
    EXPECT_THAT(text, HasSubstr("            remedy: declare it with Node::coherent"));
    EXPECT_THAT(
        text, HasSubstr("            hits 3 (75 %), misses 1, loads 1, entries 1, mean load 2 ms, "
                        "mean wait 4 ms\n"));
}

TEST(ToText, SaysWhatSpotChecksAreWorth) {
    const auto checked = [](std::uint64_t same, std::uint64_t stale) {
        Declaration declaration = personality();
        declaration.checked_within = 10s;
        const auto text = to_text(Inventory{
            row(declaration, "bot-client-1", {.checked_same = same, .checked_stale = stale})});
        return text.substr(std::min(text.find("spot checks: "), text.size()));
    };

    EXPECT_THAT(checked(0, 0), StartsWith("spot checks: 0 the same, 0 stale within 10 s: too few"));
    EXPECT_THAT(checked(3, 0), HasSubstr("too few"));
    EXPECT_THAT(checked(30, 0), HasSubstr("of the hits at least 90 % are true (95 % certain)"));
    EXPECT_THAT(checked(30'000, 0), HasSubstr("at least 99.99 % are"));
    EXPECT_THAT(checked(29'999, 0), HasSubstr("at least 99.98")) << "never rounded up";
    EXPECT_THAT(checked(3'000'000, 0), HasSubstr("at least 99.9999 % are"));
    EXPECT_THAT(checked(9'900, 100), HasSubstr("at least 98 % are")) << "not 99";
    EXPECT_THAT(to_text(Inventory{row(personality(), "bot-client-1")}),
                Not(HasSubstr("spot checks")));
}

TEST(ProvenShare, IsALowerBoundThatFailuresAndFewSamplesLower) {
    EXPECT_EQ(proven_share(0, 0), 0);
    EXPECT_EQ(proven_share(3, 0), 0) << "too few";
    EXPECT_DOUBLE_EQ(proven_share(300, 0), 0.99);
    EXPECT_DOUBLE_EQ(proven_share(1000, 100), 1 - (100 + 16.45 + 3) / 1000);
    EXPECT_EQ(proven_share(10, 10), 0);
    EXPECT_EQ(describe_share(proven_share(12'345, 0)), "99.97 %");
}

TEST(ToText, ACatalogueCountsNothing) {
    const std::string text = to_text(Inventory{row(personality())});

    EXPECT_THAT(text, HasSubstr("bot-client, as declared\n"));
    EXPECT_THAT(text, Not(HasSubstr("hits")));
}

TEST(ToText, LongNamesAreAbbreviatedAndLettersOfAnyScriptAreAligned) {
    Declaration declaration = autocomplete();
    declaration.name = std::string(60, 'x');
    declaration.caches = "Pers\xC3\xB6nlichkeiten";

    const std::string text = to_text(Inventory{row(declaration)});

    EXPECT_THAT(text, HasSubstr("  " + std::string(29, 'x') + "...  local"));
    EXPECT_THAT(text, HasSubstr(declaration.caches));
}

TEST(ToText, NothingThatAProcessReportsReachesTheTerminalAsAControlSequence) {
    InventoryRow hostile = row(autocomplete(), "\x1B[2J");
    hostile.service = "a\nb";
    hostile.declaration.name = "n\rn";
    hostile.declaration.caches = "\x1B]0;title\x07";
    hostile.declaration.note =
        "\xC2\x9B"
        "2J \x7F";
    hostile.declaration.channel = "\t";

    const std::string text = to_text(Inventory{hostile});

    EXPECT_TRUE(std::ranges::all_of(text, [](char c) {
        return c == '\n' || (c >= ' ' && c < 0x7F);
    })) << text;
    EXPECT_THAT(text, HasSubstr("a?b, on ?[2J\n"));
}

TEST(ToText, AnEmptyInventorySaysSo) { EXPECT_EQ(to_text({}), "no cache is declared\n"); }

TEST(ToMarkdown, HasTheColumnsOfTheAudit) {
    const auto lines = lines_of(to_markdown(
        Inventory{row(openrouter_models()), row(notification()), row(local_channel_activation())}));

    EXPECT_THAT(
        lines,
        ElementsAre("| Cache | Location | TTL | Bound | What it caches | Pattern | Invalidation | "
                    "Scaling risk | Rule |",
                    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
                    "| openrouter-models | bot-client: memory + store | 5 min / 24 h | 1 entry | "
                    "something | Redis with TTL | TTL expiry | **None** | `shared-is-truth` |",
                    "| notification | bot-client: memory | 1 h | 10000 entries | something | "
                    "In-memory map (local is correct) | Periodic cleanup | Minor | "
                    "`counts-per-instance` |",
                    "| channel-activation | bot-client: memory | 30 s | 1000 entries | channel "
                    "activation status | In-memory TTL only | TTL expiry | **CRITICAL** | "
                    "`stale-is-wrong-without-bus` |"));
}

TEST(ToMarkdown, ACellCannotBeLeft) {
    Declaration declaration = autocomplete();
    declaration.caches = "a | b\n| c | <script> `x` [l](u) \\";

    const auto lines = lines_of(to_markdown(Inventory{row(declaration)}));

    ASSERT_EQ(lines.size(), 3);
    EXPECT_THAT(lines[2], HasSubstr(R"(| a \| b?\| c \| \<script\> \`x\` \[l\](u) \\ |)"));
}

}  // namespace
}  // namespace tutti
