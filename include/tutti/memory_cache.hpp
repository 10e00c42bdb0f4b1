// The memory tier: a bounded in-process map whose entries die of age. Usable without the rest.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tutti/clock.hpp"  // IWYU pragma: export
#include "tutti/detail/key_hash.hpp"
#include "tutti/detail/memory_options.hpp"
#include "tutti/detail/memory_tier.hpp"
#include "tutti/detail/memory_time.hpp"
#include "tutti/policy.hpp"  // IWYU pragma: export

namespace tutti {

// Keeps hot values in process memory without becoming a leak (there is always a bound) or a museum
// (there is always a TTL, and "for ever" has to be spelled out).
//
//     tutti::MemoryCache<std::string, int> cache({.ttl = 30s, .bound = tutti::entries(1000)});
//     cache.put("channel-1", 7);
//     std::optional<int> value = cache.get("channel-1");  // examples/memory_cache.cpp
//
// Guarantees. An entry is served at exactly its TTL and never after it. Only `put` and `update`
// restart its age; a read does not prolong its life. The bound is never exceeded. Overwriting
// evicts nothing, unless it makes the entry heavier. A read that begins after `erase`, `put` or
// `clear` has returned does not find what was there before. An exception leaves the cache as it
// was.
//
// Not guaranteed. Without insertions nothing expires by itself: an expired entry counts in `size`
// and `weight` until it is got, evicted or swept, or until half as many insertions as there are
// entries have passed. Bytes are what the weigher says, not what the allocator gives. Other
// processes are not its business: see the coherent cache.
//
// Thread-safety: any function from any thread. Each is atomic for each key; what walks over all
// entries (`erase_if`, `sweep`, `clear`) finds each at some moment of the walk. A read takes no
// lock and writes nothing that another thread reads, once the entry is known to be in use. What
// changes an entry holds the lock of one of up to 64 parts, for some ten nanoseconds; only Eq
// runs under it, so all other functions, destructors included, may use this cache. Not in a child
// after fork. Cost: small trivially copyable values, keys of the same kind, and text of up to 23
// characters are kept in place: 16 bytes of content take about 49, and reading or overwriting
// allocates nothing. Other values are kept by address: an allocation each, and a read pays a locked
// instruction; the first such read of a thread allocates, too. Memory that was once in use serves
// later entries, and goes back to the system at the end. Requires: V copy constructible, K move
// constructible; Hash and Eq stateless. Destroyed when no operation runs.
template <class K, class V, class Hash = KeyHash<K>, class Eq = std::equal_to<>>
class MemoryCache {
    static_assert(std::same_as<K, std::remove_cvref_t<K>> &&
                      std::same_as<V, std::remove_cvref_t<V>>,
                  "a memory cache's key K and value V are plain types, without const, volatile and "
                  "&: `MemoryCache<std::string, V>`; what it keeps is const by itself");
    using Tier = detail::MemoryTier<K, V, Hash, Eq>;

public:
    using KeyView = KeyViewOf<K, Hash>;
    using Weigher = std::function<std::size_t(const K&, const V&)>;

    struct Options {
        // Of entries put without one of their own. Mandatory. Ttl::never() spares a read the look
        // at the clock.
        Ttl ttl;
        // entries(n), or bytes(n) with a weigher. Mandatory. Memory is taken as entries come, a
        // page at a time; address space for up to a million at once.
        Bound bound;
        // What an entry weighs, for a bound in bytes only; 0 counts as 1. Runs at every `put` and
        // `update`.
        Weigher weigher = {};
        // Borrowed; outlives the cache. The machine's is read at a sixth of its price as long as a
        // second or more of the TTL is left; the age of what `put` puts then begins up to a tick
        // (10 ms) early, never late. Another one is read at every use.
        const Clock* clock = &system_clock();
        // `adaptive` keeps what was used often or lately, whichever the accesses reward; it notes a
        // hit without moving anything. `lru`: exactly the entry whose last use is the longest ago,
        // even when another one has expired; in bytes, as many in that order as it takes. One part
        // instead of 64: each hit of another entry than the last takes its lock.
        Eviction eviction = Eviction::adaptive;
    };

    struct Found {
        V value;
        // Since it was put. If its TTL is no whole number of microseconds (beyond a second), of
        // milliseconds (beyond 17 minutes) or of 4 s (beyond 12 days): up to one of them more.
        Duration age;
    };

    // Takes what leaves the cache: declared before a lock of the caller's, it is destroyed after
    // it. A value that another thread is reading in that moment is destroyed by that thread, or by
    // a later operation on any memory cache.
    using Removed = detail::RetiredList;

    // What is wrong with the options, each with its remedy; empty when they are usable.
    [[nodiscard]] static std::vector<std::string> problems(const Options& options) {
        return detail::memory_problems(options);
    }

    // Throws std::invalid_argument that names all `problems`.
    explicit MemoryCache(Options options)
        : options_(detail::checked(std::move(options))), tier_(options_.bound, options_.eviction) {}

    // A copy of the value, and a use of it; nothing without a live entry. Removes an expired one.
    [[nodiscard]] std::optional<V> get(KeyView key) { return tier_.copy(key, time_.alive()); }

    // What `fn(const V&)` returns, with the value in place; nothing without a live entry. A use of
    // it. Until `fn` returns, values that are removed anywhere stay in memory: short.
    template <std::invocable<const V&> F>
    [[nodiscard]] auto read(KeyView key, F fn) {
        using Made = std::invoke_result_t<F&, const V&>;
        static_assert(!std::is_void_v<Made>, "`fn` returns nothing: let it return what you need");
        static_assert(!std::is_reference_v<Made> && !std::is_pointer_v<Made>,
                      "the value may be gone when `read` returns: return a copy of what you need");
        return tier_.read(key, time_.alive(),
                          [&](const V& value, const auto&) { return std::invoke(fn, value); });
    }

    // As `get`, with the entry's age.
    [[nodiscard]] std::optional<Found> find(KeyView key) {
        return find(key, options_.clock->now());
    }
    // The same for who has just read the cache's clock. What was put since then has age zero.
    [[nodiscard]] std::optional<Found> find(KeyView key, TimePoint now) {
        return find(key, now, nullptr);
    }
    [[nodiscard]] std::optional<Found> find(KeyView key, TimePoint now, Removed& removed) {
        return find(key, now, &removed);
    }

    // Whether `get` would find it. Neither a use nor a removal.
    [[nodiscard]] bool contains(KeyView key) const {
        const auto any = [](const auto&, const auto&) { return true; };
        return tier_.peek(key, time_.alive(), any).has_value();
    }

    // `visit(const K&, const V&, age, time left)`, two Durations, of each live entry: as it is at
    // some moment of the walk; Duration::max(): it never ends. No use of it. O(n), without a lock:
    // writers go on. Until `visit` returns, values that are removed anywhere stay in memory: short.
    template <class F>
        requires std::invocable<F&, const K&, const V&, Duration, Duration>
    void for_each(F visit) const {
        const TimePoint now = options_.clock->now();
        tier_.for_each(time_.alive(), [&](const K& key, const V& value, const Snapshot& seen) {
            visit(key, value, detail::age(seen.life, now), detail::time_left(seen.life, now));
        });
    }

    // Inserts or overwrites, with age zero. False if the value alone is heavier than the bound: it
    // is not stored, and an older value of the key is gone too, as it is no longer the latest.
    bool put(K key, V value) {
        Removed removed;
        const std::size_t weight = weight_of(key, value);
        return tier_.put(std::move(key), std::move(value), weight, time_.life(), removed);
    }
    // With a TTL of its own. Throws std::invalid_argument if that is not positive.
    bool put(K key, V value, Ttl ttl) {
        Removed removed;
        return put(std::move(key), std::move(value), ttl, removed);
    }
    bool put(K key, V value, Ttl ttl, Removed& removed) {
        detail::check_ttl(ttl);
        const std::size_t weight = weight_of(key, value);
        return tier_.put(std::move(key), std::move(value), weight, time_.life(ttl), removed);
    }

    // Check-and-set: `fn(const V* live)`, null without a live entry, returns a std::optional<V>: a
    // value to put, or nothing to leave all as it is, age and order included. ttl: its own; throws
    // as `put` does. Without one that of the cache, also if the entry had another. True if a value
    // was put; one that is too heavy is refused as by `put`. No lock is held: `fn` is called again
    // if the entry changes before the value is in, so it must not do anything that may not be done
    // twice.
    template <class F>
        requires std::is_invocable_r_v<std::optional<V>, F&, const V*>
    bool update(K key, F fn, std::optional<Ttl> ttl = std::nullopt) {
        if (ttl) detail::check_ttl(*ttl);
        Removed removed;
        return tier_.update(
            std::move(key), time_.alive(),
            [&](const V* live) { return std::optional<V>(std::invoke(fn, live)); },
            [this](auto own_key, const V& next) {
                return options_.weigher ? weight_of(own_key(), next) : std::size_t{1};
            },
            [&] { return time_.life_from_now(ttl); }, removed);
    }

    // True if there was an entry, an expired one included.
    bool erase(KeyView key) {
        Removed removed;
        return erase(key, removed);
    }
    bool erase(KeyView key, Removed& removed) { return tier_.erase(key, removed); }

    // Removes the entries, expired ones included, for which `pred(const K&, const V&)` holds;
    // returns how many. O(n), without a lock. If `pred` throws, those it chose before are gone. It
    // may see an entry again that changes meanwhile.
    template <std::predicate<const K&, const V&> Pred>
    std::size_t erase_if(Pred pred) {
        return tier_.erase_if(
            [&](const K& key, const V& value, const Snapshot&) { return bool(pred(key, value)); });
    }

    // Removes what has expired; returns how many. For keys that never return. O(n), without a lock.
    std::size_t sweep() {
        const std::int64_t now = detail::nanoseconds(options_.clock->now());
        return tier_.expire_if([now](const Snapshot& seen) { return seen.life.ends_before(now); });
    }

    // O(n), some at a time.
    void clear() {
        tier_.clear([](const Removed&) {});
    }
    void clear(Removed& removed) {
        tier_.clear([&](Removed some) { removed.append(std::move(some)); });
    }

    [[nodiscard]] std::size_t size() const { return tier_.size(); }
    // In the unit of the bound.
    [[nodiscard]] std::size_t weight() const { return tier_.weight(); }
    // How many entries had to leave for want of room, since the beginning.
    [[nodiscard]] std::uint64_t evictions() const { return tier_.evictions(); }
    // How many left because they were found expired: by a read, an insertion or `sweep`.
    [[nodiscard]] std::uint64_t expirations() const { return tier_.expirations(); }

private:
    friend struct testing::MemoryCacheInspector;
    using Snapshot = typename Tier::Snapshot;

    [[nodiscard]] std::optional<Found> find(KeyView key, TimePoint now, Removed* removed) {
        return tier_.read(
            key,
            [now](const auto& seen) { return !seen.life.ends_before(detail::nanoseconds(now)); },
            [now](const V& value, const auto& seen) {
                return Found{value, detail::age(seen.life, now)};
            },
            removed);
    }
    [[nodiscard]] std::size_t weight_of(const K& key, const V& value) const {
        return options_.weigher ? std::max<std::size_t>(options_.weigher(key, value), 1) : 1;
    }

    const Options options_;
    const detail::MemoryTime time_{*options_.clock, options_.ttl};
    Tier tier_;
};

}  // namespace tutti
