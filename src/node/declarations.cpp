#include "node/declarations.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "audit/describe.hpp"
#include "audit/prefixes.hpp"
#include "base/option_problems.hpp"
#include "base/text.hpp"

namespace tutti {

namespace {

OptionProblems problems_of(const Declaration& declaration) {
    OptionProblems problems(who(declaration));
    problems.append(contradictions(declaration));
    return problems;
}

}  // namespace

std::string who(const Declaration& declaration) {
    return (declaration.publishes_only ? "invalidator '" : "cache '") + declaration.name + "'";
}

Declaration declaration_of(Pattern pattern, const detail::CacheSpec& spec) {
    return {
        .name = spec.name,
        .caches = spec.caches,
        .pattern = pattern,
        .need = {.stale = spec.stale.value_or(Stale::wrong),
                 .expensive_source = spec.expensive_source,
                 .read_heavy = spec.read_heavy},
        .memory_ttl = spec.ttl,
        .store_ttl = spec.store ? spec.store->ttl : std::nullopt,
        .raw_prefix = spec.store ? spec.store->raw_prefix : std::string(),
        .bound = spec.bound,
        .channel = spec.channel,
        .foreign_publishers = spec.foreign_publishers,
        .checked_within =
            spec.spot_check ? std::optional<Ttl>(spec.spot_check->within) : std::nullopt,
        .note = spec.note,
    };
}

Declaration declaration_of(const CooldownOptions& options) {
    return {
        .name = options.name,
        .caches = options.caches,
        .pattern = Pattern::cooldown,
        .need = {.stale = Stale::acceptable, .rate_limit = true},
        .memory_ttl = options.period,
        .bound = options.bound,
        .note = options.note,
    };
}

Declaration declaration_of(const detail::ReservationSpec& spec) {
    return {
        .name = spec.name,
        .caches = spec.caches,
        .pattern = Pattern::reservation,
        .need = {.stale = Stale::wrong, .once_in_fleet = true},
        .store_ttl = spec.window,
        .raw_prefix = spec.raw_prefix,
        .note = spec.note,
    };
}

Declaration declaration_of(const InvalidatorOptions& options) {
    return {
        .name = options.name,
        .caches = options.changes,
        .pattern = Pattern::coherent,
        .channel = options.channel,
        .publishes_only = true,
        .note = options.note,
    };
}

namespace {

void check_stale(const detail::CacheSpec& spec, OptionProblems& problems) {
    problems.unless(spec.stale.has_value(), "stale",
                    "is missing; say Stale::wrong or Stale::acceptable");
}

// Of what is kept in the store.
void check_bytes_max(std::size_t bytes_max, OptionName option, OptionProblems& problems) {
    problems.unless(bytes_max > 0 && bytes_max <= Store::value_bytes_max, option,
                    "must be positive and at most 64 MiB");
}

// What only framed values have.
void check_raw(const detail::StoreSpec& store, OptionProblems& problems) {
    const StoreTier<int> defaults;
    const auto needs_frame = [&](bool given, OptionName option) {
        problems.unless(!given, option, "needs framed values: leave it or raw_prefix out");
    };
    needs_frame(store.rank != nullptr, "store.rank");
    needs_frame(store.version != defaults.version, "store.version");
    needs_frame(store.compress_above_bytes != defaults.compress_above_bytes,
                "store.compress_above_bytes");
}

void check_store(const detail::StoreSpec& store, OptionProblems& problems) {
    problems.unless(store.ttl.has_value(), "store.ttl",
                    "is missing; how long may the value live in the store?");
    problems.unless(!store.ttl || !store.ttl->is_never(), "store.ttl",
                    "must end; Ttl::never() is for memory");
    problems.unless(store.encode && store.decode, "store.codec",
                    "is missing: json_codec<V>(), bytes_codec() or a pair of functions");
    check_bytes_max(store.value_bytes_max, "store.value_bytes_max", problems);
    const bool raw = !store.raw_prefix.empty();
    if (raw) check_raw(store, problems);
    problems.unless(raw || !store.foreign_writers, "store.foreign_writers", "needs a raw_prefix");
    problems.unless(store.rank || store.rank_yields_after == Duration::max(),
                    "store.rank_yields_after", "means nothing without rank");
    problems.unless(store.rank_yields_after > Duration::zero(), "store.rank_yields_after",
                    "must be positive");
}

void check_negative(const NegativeTtls& negative, OptionProblems& problems) {
    problems.unless(
        negative.ceiling && negative.ceiling->valid() && !negative.ceiling->is_never(),
        "negative.ceiling",
        "is missing, not positive or never: how long may a remembered failure outlive its cause?");
    for (const auto& [category, ttl] : negative.categories) {
        problems.unless(ttl.valid() && !category.empty() && category.size() <= 64,
                        "negative.categories", "names have 1 to 64 bytes, and TTLs are positive");
    }
    problems.unless(!negative.otherwise || negative.otherwise->valid(), "negative.otherwise",
                    "must be positive");
}

void check_refresh_on_hit(const detail::CacheSpec& spec, OptionProblems& problems) {
    const double after = spec.refresh->on_hit_after;
    problems.unless(after >= 0 && after < 1, "refresh.on_hit_after",
                    "is a fraction of a lifetime: from 0 (no hit refreshes) to below 1, such as "
                    "0.8");
    if (after == 0) return;
    problems.unless(spec.ttl && !spec.ttl->is_never(), "refresh.on_hit_after",
                    "needs a memory tier with a ttl that ends: a fraction of what?");
}

void check_refresh(const detail::RefreshSpec& refresh, OptionProblems& problems) {
    if (refresh.keys.empty()) {
        const bool on_hit = refresh.on_hit_after != 0;
        problems.unless(on_hit, "refresh.keys",
                        "names no key, and no on_hit_after is given: what is to be refreshed?");
        problems.unless(!on_hit || refresh.every == Duration::zero(), "refresh.every",
                        "means nothing without refresh.keys: name the keys that are loaded on "
                        "schedule, or leave it out");
        return;
    }
    problems.unless(refresh.every > Duration::zero(), "refresh.every",
                    "is missing or not positive");
    problems.unless(
        refresh.every <= Duration::zero() || refresh.every >= Refresh<int>::every_min,
        "refresh.every",
        "must be at least 100 ms: below it the source is loaded all the time; is a unit "
        "missing?");
    problems.unless(refresh.first >= Duration::zero(), "refresh.first", "must not be negative");
    problems.unless(refresh.signal_after > 0, "refresh.signal_after", "must be positive");
}

void check_warm_up(const detail::WarmUpSpec& warm_up, OptionProblems& problems) {
    problems.unless(warm_up.keys != nullptr, "warm_up.keys", "is missing; which keys?");
    problems.unless(warm_up.keys_at_once > 0, "warm_up.keys_at_once", "must be positive");
    problems.unless(warm_up.deadline > Duration::zero(), "warm_up.deadline", "must be positive");
}

void check_events(const detail::CacheSpec& spec, OptionProblems& problems) {
    const EventListener& events = *spec.events;
    problems.unless(events.listen != nullptr, "events.listen", "is missing; who is told?");
    problems.unless(!events.kinds.empty(), "events.kinds", "names no kind");
    const auto is_one = [](CacheEvent::Kind kind) { return to_string(kind) != "unknown"; };
    problems.unless(std::ranges::all_of(events.kinds, is_one), "events.kinds",
                    "has a number that is no CacheEvent::Kind");
    problems.unless(events.waiting_max > 0, "events.waiting_max", "must be positive");
}

void check_spot_check(const detail::CacheSpec& spec, OptionProblems& problems) {
    const detail::SpotCheckSpec& check = *spec.spot_check;
    problems.unless(check.one_in > 0, "spot_check.one_in", "must be positive; 1 checks every hit");
    problems.unless(check.within > Duration::zero(), "spot_check.within", "must be positive");
    problems.unless(check.same != nullptr, "spot_check.same",
                    "is missing: the value type has no operator==, and no codec of a store says "
                    "what its bytes are");
    problems.unless(spec.ttl.has_value(), "spot_check",
                    "needs a memory tier: what would be compared with the source?");
    problems.unless(!spec.validate_on_read, "spot_check",
                    "means nothing with validate_on_read: a hit that waits for the server is no "
                    "sample");
}

void check_resilience(const detail::CacheSpec& spec, OptionProblems& problems) {
    if (spec.negative) check_negative(*spec.negative, problems);
    if (spec.stale_if_error) {
        problems.unless(spec.stale_if_error->for_up_to > Duration::zero(),
                        "stale_if_error.for_up_to", "is missing or not positive");
        problems.unless(spec.stale_if_error->retry_after >= Duration::zero(),
                        "stale_if_error.retry_after", "must not be negative");
        problems.unless(
            spec.stale_if_error->when_slower_than.value_or(Duration::zero()) >= Duration::zero(),
            "stale_if_error.when_slower_than", "must not be negative");
    }
    if (spec.refresh) {
        check_refresh_on_hit(spec, problems);
        check_refresh(*spec.refresh, problems);
    }
    if (spec.warm_up) check_warm_up(*spec.warm_up, problems);
    if (spec.events) check_events(spec, problems);
    if (spec.spot_check) check_spot_check(spec, problems);
    // A raw value is a value and nothing else, and goes with its time to live.
    const bool keeps_values_only = spec.store && !spec.store->raw_prefix.empty() && !spec.ttl;
    const auto needs_a_place = [&](bool given, OptionName option) {
        problems.unless(!given || !keeps_values_only, option,
                        "has no place to keep anything in: give the cache a memory tier, or framed "
                        "values");
    };
    needs_a_place(spec.stale_if_error.has_value(), "stale_if_error");
    needs_a_place(spec.negative.has_value(), "negative");
    needs_a_place(spec.absent_ttl.has_value(), "absent_ttl");
}

void check_plain(const PlainEvent& plain, OptionProblems& problems) {
    const auto is_member = [](const std::string& text) {
        return !text.empty() && text.size() <= 64 && is_plain_text(text);
    };
    problems.unless(
        is_member(plain.type) && is_member(plain.key) && plain.type != "all" && plain.key != "type",
        "plain",
        "needs a type other than \"all\" and a key other than \"type\", each of 1 to 64 "
        "bytes of UTF-8 without control characters");
}

// What a cache has no use for that asks the server during each read.
void check_validated(const detail::CacheSpec& spec, OptionProblems& problems) {
    problems.unless(spec.on_suspect.kind() != OnSuspect::Kind::serve_up_to, "on_suspect",
                    "serve_up_to counts an age by the clock, which validate_on_read does not "
                    "trust: take bypass or fail");
    problems.unless(spec.on_disconnect == OnDisconnect::serve, "on_disconnect",
                    "means nothing with validate_on_read, which serves nothing that is not proven "
                    "during the read");
    problems.unless(!spec.refresh || spec.refresh->on_hit_after == 0, "refresh.on_hit_after",
                    "means nothing with validate_on_read: a hit that waits for the server begins "
                    "no refresh");
}

// What only a cache has that hears of invalidations.
void check_bus(Pattern pattern, const detail::CacheSpec& spec, OptionProblems& problems) {
    const auto needs_bus = [&](bool given, OptionName option) {
        problems.unless(!given || uses_bus(pattern), option, audit::means_nothing_for(pattern));
    };
    needs_bus(spec.plain.has_value(), "plain");
    needs_bus(spec.reach != Reach::that_key, "reach");
    needs_bus(spec.on_suspect.kind() != OnSuspect::Kind::bypass, "on_suspect");
    needs_bus(spec.on_disconnect != OnDisconnect::serve, "on_disconnect");
    needs_bus(spec.validate_on_read, "validate_on_read");
    if (spec.validate_on_read) check_validated(spec, problems);
    problems.unless(spec.reach == Reach::that_key || !spec.store, "reach",
                    "every_key is for a cache without a store");
    problems.unless(spec.on_suspect.kind() != OnSuspect::Kind::serve_up_to ||
                        spec.on_suspect.age() > Duration::zero(),
                    "on_suspect", "serve_up_to needs a positive age");
    problems.unless(!spec.foreign_publishers || spec.plain, "foreign_publishers",
                    "needs plain: the shape of their events");
    if (spec.plain) check_plain(*spec.plain, problems);
}

void check_tagged(const detail::CacheSpec& spec, OptionProblems& problems) {
    if (!spec.tagged) return;
    problems.unless(spec.tagged->tags_max > 0 && spec.tagged->tags_max <= entry_tags_max,
                    "tagged.tags_max",
                    "must be 1 to " + std::to_string(entry_tags_max) + ": what an entry may carry");
    problems.unless(!spec.store || spec.store->raw_prefix.empty(), "tagged",
                    "needs framed values in the store: leave it or store.raw_prefix out");
}

void check_idle(const detail::CacheSpec& spec, OptionProblems& problems) {
    if (!spec.idle_ttl) return;
    problems.unless(spec.idle_ttl->valid() && !spec.idle_ttl->is_never(), "idle_ttl",
                    "must be positive and end: leave it out for entries that may stay unused");
    problems.unless(spec.ttl.has_value(), "idle_ttl",
                    "means nothing without a memory tier: give ttl and bound");
    const bool ends_both = spec.ttl && spec.ttl->valid() && !spec.ttl->is_never() &&
                           spec.idle_ttl->valid() && !spec.idle_ttl->is_never();
    problems.unless(!ends_both || spec.idle_ttl->lifetime() < spec.ttl->lifetime(), "idle_ttl",
                    "must be shorter than ttl, which ends every entry, used or not");
}

void check_weigh(const detail::CacheSpec& spec, OptionProblems& problems) {
    const bool in_bytes = spec.bound && spec.bound->unit() == Bound::Unit::bytes;
    problems.unless(!in_bytes || spec.weigh, "weigh", "is missing; a bound in bytes needs it");
    problems.unless(in_bytes || !spec.weigh, "weigh", "means nothing without a bound in bytes");
}

}  // namespace

std::vector<std::string> problems_with(const Declaration& declaration,
                                       const detail::CacheSpec& spec) {
    OptionProblems problems = problems_of(declaration);
    if (!spec.problem.empty()) problems.append(std::vector{spec.problem});
    const Pattern pattern = declaration.pattern;
    const bool may_store = uses_bus(pattern) || pattern == Pattern::shared;
    problems.unless(!spec.store || may_store, "store", audit::means_nothing_for(pattern));
    if (spec.store && may_store) check_store(*spec.store, problems);
    problems.unless(!spec.store || !spec.store->foreign_writers || spec.stale != Stale::wrong,
                    "store.foreign_writers",
                    "needs Stale::acceptable: what a foreign program writes carries no proof of "
                    "freshness");
    check_resilience(spec, problems);
    check_bus(pattern, spec, problems);
    check_weigh(spec, problems);
    check_stale(spec, problems);
    problems.unless(spec.load.blocking || spec.load.asynchronous, "load",
                    "is missing; how is the source asked?");
    problems.unless(!spec.absent_ttl || spec.absent_ttl->valid(), "absent_ttl", "must be positive");
    check_idle(spec, problems);
    check_tagged(spec, problems);
    problems.unless(spec.ttl_jitter >= 0 && spec.ttl_jitter <= 0.5, "ttl_jitter",
                    "is a fraction of a lifetime: from 0 to 0.5");
    problems.unless(spec.load_deadline > Duration::zero(), "load_deadline", "must be positive");
    problems.unless(spec.loads_max > 0, "loads_max", "must be positive");
    problems.unless(spec.load_many_keys_max > 0, "load_many_keys_max", "must be positive");
    return problems.take();
}

std::vector<std::string> problems_with(const Declaration& declaration,
                                       const InvalidatorOptions& options) {
    OptionProblems problems = problems_of(declaration);
    if (options.plain) check_plain(*options.plain, problems);
    return problems.take();
}

std::vector<std::string> problems_with(const Declaration& declaration, const CooldownOptions&) {
    return problems_of(declaration).take();
}

std::vector<std::string> problems_with(const Declaration& declaration,
                                       const detail::ReservationSpec& spec) {
    OptionProblems problems = problems_of(declaration);
    problems.unless(!spec.window || *spec.window >= std::chrono::milliseconds{1}, "window",
                    "must be at least 1 ms");
    problems.unless(spec.when_store_fails.has_value(), "when_store_fails",
                    "is missing; refuse (nothing happens while the store is away) or allow (it "
                    "may happen twice)?");
    problems.unless(spec.has_codec, "codec", "is missing; only a note that is a string needs none");
    check_bytes_max(spec.note_bytes_max, "note_bytes_max", problems);
    return problems.take();
}

std::vector<std::string> problems_with(const Declaration& declaration,
                                       const detail::CacheSpec& answers,
                                       const detail::NearSpec& near) {
    OptionProblems problems = problems_of(declaration);
    check_stale(answers, problems);
    problems.unless(!answers.bound || answers.bound->unit() == Bound::Unit::entries, "bound",
                    "must be in entries for a near cache");
    check_resilience(answers, problems);
    problems.unless(near.document != nullptr, "document",
                    "is missing; under which key of the store is it?");
    problems.unless(near.decode != nullptr, "codec", "is missing; how is the document read?");
    problems.unless(near.project != nullptr, "project",
                    "is missing; what does a document say about a key?");
    problems.unless(near.documents_max > 0, "documents_max", "must be positive");
    check_bytes_max(near.document_bytes_max, "document_bytes_max", problems);
    return problems.take();
}

namespace {

void check_prefix(const Declaration& declaration, const Declaration& earlier,
                  OptionProblems& problems) {
    const bool raw = !declaration.raw_prefix.empty() && !earlier.raw_prefix.empty();
    if (!raw || !audit::overlap(declaration.raw_prefix, earlier.raw_prefix)) return;
    problems.add(audit::raw_prefix_option(declaration),
                 "'" + declaration.raw_prefix + "' overlaps with '" + earlier.raw_prefix + "' of " +
                     who(earlier) +
                     ": both may use one key of the store, and displace each other's values or "
                     "take them for their own; give them prefixes of which neither begins with the "
                     "other");
}

bool keeps_values_on(const std::string& channel, const Declaration& declaration) {
    return declaration.store_ttl && declaration.channel == channel;
}

}  // namespace

std::vector<std::string> problems_between(const Declaration& declaration,
                                          std::span<const Declaration* const> earlier) {
    OptionProblems problems(who(declaration));
    std::size_t prefixes = 0;
    for (const Declaration* const other : earlier) {
        problems.unless(other->name != declaration.name, "name",
                        "is used twice on this node; give each cache its own");
        check_prefix(declaration, *other, problems);
        if (keeps_values_on(declaration.channel, *other)) ++prefixes;
    }
    problems.unless(declaration.channel.empty() || !declaration.store_ttl ||
                        prefixes < ValueAddress::prefixes_max,
                    "channel",
                    "'" + declaration.channel + "' has " +
                        std::to_string(ValueAddress::prefixes_max) +
                        " caches with a store already, and an invalidation reaches no more: name "
                        "another channel");
    return problems.take();
}

}  // namespace tutti
