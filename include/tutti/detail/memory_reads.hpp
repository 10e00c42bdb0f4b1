// How a memory tier is read: without a lock, but for the hit of an `lru` and the removal of what is
// found dead. What is kept by address is pinned (`Pin`).
//
// Thread-safety: all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "tutti/detail/built.hpp"
#include "tutti/detail/cells.hpp"
#include "tutti/detail/guarded.hpp"
#include "tutti/detail/memory_shard.hpp"
#include "tutti/detail/memory_shards.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/detail/words.hpp"
#include "tutti/policy.hpp"

namespace tutti::detail {

template <class K, class V, class Hash, class Eq>
class MemoryReads : public MemoryShards<K, V, Hash, Eq> {
    using Shards = MemoryShards<K, V, Hash, Eq>;
    using Shards::terms_;

protected:
    using Shards::shard_of;
    using Shard = MemoryShard<K, V, Hash, Eq>;
    using Query = typename Shard::Query;
    using KeyOf = typename Shard::Table::KeyOf;
    using ValueOf = typename Shard::Table::ValueOf;

public:
    using KeyView = tutti::KeyViewOf<K, Hash>;
    using typename Shards::Sight;
    using typename Shards::Snapshot;
    using typename Shards::ValueView;
    // Told of each entry that has left by itself, behind the lock, by what made it leave.
    using Left = std::function<void(const K& key, Departure why)>;

    // A key on the way to its entry.
    struct Sought {
        Query query;
        Hashed hash;
        Shard* shard;

        [[gnu::always_inline]] Sought(const MemoryReads& in, KeyView key)
            : query(key), hash(Hashed::of(query.hash())), shard(&in.shard_of(hash)) {}
    };
    // What `read` looks at first is fetched meanwhile. The key outlives what is returned.
    [[gnu::always_inline]] Sought seek(KeyView key) const {
        const Sought sought(*this, key);
        sought.shard->table().index().fetch(sought.hash);
        return sought;
    }

    // What `make(value, sight)` returns of one that is `alive(sight)`; a dead one is removed.
    template <class Alive, class Make>
    [[gnu::always_inline]] auto read(KeyView key, Alive alive, Make make,
                                     RetiredList* removed = nullptr) {
        return read(Sought(*this, key), InWords(), alive, make, removed);
    }
    // The same, with a value in place taken to where it is wanted: `taken.take(words)` is called
    // before anything is known of them, see EntryTable::read, and `make(taken.view(), sight)` when
    // they are no address; the address of a value is taken in words.
    template <class Taken, class Alive, class Make>
    [[gnu::always_inline]] auto read(const Sought& sought, Taken taken, Alive alive, Make make,
                                     RetiredList* removed) {
        if constexpr (!ValueOf::is_address_always) {
            if (!sought.query.needs_pin()) [[likely]] {
                Sight seen;
                const auto take = [&](const auto& words)
                                      __attribute__((always_inline)) { taken.take(words); };
                if (!sought.shard->table().read(sought.query, sought.hash, take, seen))
                    return Made<Make>();
                if (!taken.is_address()) [[likely]]
                    return use(*sought.shard, seen, taken, alive, make, removed);
            }
        }
        return read_pinned(*sought.shard, sought.query.view(), sought.hash, taken, alive, make,
                           removed);
    }
    // A copy of the value of one that is `alive(sight)`; a dead one is removed.
    template <class Alive>
    [[gnu::always_inline]] std::optional<V> copy(KeyView key, Alive alive) {
        if constexpr (!ValueOf::uses_addresses && ValueOf::size == 1) {
            const WordCopy copied = copy_word(key, alive);
            if (copied.found == 0) return std::nullopt;
            return ValueOf::unpack(copied.words);
        } else {
            return copy_out(key, alive);
        }
    }
    // The same without a use; a dead one stays.
    [[nodiscard]] auto peek(KeyView key, auto alive, auto make) const {
        std::optional<decltype(make(std::declval<ValueView>(), std::declval<Sight&>()))> made;
        Query query(key);
        const Hashed hash = Hashed::of(query.hash());
        Snapshot seen;
        const Pin pin(ValueOf::uses_addresses || query.needs_pin());
        const bool found = shard_of(hash).table().read(query, hash, seen) && alive(seen);
        if (found) made.emplace(make(ValueOf::unpack(seen.value), seen));
        return made;
    }
    [[nodiscard]] auto& last_use(KeyView key, const Sight& seen) const noexcept {
        return shard_of(Hashed::of(Hash{}(key))).table().pool().last_use(seen.number);
    }

protected:
    // left: null tells nothing, and costs nothing.
    MemoryReads(Bound bound, Eviction eviction, bool dated, Left left)
        : Shards(bound, eviction, dated, left != nullptr), left_(std::move(left)) {}

    void tell_if_asked(RetiredList& out) const noexcept {
        if (left_) [[unlikely]]
            tell(out);
    }

private:
    friend struct testing::MemoryCacheInspector;

    template <class Make>
    using Made = std::optional<std::invoke_result_t<Make&, ValueView, const Sight&>>;
    using InWords = TakenWords<ValueOf>;

    template <class Alive, class Make>
    [[gnu::always_inline]] Made<Make> use(Shard& shard, const Sight& seen, const auto& taken,
                                          Alive& alive, Make& make, RetiredList* removed) {
        if (!lives(shard, seen, alive, removed)) [[unlikely]]
            return std::nullopt;
        Made<Make> made(make(taken.view(), seen));
        note_use(shard, seen);
        return made;
    }
    // Returned in two registers. An optional of one word would be, too, but GCC 12 makes it in
    // memory: its load of eight bytes waits until one of them has been stored.
    struct WordCopy {
        typename ValueOf::Words words;
        std::uint64_t found;
    };
    template <class Alive>
    [[gnu::noinline]] WordCopy copy_word(KeyView key, Alive alive) {
        Query query(key);
        const Hashed hash = Hashed::of(query.hash());
        Shard& shard = shard_of(hash);
        std::uint64_t word = 0;
        if (!query.needs_pin()) [[likely]] {
            const auto copy = [&](const auto& words)
                                  __attribute__((always_inline)) { word = loaded(words[0]); };
            const bool found = copy_words(shard, query, hash, alive, copy);
            return {{word}, found};
        }
        const auto make = [](const V& value, const Sight&) { return ValueOf::pack(V(value)); };
        const auto made = read_pinned(shard, key, hash, InWords(), alive, make, nullptr);
        return {made.value_or(typename ValueOf::Words{}), made.has_value()};
    }
    // The value is copied once, to where it is returned; so it is there before anything is proven
    // of it, and goes if nothing is.
    template <class Alive>
    [[gnu::noinline]] std::optional<V> copy_out(KeyView key, Alive alive) {
        const auto make = [](const V& value, const Sight&) { return V(value); };
        if constexpr (ValueOf::uses_addresses || !std::is_trivially_move_assignable_v<V>) {
            return read(key, alive, make);
        } else {
            Query query(key);
            const Hashed hash = Hashed::of(query.hash());
            Shard& shard = shard_of(hash);
            if (query.needs_pin()) [[unlikely]]
                return read_pinned(shard, key, hash, InWords(), alive, make, nullptr);
            return copy_in_place(shard, query, hash, alive);
        }
    }
    template <class Alive>
    [[gnu::always_inline]] std::optional<V> copy_in_place(Shard& shard, const Query& query,
                                                          const Hashed& hash, Alive& alive) {
        std::optional<V> copied = nothing<V>();
        const auto copy = [&](const auto& words) __attribute__((always_inline)) {
            copied = built([&]() __attribute__((always_inline)) { return ValueOf::unpack(words); });
        };
        if (!copy_words(shard, query, hash, alive, copy)) copied.reset();
        return copied;
    }
    // Whether what `copy` was called with is the value of one that is alive: before that is known,
    // see EntryTable::read.
    template <class Alive, class Copy>
    [[gnu::always_inline]] bool copy_words(Shard& shard, const Query& query, const Hashed& hash,
                                           Alive& alive, const Copy& copy) {
        Sight seen;
        if (!shard.table().read(query, hash, copy, seen)) return false;
        if (!lives(shard, seen, alive, nullptr)) return false;
        note_use(shard, seen);
        return true;
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
        tell_if_asked(out);
    }
    template <class Taken, class Alive, class Make>
    [[gnu::noinline]] Made<Make> read_pinned(Shard& shard, KeyView key, Hashed hash, Taken taken,
                                             Alive& alive, Make& make, RetiredList* removed) {
        Query query(key);
        const Pin pin(true);
        Sight seen;
        const auto take = [&](const auto& words) { taken.take(words); };
        if (!shard.table().read(query, hash, take, seen)) return std::nullopt;
        if constexpr (!std::is_same_v<Taken, InWords>) {
            if (taken.is_address()) [[unlikely]]
                return read_pinned(shard, key, hash, InWords(), alive, make, removed);
        }
        return use(shard, seen, taken, alive, make, removed);
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
