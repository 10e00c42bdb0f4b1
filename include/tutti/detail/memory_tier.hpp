// The engine of `MemoryCache`: entries within a budget, spread over shards by hash. Knows when
// entries expire, and leaves it to the caller what time it is.
//
// Few entries are one shard. Of several, others make room only if the one that needs it has none.
// Thread-safety: all of it. What is kept by address a read pins (`Pin`), and copies without a lock.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "tutti/detail/budget.hpp"
#include "tutti/detail/memory_shard.hpp"
#include "tutti/detail/recent_time.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/policy.hpp"

namespace tutti::detail {

[[nodiscard]] inline std::int64_t nanoseconds(TimePoint time) noexcept {
    return time.time_since_epoch().count();
}

// When an entry was written, and the last moment of its life.
struct Life {
    static constexpr std::int64_t never = Duration::max().count();

    Life(TimePoint now, Duration lasts) noexcept
        : written(nanoseconds(now)), expires(nanoseconds(saturating_add(now, lasts))) {}

    std::int64_t written;
    std::int64_t expires;
};

// False: only the real clock knows. Requires: `expires` counts on the machine's clock.
[[nodiscard]] inline bool surely_alive(std::int64_t expires) noexcept {
    return nanoseconds(recent()) <= expires - recent_margin.count();
}

template <class K, class V, class Hash, class Eq>
class MemoryTier {
    using Shard = MemoryShard<K, V, Hash, Eq>;
    using Query = typename Shard::Query;
    using Draft = typename Shard::Draft;
    using Put = typename Shard::Put;
    using KeyOf = typename Shard::Table::KeyOf;
    using ValueOf = typename Shard::Table::ValueOf;

public:
    using KeyView = tutti::KeyViewOf<K, Hash>;
    using Snapshot = typename Shard::Snapshot;

    MemoryTier(Bound bound, Eviction eviction)
        : budget_(bound.limit()), shards_(count(bound, eviction)) {
        const bool weighed = bound.unit() == Bound::Unit::bytes;
        for (auto& shard : shards_) shard = std::make_unique<Shard>(budget_, eviction, weighed);
    }
    ~MemoryTier() {
        shards_.clear();
        if constexpr (walks_need_pin) Reclaim::destroy_waiting();
    }
    MemoryTier(const MemoryTier&) = delete;
    MemoryTier& operator=(const MemoryTier&) = delete;

    // What `make(value, snapshot)` returns of one that is `alive(snapshot)`; a dead one is removed.
    template <class Alive, class Make>
    auto read(KeyView key, Alive alive, Make make, RetiredList& removed) {
        std::optional<std::invoke_result_t<Make&, const V&, const Snapshot&>> made;
        const Hashed hash = Hashed::of(Hash{}(key));
        const Query query(key);
        Shard& shard = shard_of(hash);
        Snapshot seen;
        const Pin pin(ValueOf::uses_addresses || query.needs_pin());
        if (!shard.table().read(query, hash, seen)) return made;
        if (alive(seen)) {
            made.emplace(make(ValueOf::unpack(seen.value), seen));
            shard.note_use(seen);
        } else {
            shard.erase(seen, removed);
        }
        return made;
    }
    template <class Alive, class Make>
    auto read(KeyView key, Alive alive, Make make) {
        RetiredList removed;
        return read(key, alive, make, removed);
    }
    template <class Alive>
    [[nodiscard]] bool peek(KeyView key, Alive alive) const {
        const Hashed hash = Hashed::of(Hash{}(key));
        const Query query(key);
        Snapshot seen;
        const Pin pin(query.needs_pin());
        return shard_of(hash).table().read(query, hash, seen) && alive(seen);
    }

    // False: too heavy.
    bool put(K&& key, V&& value, std::size_t weight, const Life& life, RetiredList& removed) {
        const Hashed hash = Hashed::of(Hash{}(key));
        Draft draft;
        const K& moved = key;
        draft.set_key(std::move(key));
        draft.set_value(std::move(value), weight, life.written, life.expires);
        const Put outcome = put(Query(draft.view(moved)), hash, draft, nullptr, removed);
        draft.move_rest_to(removed);
        return outcome == Put::done;
    }

    // `fn(const V*)` returns a std::optional<V>. `weigh(key, value)`, of what `key()` returns.
    template <class Alive, class F, class Weigh, class LifeOf>
    bool update(K&& key, Alive alive, F fn, Weigh weigh, LifeOf life, RetiredList& removed) {
        const Hashed hash = Hashed::of(Hash{}(key));
        Draft draft;
        const K& moved = key;
        draft.set_key(std::move(key));
        const Query query(draft.view(moved));
        for (;;) {
            Snapshot seen;
            std::optional<V> next = decide(query, hash, alive, fn, seen);
            if (!next) return false;
            const auto own_key = [&]() -> decltype(auto) { return KeyOf::unpack(draft.key); };
            const std::size_t weight = weigh(own_key, *next);
            const Life lasts = life();
            draft.set_value(std::move(*next), weight, lasts.written, lasts.expires);
            const Put outcome = put(query, hash, draft, &seen, removed);
            if (outcome == Put::changed) continue;
            draft.move_rest_to(removed);
            return outcome == Put::done;
        }
    }

    bool erase(KeyView key, RetiredList& removed) {
        const Hashed hash = Hashed::of(Hash{}(key));
        const Query query(key);
        return shard_of(hash).erase(query, hash, removed);
    }

    // Erases the entries for which `pred(key, value, snapshot)`; returns how many.
    template <class Pred>
    std::size_t erase_if(Pred pred) {
        return erase_each(walks_need_pin, [&](const Snapshot& seen) {
            const auto& key = KeyOf::unpack(seen.key);
            const auto& value = ValueOf::unpack(seen.value);
            return pred(key, value, seen);
        });
    }
    template <class Pred>
    std::size_t erase_where(Pred pred) {  // by `pred(snapshot)`
        return erase_each(false, pred);
    }

    // All that are in it when this begins. `some(taken out)` destroys them at once, or keeps them.
    template <class Some>
    void clear(Some some) {
        for (auto& shard : shards_) {
            const std::uint32_t end = shard->table().used();
            for (std::uint32_t number = 0; number < end;) {
                RetiredList removed;
                number = shard->clear_some(number, removed);
                some(std::move(removed));
            }
        }
    }

    [[nodiscard]] std::size_t size() const noexcept {
        std::int64_t sum = 0;
        for (const auto& shard : shards_) sum += shard->size();
        return static_cast<std::size_t>(sum);
    }
    [[nodiscard]] std::size_t weight() const noexcept { return budget_.taken(); }
    [[nodiscard]] std::uint64_t evictions() const noexcept {
        std::int64_t sum = 0;
        for (const auto& shard : shards_) sum += shard->evictions();
        return static_cast<std::uint64_t>(sum);
    }

private:
    friend struct testing::MemoryCacheInspector;

    static constexpr bool walks_need_pin = KeyOf::uses_addresses || ValueOf::uses_addresses;

    // So many that writers seldom meet, and so few that each has enough entries to choose from.
    [[nodiscard]] static std::size_t count(Bound bound, Eviction eviction) noexcept {
        constexpr std::size_t entries_at_least = 1024;
        constexpr std::size_t bytes_at_least = 256 * entries_at_least;
        constexpr std::size_t shards_max = 64;
        const bool weighed = bound.unit() == Bound::Unit::bytes;
        const std::size_t fit = bound.limit() / (weighed ? bytes_at_least : entries_at_least);
        if (eviction == Eviction::lru) return 1;
        return std::clamp<std::size_t>(std::bit_floor(fit), 1, shards_max);
    }
    [[nodiscard]] std::size_t place_of(const Hashed& hash) const noexcept {
        return hash.shard & (shards_.size() - 1);
    }
    [[nodiscard]] Shard& shard_of(const Hashed& hash) const noexcept {
        return *shards_[place_of(hash)];
    }

    Put put(const Query& query, const Hashed& hash, Draft& draft, const Snapshot* seen,
            RetiredList& removed) {
        for (;;) {
            const Put outcome = shard_of(hash).put(query, hash, draft, seen, removed);
            if (outcome != Put::no_room) return outcome;
            // All that is missing at once, or other threads would take each piece of it.
            std::size_t given = 0;
            for (std::size_t i = 1; i < shards_.size() && given < draft.weight; ++i) {
                given += shards_[(place_of(hash) + i) & (shards_.size() - 1)]->evict_one(removed);
            }
        }
    }

    template <class Alive, class F>
    std::optional<V> decide(const Query& query, const Hashed& hash, Alive& alive, F& fn,
                            Snapshot& seen) const {
        const Pin pin(ValueOf::uses_addresses || query.needs_pin());
        const bool found = shard_of(hash).table().read(query, hash, seen);
        if (!found || !alive(seen)) return fn(nullptr);
        const V& value = ValueOf::unpack(seen.value);
        return fn(&value);
    }

    template <class Pred>
    std::size_t erase_each(bool needs_pin, Pred pred) {
        RetiredList removed;
        std::size_t erased = 0;
        for (auto& shard : shards_) {
            const std::uint32_t end = shard->table().used();
            for (std::uint32_t number = 0; number < end;) {
                const Pin pin(needs_pin);
                Snapshot seen;
                const bool chosen = shard->table().look_at(number, seen) && pred(seen);
                if (chosen && !shard->erase(seen, removed)) continue;  // it has changed
                erased += chosen;
                ++number;
            }
        }
        return erased;
    }

    Budget budget_;
    std::vector<std::unique_ptr<Shard>> shards_;  // a power of two
};

}  // namespace tutti::detail
