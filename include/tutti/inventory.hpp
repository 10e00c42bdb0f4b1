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
    std::string note = {};  // for the operator, for example why a pattern differs from the advice

    friend bool operator==(const Declaration&, const Declaration&) = default;
};

// What the cache has done since the process started.
struct CacheCounters {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t loads = 0;
    std::uint64_t load_failures = 0;
    std::uint64_t joined = 0;          // reads that waited for a load that was already running
    std::uint64_t poisoned = 0;        // loads whose value was not stored: invalidated meanwhile
    std::uint64_t invalidations = 0;   // keys dropped because something changed
    std::uint64_t flushes = 0;         // times that everything was dropped
    std::uint64_t suspect_reads = 0;   // reads while the lease had lapsed
    std::uint64_t store_hits = 0;      // misses that the store answered
    std::uint64_t store_failures = 0;  // operations of the store that failed
    std::uint64_t unreadable = 0;      // stored values that are old, foreign or corrupt
    std::uint64_t refused = 0;         // loaded or stored values that `admit` refused
    std::uint64_t stale_served = 0;    // past their TTL, because the source fails
    std::uint64_t refreshes = 0;       // forced and scheduled
    std::uint64_t refresh_failures = 0;
    std::uint64_t evictions = 0;
    std::uint64_t entries = 0;  // now

    constexpr CacheCounters& operator+=(const CacheCounters& other) noexcept {
        hits += other.hits;
        misses += other.misses;
        loads += other.loads;
        load_failures += other.load_failures;
        joined += other.joined;
        poisoned += other.poisoned;
        invalidations += other.invalidations;
        flushes += other.flushes;
        suspect_reads += other.suspect_reads;
        store_hits += other.store_hits;
        store_failures += other.store_failures;
        unreadable += other.unreadable;
        refused += other.refused;
        stale_served += other.stale_served;
        refreshes += other.refreshes;
        refresh_failures += other.refresh_failures;
        evictions += other.evictions;
        entries += other.entries;
        return *this;
    }
    friend bool operator==(const CacheCounters&, const CacheCounters&) = default;
};

// Where the log and the store of a process are. Processes on two different ones share nothing,
// whatever they declare.
struct Backend {
    // "redis <its run_id>" or "hub <its number>": another one after every restart. Empty: not
    // known, as while it cannot be reached, or not used by the cache.
    std::string server = {};
    std::uint32_t database = 0;
    std::string app = {};

    [[nodiscard]] bool known() const noexcept { return !server.empty(); }
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
// "Redis pub/sub event" / "TTL expiry" / "Periodic cleanup"
[[nodiscard]] std::string describe_invalidation(const Declaration& declaration);

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

[[nodiscard]] constexpr std::string_view to_string(Risk risk) noexcept {
    switch (risk) {
    case Risk::none: return "None";
    case Risk::minor: return "Minor";
    case Risk::critical: return "CRITICAL";
    }
    return "unknown";
}

}  // namespace tutti
