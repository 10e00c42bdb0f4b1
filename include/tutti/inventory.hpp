// The audit: which caches a process has, how each is kept right, and how it behaves when the
// service runs as many instances. It is computed from the declarations that the process really runs
// on.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/error.hpp"
#include "tutti/metrics/times.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"

namespace tutti {

enum class Risk : std::uint8_t { none, minor, critical };

// A verdict and the rule that reached it.
struct Grade {
    Risk risk = Risk::none;
    std::string_view rule;    // stable name: "stale-is-wrong-without-bus"
    std::string_view reason;  // one sentence for people
    std::string_view remedy;  // what to change; empty for Risk::none

    friend bool operator==(const Grade&, const Grade&) = default;
};

// One cache as it was declared.
struct Declaration {
    std::string name;
    std::string caches;  // what it caches, in words
    Pattern pattern = Pattern::local;
    Need need = {};
    std::optional<Ttl> memory_ttl = std::nullopt;
    std::optional<Ttl> store_ttl = std::nullopt;
    std::string raw_prefix = {};  // of its keys in the store; empty: a name of ours, or no store
    std::optional<Bound> bound = std::nullopt;  // of the memory tier
    std::string channel = {};                   // of the bus; empty: none
    bool foreign_publishers = false;
    bool publishes_only = false;  // an invalidator: it keeps nothing, and hears nothing
    std::optional<Ttl> checked_within = std::nullopt;  // SpotCheck::within; none: it has no checks
    std::string note = {};  // for the operator, for example why a pattern differs from the advice

    friend bool operator==(const Declaration&, const Declaration&) = default;
};

// What a cache counts, one line for each: everything that counts, adds up, prints or reads counters
// is made of this list. The member, which also names it in JSON and in metrics; whether it only
// grows (`count`) or is what holds now (`gauge`, and `gauge_of_bytes` for caches whose bound is in
// bytes); in words, for a line of text; and as a sentence.
#define TUTTI_CACHE_COUNTERS(OF)                                                                \
    OF(hits, count, "hits", "Reads answered by the cache.")                                     \
    OF(negative_hits, count, "negative hits",                                                   \
       "Hits that say that there is nothing, or that its load fails.")                          \
    OF(misses, count, "misses", "Reads that needed a load.")                                    \
    OF(loads, count, "loads", "Calls of the loader.")                                           \
    OF(loaded_keys, count, "keys loaded", "Keys that the loader was called for.")               \
    OF(load_failures, count, "failed loads", "Keys whose load failed.")                         \
    OF(load_timeouts, count, "loads given up", "Of these, those given up at their deadline.")   \
    OF(absent_loads, count, "loads of nothing", "Keys that the source does not have.")          \
    OF(joined, count, "joined", "Reads that waited for a load that was already running.")       \
    OF(poisoned, count, "poisoned",                                                             \
       "Loads whose value was not stored because it was invalidated meanwhile.")                \
    OF(invalidations, count, "invalidations", "Keys dropped because something changed.")        \
    OF(invalidate_done, count, "answered done",                                                 \
       "Calls of invalidate here that were answered done.")                                     \
    OF(invalidate_published, count, "answered published",                                       \
       "Calls of invalidate here that were answered published.")                                \
    OF(invalidate_unconfirmed, count, "answered unconfirmed",                                   \
       "Calls of invalidate here that were answered unconfirmed.")                              \
    OF(flushes, count, "flushes", "Times that everything was dropped.")                         \
    OF(suspect_reads, count, "suspect reads", "Reads while the lease had lapsed.")              \
    OF(store_hits, count, "store hits", "Misses that the store answered.")                      \
    OF(store_failures, count, "store failures", "Operations of the store that failed.")         \
    OF(unreadable, count, "unreadable", "Stored values that are old, foreign or corrupt.")      \
    OF(refused, count, "refused", "Values that the admission check refused.")                   \
    OF(stale_served, count, "served stale",                                                     \
       "Reads answered past the TTL because the source fails or is slow.")                      \
    OF(refreshes, count, "refreshes", "Forced and scheduled loads.")                            \
    OF(refresh_failures, count, "failed refreshes", "Forced and scheduled loads that failed.")  \
    OF(checked_same, count, "checked the same",                                                 \
       "Sampled hits that memory answered as the source does.")                                 \
    OF(checked_stale, count, "checked stale",                                                   \
       "Sampled hits that differed from the source, and no invalidation came.")                 \
    OF(checked_overtaken, count, "checks overtaken",                                            \
       "Sampled hits whose key was invalidated meanwhile, so they prove nothing.")              \
    OF(checked_failed, count, "failed checks",                                                  \
       "Sampled hits that could not be compared, as their load failed.")                        \
    OF(evictions, count, "evictions", "Entries dropped because the bound was reached.")         \
    OF(expirations, count, "expirations", "Entries dropped because they were found expired.")   \
    OF(invalidated_entries, count, "invalidated entries",                                       \
       "Entries dropped because something changed.")                                            \
    OF(flushed_entries, count, "flushed entries", "Entries dropped with everything else.")      \
    OF(events_dropped, count, "dropped events",                                                 \
       "Events that were not told because the listener is slow.")                               \
    OF(warm_up_keys, gauge, "keys to warm up", "Keys that the warm-up at the start asks for.")  \
    OF(warm_up_done, gauge, "warmed up", "Keys of the warm-up that are loaded or have failed.") \
    OF(warm_up_failed, gauge, "failed to warm up", "Keys of the warm-up that have failed.")     \
    OF(entries, gauge, "entries", "Entries in memory now.")                                     \
    OF(bytes, gauge_of_bytes, "bytes", "Weight of the entries in memory now, as the weigher says.")

// What the cache has done since the process started.
struct CacheCounters {
#define TUTTI_MEMBER(member, kind, words, help) std::uint64_t member = 0;
    TUTTI_CACHE_COUNTERS(TUTTI_MEMBER)
#undef TUTTI_MEMBER
    LoadTimes load_times = {};
    WaitTimes wait_times = {};
    std::optional<HitTimes> hit_times = std::nullopt;  // CacheOptions::measure_hits

    constexpr CacheCounters& operator+=(const CacheCounters& other) noexcept {
#define TUTTI_SUM(member, kind, words, help) member += other.member;
        TUTTI_CACHE_COUNTERS(TUTTI_SUM)
#undef TUTTI_SUM
        load_times += other.load_times;
        wait_times += other.wait_times;
        if (other.hit_times) hit_times = hit_times.value_or(HitTimes{}) += *other.hit_times;
        return *this;
    }
    friend bool operator==(const CacheCounters&, const CacheCounters&) = default;
};

// Whether `invalidate` may be answered `done` on a server, when every instance is asked to
// acknowledge.
enum class Assurance : std::uint8_t {
    unknown,     // none is connected, or it is not said
    one_server,  // it may: no other server can take the place of this one
    majority,    // it may, across a failover: what a majority of the servers has counts
    uncounted    // never: others may take its place, and the URL does not say how many
};

// Where the log and the store of a process are. Processes on two different ones share nothing,
// whatever they declare.
struct Backend {
    // "redis <its run_id>" or "hub <its number>": another one after every restart. Empty: not
    // known, as while it cannot be reached, or not used by the cache.
    std::string server = {};
    std::uint32_t database = 0;
    std::string app = {};
    std::string product = {};  // "Redis 7.0.15", "Valkey 8.1.1"; empty: not said
    Assurance done = Assurance::unknown;

    [[nodiscard]] bool known() const noexcept { return !server.empty(); }
    // What is invalidated through one is heard through the other.
    [[nodiscard]] bool is_at(const Backend& other) const {
        return server == other.server && database == other.database && app == other.app;
    }
    friend bool operator==(const Backend&, const Backend&) = default;
};

struct InventoryRow {
    std::string service;  // "bot-client"
    std::string node;     // "bot-client-1"; empty in a catalogue that does not run
    Backend backend = {};
    Declaration declaration = {};
    CacheCounters counters = {};
};

using Inventory = std::vector<InventoryRow>;

// The first rule that applies:
//   stale-is-wrong-without-bus  CRITICAL  staleness is wrong, memory is used, no bus invalidates it
//   unbounded                   Minor     memory without a bound
//   kept-coherent               None      the bus invalidates every instance
//   shared-is-truth             None      the store holds the truth; memory only saves the trip
//   counts-per-instance         Minor     a rate limit that every instance applies on its own
//   single-entry                None      one entry, at most 5 min: instances differ briefly
//   stale-per-instance          Minor     instances may differ for up to one TTL
[[nodiscard]] Grade grade(const Declaration& declaration);

// Of each row, in the light of the others. Before the rules above come those that only several can
// break:
//   split-fleet     CRITICAL  processes of one cache, or of one channel, are on different backends
//   shared-prefix   CRITICAL  two caches may use one key of one store
//   crowded-channel Minor     a channel has more caches with a store than an invalidation reaches
[[nodiscard]] std::vector<Grade> grades(std::span<const InventoryRow> rows);

// Why the declaration cannot work at all; empty when it can. One sentence each, naming the option.
[[nodiscard]] std::vector<std::string> contradictions(const Declaration& declaration);

// "memory + bus", "store", "memory (5 min) + store (24 h)"
[[nodiscard]] std::string describe_tiers(const Declaration& declaration);
// "redis 3f2a9c01, database 1, app shop"
[[nodiscard]] std::string describe(const Backend& backend);
// "Redis 7.0.15: `done` is promised: no other server can take the place of this one". Empty: not
// known.
[[nodiscard]] std::string describe_promise(const Backend& backend);
// "Redis pub/sub event" / "TTL expiry" / "Periodic cleanup"
[[nodiscard]] std::string describe_invalidation(const Declaration& declaration);

// What is proven of all, with 95 % certainty, by `samples` of which `failed` failed: at least this
// share does not. Zero: they are too few to say.
[[nodiscard]] double proven_share(std::uint64_t samples, std::uint64_t failed) noexcept;
// "99.97 %", never rounded up, with a digit more for each nine. Requires: above zero, below one.
[[nodiscard]] std::string describe_share(double share);

// The worst of `grades`; `none` for an empty inventory.
[[nodiscard]] Risk worst(std::span<const InventoryRow> rows);

// Rows of one cache that several processes report become one row, counters added up, `node` naming
// them all; sorted by service and name. Processes that declare it differently, or are on another
// backend, keep rows of their own, so that one of them in a fleet is seen.
[[nodiscard]] Inventory merge(std::span<const Inventory> inventories);

// For a terminal of 120 columns; control characters are replaced.
[[nodiscard]] std::string to_text(std::span<const InventoryRow> rows);
// The inventory table of the audit.
[[nodiscard]] std::string to_markdown(std::span<const InventoryRow> rows);
// `to_json` also writes the grade, for other programs. `parse_inventory` reads everything else
// back; it takes untrusted input of at most 4 MiB and ignores members that it does not know.
// Errors: too_large; protocol, with the path to the member that is wrong.
[[nodiscard]] std::string to_json(std::span<const InventoryRow> rows);
[[nodiscard]] Result<Inventory> parse_inventory(std::string_view json);

[[nodiscard]] constexpr std::string_view to_string(Assurance assurance) noexcept {
    switch (assurance) {
    case Assurance::one_server: return "one_server";
    case Assurance::majority: return "majority";
    case Assurance::uncounted: return "uncounted";
    default: return "unknown";
    }
}

[[nodiscard]] constexpr std::string_view to_string(Risk risk) noexcept {
    switch (risk) {
    case Risk::none: return "None";
    case Risk::minor: return "Minor";
    case Risk::critical: return "CRITICAL";
    }
    return "unknown";
}

}  // namespace tutti
