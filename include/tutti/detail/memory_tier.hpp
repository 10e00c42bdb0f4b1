// The engine of `MemoryCache`: entries within a budget, spread over shards by hash. Knows when
// entries expire, and leaves it to the caller what time it is.
//
// Few entries are one shard. Of several, others make room only if the one that needs it has none.
// Thread-safety: all of it. What is kept by address a read pins (`Pin`), and copies without a lock.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "tutti/detail/built.hpp"
#include "tutti/detail/guarded.hpp"
#include "tutti/detail/life.hpp"
#include "tutti/detail/memory_shard.hpp"
#include "tutti/detail/memory_shards.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/policy.hpp"

namespace tutti::detail {

template <class K, class V, class Hash, class Eq>
class MemoryTier : public MemoryShards<K, V, Hash, Eq> {
    using Shards = MemoryShards<K, V, Hash, Eq>;
    using Shard = MemoryShard<K, V, Hash, Eq>;
    using Shards::place_of;
    using Shards::shard_of;
    using Shards::shards_;
    using Shards::terms_;
    using Query = typename Shard::Query;
    using Draft = typename Shard::Draft;
    using Put = typename Shard::Put;
    using KeyOf = typename Shard::Table::KeyOf;
    using ValueOf = typename Shard::Table::ValueOf;

public:
    using KeyView = tutti::KeyViewOf<K, Hash>;
    using typename Shards::Sight;
    using typename Shards::Snapshot;
    using typename Shards::ValueView;
    // Told of each entry that has left by itself, behind the lock, by what made it leave.
    using Left = std::function<void(const K& key, Departure why)>;

    // dated: entries know when they were last used. left: null tells nothing, and costs nothing.
    MemoryTier(Bound bound, Eviction eviction, bool dated = false, Left left = nullptr)
        : Shards(bound, eviction, dated, left != nullptr), left_(std::move(left)) {}

    // What `make(value, snapshot)` returns of one that is `alive(snapshot)`; a dead one is removed.
    template <class Alive, class Make>
    [[gnu::always_inline]] auto read(KeyView key, Alive alive, Make make,
                                     RetiredList* removed = nullptr) {
        Query query(key);  // const, GCC 12 would keep it in memory
        const Hashed hash = Hashed::of(query.hash());
        Shard& shard = shard_of(hash);
        if constexpr (!ValueOf::is_address_always) {
            if (!query.needs_pin()) [[likely]] {
                Snapshot seen;
                if (!shard.table().read(query, hash, seen)) return Made<Make>();
                if (!ValueOf::is_address(seen.value)) [[likely]]
                    return use(shard, seen, alive, make, removed);
            }
        }
        return read_pinned(shard, key, hash, alive, make, removed);
    }
    // A copy of the value of one that is `alive(sight)`; a dead one is removed.
    template <class Alive>
    [[gnu::always_inline]] std::optional<V> copy(KeyView key, Alive alive) {
        const auto make = [](const V& value, const Sight&) { return V(value); };
        if constexpr (ValueOf::uses_addresses || !std::is_trivially_move_assignable_v<V>) {
            return read(key, alive, make);
        } else {
            Query query(key);
            const Hashed hash = Hashed::of(query.hash());
            Shard& shard = shard_of(hash);
            if (!query.needs_pin()) [[likely]]
                return copy_in_place(shard, query, hash, alive);
            return read_pinned(shard, key, hash, alive, make, nullptr);
        }
    }
    // The same without a use; a dead one stays.
    [[nodiscard]] auto peek(KeyView key, auto alive, auto make) const {
        std::optional<decltype(make(std::declval<ValueView>(), std::declval<Snapshot&>()))> made;
        Query query(key);
        const Hashed hash = Hashed::of(query.hash());
        Snapshot seen;
        const Pin pin(ValueOf::uses_addresses || query.needs_pin());
        const bool found = shard_of(hash).table().read(query, hash, seen) && alive(seen);
        if (found) made.emplace(make(ValueOf::unpack(seen.value), seen));
        return made;
    }
    [[nodiscard]] auto& last_use(KeyView key, const Snapshot& seen) const noexcept {
        return shard_of(Hashed::of(Hash{}(key))).table().pool().last_use(seen.number);
    }
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

    template <class Make>
    using Made = std::optional<std::invoke_result_t<Make&, ValueView, const Snapshot&>>;

    template <class Alive, class Make>
    [[gnu::always_inline]] Made<Make> use(Shard& shard, const Snapshot& seen, Alive& alive,
                                          Make& make, RetiredList* removed) {
        if (!lives(shard, seen, alive, removed)) [[unlikely]]
            return std::nullopt;
        Made<Make> made(make(ValueOf::unpack(seen.value), seen));
        note_use(shard, seen);
        return made;
    }
    // The value is copied once, to where it is returned; so it is there before anything is proven
    // of it, and goes if nothing is.
    template <class Alive>
    [[gnu::always_inline]] std::optional<V> copy_in_place(Shard& shard, const Query& query,
                                                          const Hashed& hash, Alive& alive) {
        std::optional<V> copied = nothing<V>();
        const auto copy = [&](const auto& words) __attribute__((always_inline)) {
            copied = built([&]() __attribute__((always_inline)) { return ValueOf::unpack(words); });
        };
        Sight seen;
        if (shard.table().read(query, hash, copy, seen) && lives(shard, seen, alive, nullptr)) {
            note_use(shard, seen);
        } else {
            copied.reset();
        }
        return copied;
    }
    template <class Alive>
    [[gnu::always_inline]] bool lives(Shard& shard, const auto& seen, Alive& alive,
                                      RetiredList* removed) {
        if (alive(seen)) [[likely]]
            return true;
        bury(shard, seen.number, seen.version, removed);
        return false;
    }
    [[gnu::always_inline]] void note_use(Shard& shard, const Sight& seen) {
        if (terms_.eviction == Eviction::adaptive) [[likely]] {
            shard.note_use(seen);
        } else {
            shard.make_newest(seen.number, seen.version);
        }
    }
    // It was found dead. `removed`: null if what leaves may be destroyed at once.
    // Number and version apart: in one struct they would be packed and unpacked on every read.
    [[gnu::noinline]] void bury(Shard& shard, std::uint32_t number, std::uint32_t version,
                                RetiredList* removed) {
        RetiredList own;
        RetiredList& out = removed == nullptr ? own : *removed;
        shard.erase({number, version}, Departure::expired, out);
        if (left_) tell(out);
    }
    template <class Alive, class Make>
    [[gnu::noinline]] Made<Make> read_pinned(Shard& shard, KeyView key, Hashed hash, Alive& alive,
                                             Make& make, RetiredList* removed) {
        Query query(key);
        const Pin pin(true);
        Snapshot seen;
        if (!shard.table().read(query, hash, seen)) return std::nullopt;
        return use(shard, seen, alive, make, removed);
    }
    [[gnu::always_inline]] Put put(const Query& query, const Hashed& hash, Draft& draft,
                                   const Snapshot* seen, RetiredList& removed) {
        for (;;) {
            const Put outcome = shard_of(hash).put(query, hash, draft, seen, removed);
            if (outcome != Put::no_room) {
                if (left_) [[unlikely]]
                    tell(removed);
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

    // What has left by itself since the last call, while `out` still has it.
    [[gnu::noinline, gnu::cold]] void tell(RetiredList& out) const noexcept {
        out.for_each([this](Retired& one) {
            auto* const left = dynamic_cast<typename Shard::Departed*>(&one);
            if (left == nullptr || std::exchange(left->told, true)) return;
            (void)guarded({.name = "left"}, [&] { left_(KeyOf::unpack(left->key), left->why); });
        });
    }

    const Left left_;
};

}  // namespace tutti::detail
