// All entries of a memory tier: the shards that they are spread over by hash, and what walks over
// them or counts them.
//
// Few entries are one shard. Thread-safety: all of it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tutti/detail/budget.hpp"
#include "tutti/detail/fixed_array.hpp"
#include "tutti/detail/hash_bucket.hpp"
#include "tutti/detail/huge_pages.hpp"
#include "tutti/detail/memory_shard.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/policy.hpp"

namespace tutti::detail {

template <class K, class V, class Hash, class Eq>
class MemoryShards {
protected:
    using Shard = MemoryShard<K, V, Hash, Eq>;
    using KeyOf = typename Shard::Table::KeyOf;
    using ValueOf = typename Shard::Table::ValueOf;

public:
    using Sight = typename Shard::Table::Sight;
    using Snapshot = typename Shard::Snapshot;
    // A value as it is kept: V, or const V&.
    using ValueView = decltype(ValueOf::unpack(std::declval<const typename ValueOf::Words&>()));

    MemoryShards(const MemoryShards&) = delete;
    MemoryShards& operator=(const MemoryShards&) = delete;

    // Erases the entries for which `pred(key, value, snapshot)`; returns how many.
    template <class Pred>
    std::size_t erase_if(Pred pred) {
        return erase_each(walks_need_pin, Departure::erased, [&](const Snapshot& seen) {
            const auto& key = KeyOf::unpack(seen.key);
            const auto& value = ValueOf::unpack(seen.value);
            return pred(key, value, seen);
        });
    }
    // By `pred(snapshot)`.
    std::size_t erase_where(auto pred) { return erase_each(false, Departure::erased, pred); }
    [[nodiscard]] std::size_t count_where(auto pred) const {
        std::size_t count = 0;
        for (const Shard& shard : shards_) count += shard.table().count_where(pred);
        return count;
    }
    // `visit(key, value, snapshot)` of each that is `alive(snapshot)`, as it is at some moment of
    // the walk: an entry that is there all the while is seen once. Without a lock; until `visit`
    // returns, values that are removed anywhere stay in memory.
    void for_each(auto alive, auto visit) const {
        for (const Shard& shard : shards_) {
            for (std::uint32_t number = 0; number < shard.table().used(); ++number) {
                const Pin pin(walks_need_pin);
                Snapshot seen;
                if (!shard.table().look_at(number, seen) || !alive(seen)) continue;
                visit(KeyOf::unpack(seen.key), ValueOf::unpack(seen.value), seen);
            }
        }
    }
    // Erases those that are dead; returns how many.
    std::size_t expire_if(auto pred) { return erase_each(false, Departure::expired, pred); }

    // All that are in it when this begins. `some(taken out)` destroys them at once, or keeps them.
    template <class Some>
    void clear(Some some) {
        for (Shard& shard : shards_) {
            const std::uint32_t end = shard.table().used();
            for (std::uint32_t number = 0; number < end;) {
                RetiredList removed;
                number = shard.clear_some(number, removed);
                some(std::move(removed));
            }
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return sum_of(&Shard::size); }
    [[nodiscard]] std::size_t weight() const noexcept { return terms_.budget.taken(); }
    [[nodiscard]] std::uint64_t evictions() const noexcept { return sum_of(&Shard::evictions); }
    [[nodiscard]] std::uint64_t expirations() const noexcept { return sum_of(&Shard::expirations); }

protected:
    friend struct testing::MemoryCacheInspector;

    static constexpr bool walks_need_pin = KeyOf::uses_addresses || ValueOf::uses_addresses;

    // tells: entries that leave by themselves leave word of it.
    MemoryShards(Bound bound, Eviction eviction, bool dated, bool tells)
        : terms_{.budget = Budget(bound.limit()),
                 .eviction = eviction,
                 .pool = {.weighed = bound.unit() == Bound::Unit::bytes,
                          .dated = dated,
                          .huge = bound.has_huge_pages() ? &huge_ : nullptr,
                          .expected = expected(bound, eviction)},
                 .tells = tells},
          shards_(count(bound, eviction), terms_) {}
    ~MemoryShards() {
        shards_.clear();
        if constexpr (walks_need_pin) Reclaim::destroy_waiting();
    }

    // How many there may be; of a bound in bytes a guess.
    [[nodiscard]] static std::size_t entries_in(Bound bound) noexcept {
        constexpr std::size_t bytes_each = 256;
        return bound.limit() / (bound.unit() == Bound::Unit::bytes ? bytes_each : 1);
    }
    // So many that writers seldom meet, and so few that each has enough entries to choose from.
    [[nodiscard]] static std::size_t count(Bound bound, Eviction eviction) noexcept {
        constexpr std::size_t entries_at_least = 1024;
        constexpr std::size_t shards_max = 64;
        if (eviction == Eviction::lru) return 1;
        const std::size_t fit = entries_in(bound) / entries_at_least;
        return std::clamp<std::size_t>(std::bit_floor(fit), 1, shards_max);
    }
    // By each shard. An insertion takes a place before another entry leaves. In huge pages what is
    // not used is in memory, too: no room for shards that have more than their part, nor by guess.
    [[nodiscard]] static std::uint32_t expected(Bound bound, Eviction eviction) noexcept {
        constexpr std::size_t entries_max = std::size_t{1} << 20;  // a bound may be out of reach
        const bool huge = bound.has_huge_pages();
        if (huge && bound.unit() == Bound::Unit::bytes) return 0;
        const std::size_t part = std::min(entries_in(bound), entries_max) / count(bound, eviction);
        return static_cast<std::uint32_t>(part + (huge ? 0 : part / 8) + 1);
    }
    [[nodiscard]] std::size_t place_of(const Hashed& hash) const noexcept {
        return hash.shard & (shards_.size() - 1);
    }
    [[nodiscard]] Shard& shard_of(const Hashed& hash) const noexcept {
        return shards_[place_of(hash)];
    }

    HugePages huge_;
    ShardTerms terms_;
    FixedArray<Shard> shards_;  // a power of two

private:
    [[nodiscard]] std::uint64_t sum_of(std::int64_t (Shard::*number)() const noexcept) const {
        std::int64_t sum = 0;
        for (const Shard& shard : shards_) sum += (shard.*number)();
        return static_cast<std::uint64_t>(sum);
    }

    template <class Pred>
    std::size_t erase_each(bool needs_pin, Departure why, Pred pred) {
        RetiredList removed;
        std::size_t erased = 0;
        for (Shard& shard : shards_) {
            const std::uint32_t end = shard.table().used();
            for (std::uint32_t number = 0; number < end;) {
                const Pin pin(needs_pin);
                Snapshot seen;
                const bool chosen = shard.table().look_at(number, seen) && pred(seen);
                if (chosen && !shard.erase(seen, why, removed)) continue;  // it has changed
                erased += chosen;
                ++number;
            }
        }
        return erased;
    }
};

}  // namespace tutti::detail
