// The rules of the audit. A grade says how a cache that works behaves in a fleet; a contradiction
// says why a declaration cannot work at all.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/describe.hpp"
#include "audit/prefixes.hpp"
#include "base/name_rule.hpp"
#include "base/option_problems.hpp"
#include "base/text.hpp"
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

constexpr std::size_t cache_name_bytes_max = 64;
constexpr std::string_view not_plain = "must be UTF-8 without control characters";

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

void check_words(const Declaration& declaration, OptionProblems& problems) {
    if (declaration.name.empty()) {
        problems.add("name", "is missing; give the cache one, such as \"channel-activation\"");
    } else if (!std::ranges::all_of(declaration.name, is_name_character)) {
        problems.add("name", "may hold a-z, 0-9 and '-' only, because metrics use it");
    }
    problems.unless(declaration.name.size() <= cache_name_bytes_max, "name",
                    "is longer than 64 characters");
    const bool has_caches = !declaration.publishes_only;
    problems.unless(!has_caches || !declaration.caches.empty(), "caches",
                    "is missing; say in words what it caches, for the audit");
    problems.unless(has_caches || !declaration.caches.empty(), "changes",
                    "is missing; say in words what changes, for the audit");
    problems.unless(is_plain_text(declaration.caches),
                    has_caches ? OptionName("caches") : OptionName("changes"), not_plain);
    problems.unless(is_plain_text(declaration.note), "note", not_plain);
}

void check_ttl(OptionName option, const Ttl& ttl, OptionProblems& problems) {
    problems.unless(ttl.valid(), option,
                    "must be more than zero; \"for ever\" is Ttl::never(), and a cache that is "
                    "not wanted is not declared");
}

void check_memory(const Declaration& declaration, OptionProblems& problems) {
    const bool is_cooldown = declaration.pattern == Pattern::cooldown;
    const OptionName ttl_option = is_cooldown ? OptionName("period") : OptionName("ttl");
    if (!declaration.memory_ttl) {
        problems.add(ttl_option, is_cooldown
                                     ? "is missing; how long is a key refused once it was allowed?"
                                     : "is missing; how long may an entry live in memory?");
    } else {
        check_ttl(ttl_option, *declaration.memory_ttl, problems);
    }
    if (!declaration.bound) {
        problems.add("bound", "is missing; set tutti::entries(n) or tutti::bytes(n)");
        return;
    }
    problems.unless(declaration.bound->valid(), "bound",
                    "is 0; a memory tier that may hold nothing is no cache");
    problems.unless(!is_cooldown || declaration.bound->unit() == Bound::Unit::entries, "bound",
                    "must be in entries for a cooldown");
}

OptionName store_ttl_option(const Declaration& declaration) {
    return declaration.pattern == Pattern::reservation ? OptionName("window")
                                                       : OptionName("store.ttl");
}

void check_store(const Declaration& declaration, OptionProblems& problems) {
    const OptionName option = store_ttl_option(declaration);
    if (declaration.store_ttl) {
        check_ttl(option, *declaration.store_ttl, problems);
    } else if (declaration.pattern == Pattern::shared) {
        problems.add(option, "is missing; how long may the value live in the store?");
    } else if (declaration.pattern == Pattern::reservation) {
        problems.add(option, "is missing; how long is a key held?");
    }
}

// The names in front of all of ours; no other may be one of them, or become one with a key behind
// it.
constexpr std::string_view our_names = "tutti:";

void check_prefix(const Declaration& declaration, OptionProblems& problems) {
    const std::string& prefix = declaration.raw_prefix;
    if (prefix.empty()) return;
    const OptionName option = audit::raw_prefix_option(declaration);
    problems.unless(prefix.size() <= name_bytes_max && is_plain_text(prefix), option,
                    "must have at most 512 bytes of UTF-8, without control characters");
    problems.unless(!audit::overlap(prefix, our_names), option,
                    "must not begin with tutti:, nor be a beginning of it: those names are ours");
}

// An option that means nothing for the pattern is a misunderstanding about the pattern.
void check_unused(const Declaration& declaration, OptionProblems& problems) {
    const auto means_nothing = [&](bool given, OptionName option) {
        problems.unless(!given, option, audit::means_nothing_for(declaration.pattern));
    };
    if (!keeps_memory(declaration)) {
        means_nothing(declaration.memory_ttl.has_value(), "ttl");
        means_nothing(declaration.bound.has_value(), "bound");
    }
    const bool may_store = uses_store(declaration.pattern) || uses_bus(declaration.pattern);
    means_nothing(!may_store && (declaration.store_ttl || !declaration.raw_prefix.empty()),
                  "store");
}

void check_channel(const Declaration& declaration, OptionProblems& problems) {
    const std::string& channel = declaration.channel;
    if (uses_bus(declaration.pattern)) {
        if (channel.empty()) {
            problems.add("channel",
                         "is missing; a coherent cache is invalidated over one, such as "
                         "\"cache:channel-activation-invalidation\"");
        } else {
            problems.add_if("channel", wrong_with_name(channel));
        }
    } else if (!channel.empty()) {
        problems.add("channel",
                     std::string("a ")
                         .append(to_string(declaration.pattern))
                         .append(" cache listens to none; declare it coherent or leave the "
                                 "channel out"));
    }
    problems.unless(!declaration.foreign_publishers || !channel.empty(), "foreign_publishers",
                    "needs a channel on which others publish");
}

}  // namespace

Grade grade(const Declaration& declaration) {
    return std::ranges::find_if(grade_rules,
                                [&](const GradeRule& rule) { return rule.applies(declaration); })
        ->grade;
}

std::vector<std::string> contradictions(const Declaration& declaration) {
    OptionProblems problems;
    check_words(declaration, problems);
    if (keeps_memory(declaration)) check_memory(declaration, problems);
    if (uses_store(declaration.pattern) || declaration.store_ttl) {
        check_store(declaration, problems);
    }
    check_prefix(declaration, problems);
    check_unused(declaration, problems);
    check_channel(declaration, problems);
    return problems.take();
}

Risk worst(std::span<const InventoryRow> rows) {
    Risk risk = Risk::none;
    for (const Grade& grade : grades(rows)) risk = std::max(risk, grade.risk);
    return risk;
}

}  // namespace tutti
