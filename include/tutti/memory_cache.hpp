// The memory tier: a bounded in-process map whose entries die of age. Usable without the rest.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tutti/clock.hpp"  // IWYU pragma: export
#include "tutti/detail/key_hash.hpp"
#include "tutti/detail/lru_table.hpp"
#include "tutti/detail/memory_options.hpp"
#include "tutti/policy.hpp"  // IWYU pragma: export

namespace tutti {

// Who leaves when there is no room. `lru`: the entry whose last use is the longest ago.
enum class Eviction : unsigned char { lru };

// Keeps hot values in process memory without becoming a leak (there is always a bound) or a museum (there is
// always a TTL, and "for ever" has to be spelled out).
//
//     tutti::MemoryCache<std::string, int> cache({.ttl = 30s, .bound = tutti::entries(1000)});
//     cache.put("channel-1", 7);
//     std::optional<int> value = cache.get("channel-1");  // examples/memory_cache.cpp
//
// Guarantees. An entry is served at exactly its TTL and never after it. Only `put` and `update` restart its
// age; `get` and `find` promote it but do not prolong its life. Overwriting evicts nobody, unless it makes the
// entry heavier. An insertion into a full cache evicts the least recently used entry, even when another one
// has expired; in bytes, as many in that order as it takes. An exception leaves the cache as it was.
//
// Not guaranteed. Nothing expires by itself: an expired entry keeps its place until it is got, evicted or
// swept, and until then `size` and `weight` count it. Bytes are what the weigher says, not what the allocator
// gives. Other processes are not its business: see the coherent cache.
//
// Thread-safety: any function from any thread; each is atomic. One mutex, because exact LRU is the contract: a
// hit moves an entry, so a shared lock would not help, and shards would know only an oldest entry of their
// own. Hash and weigher run outside the lock, concurrently. Eq and V's copy constructor run under it: they
// must be short (wrap what is dear in a shared_ptr<const T>) and leave this cache alone. Keys and values are
// destroyed outside it, so their destructors may use the cache.
// Cost: a hit is a hash, a lock, a clock reading and a copy of the value, and allocates nothing else; an
// insertion allocates twice. Blocking: only for the lock.
// Requires: V copy constructible, K move constructible; Hash and Eq stateless.
template <class K, class V, class Hash = KeyHash<K>, class Eq = std::equal_to<>>
class MemoryCache {
    using Table = detail::LruTable<K, V, Hash, Eq>;

public:
    using KeyView = typename Table::KeyView;
    using Weigher = std::function<std::size_t(const K&, const V&)>;

    struct Options {
        Ttl ttl;                               // mandatory; of entries put without one of their own
        Bound bound;                           // mandatory; entries(n) or bytes(n)
        Weigher weigher = {};                  // mandatory in bytes, else refused; 0 counts as 1
        const Clock* clock = &system_clock();  // borrowed; outlives the cache
        Eviction eviction = Eviction::lru;
    };

    struct Found {
        V value;
        Duration age;  // since it was put
    };

    // Takes what leaves the cache: declared before a lock of the caller's, it is destroyed after it.
    class Removed {
        friend MemoryCache;
        typename Table::Records records_;
        std::forward_list<Table> tables_;
    };

    // What is wrong with the options, each with its remedy; empty when they are usable.
    [[nodiscard]] static std::vector<std::string> problems(const Options& options) {
        return detail::memory_problems(options);
    }

    // Throws std::invalid_argument that names all `problems`.
    explicit MemoryCache(Options options)
        : options_(detail::checked(std::move(options))), table_(options_.bound.limit()) {}

    // A copy of the value, and promotes it; nothing without a live entry. Removes an expired one.
    [[nodiscard]] std::optional<V> get(KeyView key) {
        std::optional<Found> found = find(key);
        return found ? std::optional<V>(std::move(found->value)) : std::nullopt;
    }

    // As `get`, with the entry's age.
    [[nodiscard]] std::optional<Found> find(KeyView key) {
        return find(key, options_.clock->now());
    }
    // The same for who has just read the cache's clock. What was put since then has age zero.
    [[nodiscard]] std::optional<Found> find(KeyView key, TimePoint now) {
        Removed removed;
        return find(key, now, removed);
    }
    [[nodiscard]] std::optional<Found> find(KeyView key, TimePoint now, Removed& removed) {
        const auto probe = Table::probe(key);
        const std::lock_guard lock(mutex_);
        const Position* position = table_.find(probe);
        if (position == nullptr) return std::nullopt;
        const Position record = *position;
        const Duration age = std::max(now - record->written, Duration::zero());
        if (age > record->lifetime) {
            table_.discard(record, removed.records_);
            return std::nullopt;
        }
        std::optional<Found> copy(Found{record->value, age});  // may throw: before any change
        table_.promote(record);
        return copy;
    }

    // Whether `get` would find it. Neither promotes nor removes.
    [[nodiscard]] bool contains(KeyView key) const {
        const auto probe = Table::probe(key);
        const std::lock_guard lock(mutex_);
        const Position* found = table_.find(probe);
        return found != nullptr && alive(**found);
    }

    // Inserts or overwrites, with age zero. False if the value alone is heavier than the bound: it is not
    // stored, and an older value of the key is gone too, as it is no longer the latest.
    bool put(K key, V value) { return put(std::move(key), std::move(value), options_.ttl); }
    // Throws std::invalid_argument if `ttl` is not positive.
    bool put(K key, V value, Ttl ttl) {
        Removed removed;
        return put(std::move(key), std::move(value), ttl, removed);
    }
    bool put(K key, V value, Ttl ttl, Removed& removed) {
        if (!ttl.valid()) throw std::invalid_argument(detail::ttl_problem);
        const std::size_t hash = Hash{}(key);
        Records fresh = record_of(std::move(key), std::move(value), hash, ttl);
        const std::lock_guard lock(mutex_);
        const bool stored = table_.put(fresh, removed.records_);
        removed.records_.splice(removed.records_.end(), fresh);
        return stored;
    }

    // Check-and-set: `fn(const V* live)`, null without a live entry, returns a std::optional<V>: a value to
    // put, or nothing to leave everything as it is, age and order included. True if a value was put; false also
    // if it was too heavy. `fn` and the weigher run under the lock: short, and without this cache.
    template <class F>
        requires std::is_invocable_r_v<std::optional<V>, F&, const V*>
    bool update(K key, F fn) {
        const auto probe = Table::probe(key);
        Records fresh;
        Removed removed;
        std::unique_lock locked(mutex_);
        const Position* found = table_.find(probe);
        const V* live = found != nullptr && alive(**found) ? &(*found)->value : nullptr;
        std::optional<V> next = std::invoke(fn, live);
        const std::unique_lock unlocks_before_next(std::move(locked));
        if (!next) return false;
        fresh = record_of(std::move(key), std::move(*next), probe.hash, options_.ttl);
        return table_.put(fresh, removed.records_);
    }

    // True if there was an entry, an expired one included.
    bool erase(KeyView key) {
        Removed removed;
        return erase(key, removed);
    }
    bool erase(KeyView key, Removed& removed) {
        const auto probe = Table::probe(key);
        const std::lock_guard lock(mutex_);
        const Position* found = table_.find(probe);
        if (found == nullptr) return false;
        table_.discard(*found, removed.records_);
        return true;
    }

    // Removes the entries, expired ones included, for which `pred(const K&, const V&)` holds; returns how many.
    // O(n) under the lock. If `pred` throws, those it chose before are gone.
    template <std::predicate<const K&, const V&> Pred>
    std::size_t erase_if(Pred pred) {
        return discard_if([&](const Record& record) { return pred(record.key, record.value); });
    }

    // Removes what has expired; returns how many. For keys that never return. O(n) under the lock.
    std::size_t sweep() {
        return discard_if([this](const Record& record) { return !alive(record); });
    }

    void clear() {
        Removed removed;
        clear(removed);
    }
    void clear(Removed& removed) {
        Table& empty = removed.tables_.emplace_front(options_.bound.limit());
        const std::lock_guard lock(mutex_);
        table_.move_to(empty);
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return table_.size();
    }
    // In the unit of the bound.
    [[nodiscard]] std::size_t weight() const {
        const std::lock_guard lock(mutex_);
        return table_.weight();
    }
    // How many entries had to leave for want of room, since the beginning.
    [[nodiscard]] std::uint64_t evictions() const {
        const std::lock_guard lock(mutex_);
        return table_.evictions();
    }

private:
    friend struct testing::MemoryCacheInspector;
    using Record = typename Table::Record;
    using Records = typename Table::Records;
    using Position = typename Table::Position;

    // A list of one, to be spliced in.
    Records record_of(K&& key, V&& value, std::size_t hash, Ttl ttl) const {
        const std::size_t weight = options_.weigher ? options_.weigher(key, value) : 1;
        const Duration lifetime = ttl.is_never() ? Duration::max() : ttl.lifetime();
        Records one;
        one.push_back({std::move(key), std::move(value), hash, std::max<std::size_t>(weight, 1),
                       lifetime, options_.clock->now()});
        return one;
    }

    bool alive(const Record& record) const {
        return options_.clock->now() - record.written <= record.lifetime;
    }

    template <class Pred>
    std::size_t discard_if(Pred pred) {
        Records garbage;
        const std::lock_guard lock(mutex_);
        table_.discard_if(pred, garbage);
        return garbage.size();
    }

    const Options options_;
    mutable std::mutex mutex_;  // guards everything below
    Table table_;
};

}  // namespace tutti
