// The rules of the audit. A grade says how a cache that works behaves in a fleet; a contradiction says
// why a declaration cannot work at all.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/describe.hpp"
#include "tutti/clock.hpp"
#include "tutti/inventory.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"

namespace tutti {
namespace {

using audit::keeps_memory;

// As long as the audit accepts for a single entry that every instance refreshes by itself.
constexpr Duration short_lived = std::chrono::minutes{5};

bool has_bus(const Declaration& declaration) {
    return uses_bus(declaration.pattern) && !declaration.channel.empty();
}

bool stale_is_wrong_without_bus(const Declaration& declaration) {
    return declaration.need.stale == Stale::wrong && keeps_memory(declaration) &&
           !has_bus(declaration);
}

bool unbounded(const Declaration& declaration) {
    return keeps_memory(declaration) && !declaration.bound;
}

bool shared_is_truth(const Declaration& declaration) { return uses_store(declaration.pattern); }

bool counts_per_instance(const Declaration& declaration) {
    return declaration.pattern == Pattern::cooldown || declaration.need.rate_limit;
}

bool single_entry(const Declaration& declaration) {
    const auto& ttl = declaration.memory_ttl;
    return declaration.bound == entries(1) && ttl && !ttl->is_never() &&
           ttl->lifetime() <= short_lived;
}

bool always(const Declaration&) { return true; }

struct GradeRule {
    bool (*applies)(const Declaration&);
    Grade grade;
};

constexpr std::array grade_rules{
    GradeRule{
        stale_is_wrong_without_bus,
        {Risk::critical, "stale-is-wrong-without-bus",
         "a change made through one instance leaves the others wrong for up to one TTL",
         "declare it with Node::coherent and a channel, and invalidate after every change; or say "
         "Stale::acceptable if an old answer harms nobody"}},
    GradeRule{unbounded,
              {Risk::minor, "unbounded", "memory grows with every new key",
               "set its bound: tutti::entries(n) or tutti::bytes(n)"}},
    GradeRule{has_bus, {Risk::none, "kept-coherent", "the bus invalidates every instance", ""}},
    GradeRule{shared_is_truth,
              {Risk::none, "shared-is-truth",
               "the store holds the truth for all instances; memory only saves the trip", ""}},
    GradeRule{counts_per_instance,
              {Risk::minor, "counts-per-instance",
               "every instance counts on its own, so the fleet may act once per instance",
               "nothing, when a repetition harms nobody; otherwise a reservation"}},
    GradeRule{single_entry,
              {Risk::none, "single-entry",
               "one short-lived entry: instances differ briefly at most", ""}},
    GradeRule{always,
              {Risk::minor, "stale-per-instance", "instances may differ for up to one TTL",
               "nothing, when an old answer harms nobody; otherwise Node::coherent"}},
};

using Sentences = std::vector<std::string>;

constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t channel_bytes_max = 256;

bool is_printable(std::string_view text) { return audit::printable(text) == text; }

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

void check_words(const Declaration& declaration, Sentences& wrong) {
    if (declaration.name.empty()) {
        wrong.emplace_back("name: is missing; give the cache one, such as \"channel-activation\"");
    } else if (!std::ranges::all_of(declaration.name, is_name_character)) {
        wrong.emplace_back("name: may hold a-z, 0-9 and '-' only, because metrics use it");
    }
    if (declaration.name.size() > name_bytes_max) {
        wrong.emplace_back("name: is longer than 64 characters");
    }
    if (declaration.caches.empty()) {
        wrong.emplace_back("caches: is missing; say in words what it caches, for the audit");
    }
    if (!is_printable(declaration.caches)) {
        wrong.emplace_back("caches: holds a control character");
    }
    if (!is_printable(declaration.note)) wrong.emplace_back("note: holds a control character");
}

void check_ttl(std::string_view option, const Ttl& ttl, Sentences& wrong) {
    if (ttl.valid()) return;
    wrong.push_back(
        std::string(option) +
        ": must be more than zero; \"for ever\" is Ttl::never(), and a cache that is not "
        "wanted is not declared");
}

void check_memory(const Declaration& declaration, Sentences& wrong) {
    const bool is_cooldown = declaration.pattern == Pattern::cooldown;
    const std::string_view ttl_option = is_cooldown ? "period" : "ttl";
    if (!declaration.memory_ttl) {
        wrong.push_back(std::string(ttl_option) +
                        (is_cooldown
                             ? ": is missing; how long is a key refused once it was allowed?"
                             : ": is missing; how long may an entry live in memory?"));
    } else {
        check_ttl(ttl_option, *declaration.memory_ttl, wrong);
    }
    if (!declaration.bound) {
        wrong.emplace_back("bound: is missing; set tutti::entries(n) or tutti::bytes(n)");
        return;
    }
    if (!declaration.bound->valid()) {
        wrong.emplace_back("bound: is 0; a memory tier that may hold nothing is no cache");
    }
    if (is_cooldown && declaration.bound->unit() != Bound::Unit::entries) {
        wrong.emplace_back("bound: must be in entries for a cooldown");
    }
}

void check_store(const Declaration& declaration, Sentences& wrong) {
    const bool owns_value =
        declaration.pattern == Pattern::shared || declaration.pattern == Pattern::reservation;
    if (declaration.store_ttl) {
        check_ttl("store_ttl", *declaration.store_ttl, wrong);
    } else if (owns_value) {
        wrong.emplace_back("store_ttl: is missing; how long may the value live in the store?");
    }
}

// An option that means nothing for the pattern is a misunderstanding about the pattern.
void check_unused(const Declaration& declaration, Sentences& wrong) {
    const auto means_nothing = [&](std::string_view option) {
        wrong.push_back(std::string(option)
                            .append(": means nothing for a ")
                            .append(to_string(declaration.pattern))
                            .append(" cache; leave it out"));
    };
    if (!keeps_memory(declaration) && declaration.memory_ttl) means_nothing("ttl");
    if (!keeps_memory(declaration) && declaration.bound) means_nothing("bound");
    const bool may_store = uses_store(declaration.pattern) || uses_bus(declaration.pattern);
    if (!may_store && declaration.store_ttl) means_nothing("store_ttl");
}

void check_channel(const Declaration& declaration, Sentences& wrong) {
    const std::string& channel = declaration.channel;
    if (uses_bus(declaration.pattern) && channel.empty()) {
        wrong.emplace_back(
            "channel: is missing; a coherent cache is invalidated over one, such as "
            "\"cache:channel-activation-invalidation\"");
    }
    if (!uses_bus(declaration.pattern) && !channel.empty()) {
        wrong.push_back(
            std::string("channel: a ")
                .append(to_string(declaration.pattern))
                .append(" cache listens to none; declare it coherent or leave the channel out"));
    }
    if (channel.size() > channel_bytes_max) {
        wrong.emplace_back("channel: is longer than 256 bytes");
    }
    if (!is_printable(channel)) wrong.emplace_back("channel: holds a control character");
    if (declaration.foreign_publishers && channel.empty()) {
        wrong.emplace_back("foreign_publishers: needs a channel on which others publish");
    }
}

}  // namespace

Grade grade(const Declaration& declaration) {
    return std::ranges::find_if(grade_rules,
                                [&](const GradeRule& rule) { return rule.applies(declaration); })
        ->grade;
}

std::vector<std::string> contradictions(const Declaration& declaration) {
    Sentences wrong;
    check_words(declaration, wrong);
    if (keeps_memory(declaration)) check_memory(declaration, wrong);
    if (uses_store(declaration.pattern) || declaration.store_ttl) check_store(declaration, wrong);
    check_unused(declaration, wrong);
    check_channel(declaration, wrong);
    return wrong;
}

Risk worst(std::span<const InventoryRow> rows) {
    Risk risk = Risk::none;
    for (const InventoryRow& row : rows) risk = std::max(risk, grade(row.declaration).risk);
    return risk;
}

}  // namespace tutti
