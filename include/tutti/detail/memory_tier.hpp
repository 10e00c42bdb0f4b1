// The engine of `MemoryCache`: entries within a budget, spread over shards by hash. Knows when
// entries expire, and leaves it to the caller what time it is.
//
// Few entries are one shard. Of several, others make room only if the one that needs it has none.
// Thread-safety: all of it.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "tutti/detail/life.hpp"
#include "tutti/detail/memory_reads.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/policy.hpp"

namespace tutti::detail {

template <class K, class V, class Hash, class Eq>
class MemoryTier : public MemoryReads<K, V, Hash, Eq> {
    using Reads = MemoryReads<K, V, Hash, Eq>;
    using Reads::place_of;
    using Reads::shard_of;
    using Reads::shards_;
    using typename Reads::KeyOf;
    using typename Reads::Query;
    using typename Reads::Shard;
    using typename Reads::ValueOf;
    using Draft = typename Shard::Draft;
    using Put = typename Shard::Put;

public:
    using typename Reads::KeyView;
    using typename Reads::Left;
    using typename Reads::Snapshot;

    // dated: entries know when they were last used. left: see MemoryReads.
    MemoryTier(Bound bound, Eviction eviction, bool dated = false, Left left = nullptr)
        : Reads(bound, eviction, dated, std::move(left)) {}

    // False: too heavy.
    bool put(K&& key, V&& value, std::size_t weight, const Life& life, RetiredList& removed) {
        const Hashed hash = Hashed::of(Hash{}(key));
        Draft draft;
        const K& moved = key;
        draft.set_key(std::move(key));
        draft.set_value(std::move(value), weight, life);
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
            draft.set_value(std::move(*next), weight, life());
            const Put outcome = put(query, hash, draft, &seen, removed);
            if (outcome == Put::changed) continue;
            draft.move_rest_to(removed);
            return outcome == Put::done;
        }
    }

    bool erase(KeyView key, RetiredList& removed) {
        Query query(key);
        const Hashed hash = Hashed::of(query.hash());
        return shard_of(hash).erase(query, hash, removed);
    }

private:
    friend struct testing::MemoryCacheInspector;

    [[gnu::always_inline]] Put put(const Query& query, const Hashed& hash, Draft& draft,
                                   const Snapshot* seen, RetiredList& removed) {
        for (;;) {
            const Put outcome = shard_of(hash).put(query, hash, draft, seen, removed);
            if (outcome != Put::no_room) {
                this->tell_if_asked(removed);
                return outcome;
            }
            // All that is missing at once, or other threads would take each piece of it.
            std::size_t given = 0;
            for (std::size_t i = 1; i < shards_.size() && given < draft.weight; ++i) {
                given += shards_[(place_of(hash) + i) & (shards_.size() - 1)].evict_one(removed);
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
};

}  // namespace tutti::detail
