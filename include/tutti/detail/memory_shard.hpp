// One part of a memory tier: the entries whose hash says so. Reads take no lock; what changes
// entries does.
//
// Mechanism: the table finds entries, the order says who leaves, the budget is shared with the
// other shards.
//
// Lock: one for each shard; none is taken under it. Under it run `Eq`, nothing else of the user's,
// and no destructor: what leaves goes to a list of the caller's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/budget.hpp"
#include "tutti/detail/entry_pool.hpp"
#include "tutti/detail/entry_table.hpp"
#include "tutti/detail/eviction_order.hpp"
#include "tutti/detail/hash_bucket.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/policy.hpp"

namespace tutti::detail {

// What all shards of a tier have in common.
struct ShardTerms {
    Budget budget;
    Eviction eviction;
    PoolTerms pool;
    bool tells = false;
};

// Why an entry is there no more. Of the last two it leaves word: `Departed`.
enum class Departure : std::uint8_t { erased, expired, evicted };

template <class K, class V, class Hash, class Eq>
class alignas(64) MemoryShard {
public:
    using Table = EntryTable<K, V, Hash, Eq>;
    using Query = typename Table::Query;
    using Snapshot = typename Table::Snapshot;
    using Draft = typename Table::Draft;

    enum class Put : std::uint8_t { done, too_heavy, changed, no_room };
    // Goes with the key, which is alive as long as the list that has both.
    struct Departed final : Retired {
        Departed(const typename Table::KeyOf::Words& from, Departure how) noexcept
            : key(from), why(how) {}
        const typename Table::KeyOf::Words key;
        const Departure why;
        bool told = false;
    };

    explicit MemoryShard(ShardTerms& terms)
        : table_(terms.pool),
          terms_(terms),
          order_(table_.pool(), terms.eviction, terms.pool.huge) {}
    MemoryShard(const MemoryShard&) = delete;
    MemoryShard& operator=(const MemoryShard&) = delete;

    // To be read without the lock.
    [[nodiscard]] const Table& table() const noexcept { return table_; }

    // A hit of an `adaptive`. It writes nothing in the common case.
    static void note_use(const auto& seen) noexcept { seen.head->note_use(seen.version); }
    // A hit of an `lru`. The same, of the one that was used before.
    [[gnu::noinline]] void make_newest(std::uint32_t number, std::uint32_t version) noexcept {
        if (order_.newest() == number) return;
        const std::lock_guard lock(lock_);
        if (table_.is_still({number, version})) order_.use(number);
    }

    // `changed`: the key's entry, or its absence, is not as in `seen` any more; null: that does not
    // matter. `no_room`: what is missing is taken by other shards. Throws before any change.
    [[gnu::always_inline]] Put put(const Query& query, const Hashed& hash, Draft& draft,
                                   const Snapshot* seen, RetiredList& out) {
        const std::lock_guard lock(lock_);
        const std::uint32_t number = table_.locate(query, hash);
        if (seen != nullptr && !(number == seen->number && is_still(*seen))) return Put::changed;
        if (draft.weight > terms_.budget.limit()) {
            if (number != no_entry) remove(number, hash, out);
            return Put::too_heavy;
        }
        return number == no_entry ? insert(hash, draft, out) : overwrite(number, draft, out);
    }

    bool erase(const Query& query, const Hashed& hash, RetiredList& out) {
        const std::lock_guard lock(lock_);
        const std::uint32_t number = table_.locate(query, hash);
        if (number == no_entry) return false;
        remove(number, hash, out);
        return true;
    }
    // If nothing has happened to it since.
    bool erase(EntryState seen, Departure why, RetiredList& out) {
        const std::lock_guard lock(lock_);
        if (!table_.is_still(seen)) return false;
        why == Departure::expired ? expire(seen.number, out)
                                  : remove(seen.number, table_.hash(seen.number), out);
        return true;
    }
    // Takes out some entries, from this number on; returns the number after them.
    std::uint32_t clear_some(std::uint32_t number, RetiredList& out) {
        constexpr std::uint32_t at_a_time = 256;
        const std::lock_guard lock(lock_);
        const std::uint32_t end = std::min(table_.used(), number + at_a_time);
        for (; number < end; ++number) {
            if (!table_.is_vacant(number)) remove(number, table_.hash(number), out);
        }
        return number;
    }
    // For want of room elsewhere. Returns the weight that this gave back; zero: there is none.
    std::size_t evict_one(RetiredList& out) {
        const std::lock_guard lock(lock_);
        if (order_.size() == 0) return 0;
        const std::size_t weight = evict(out);
        terms_.budget.give(weight);
        return weight;
    }

    [[nodiscard]] std::int64_t size() const noexcept {
        return size_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::int64_t evictions() const noexcept {
        return evictions_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::int64_t expirations() const noexcept {
        return expirations_.load(std::memory_order_relaxed);
    }

private:
    friend struct testing::MemoryCacheInspector;

    // All below require the lock.
    [[nodiscard]] bool is_still(EntryState seen) const noexcept {
        return seen.number == no_entry || table_.is_still(seen);
    }
    [[nodiscard]] bool dies_before(std::uint32_t number, std::int64_t time) const noexcept {
        return table_.at(number).life().ends_before(time);
    }

    [[gnu::noinline]] Put insert(const Hashed& hash, Draft& draft, RetiredList& out) {
        order_.expect(hash.packed());
        const BucketPlace to = table_.reserve(hash);
        order_.reserve(table_.used());
        drop_some_dead(draft.life.written, out);
        bool full = false;
        if (!make_room(draft.weight, full, out)) return Put::no_room;
        const std::uint32_t number = table_.add(to, hash, draft);
        order_.arrive(number, hash.packed(), full);
        count(size_, 1);
        return Put::done;
    }

    [[gnu::always_inline]] Put overwrite(std::uint32_t number, Draft& draft, RetiredList& out) {
        const std::size_t before = table_.weight(number);
        if (draft.weight > before) {
            order_.step_aside(number);
            bool full = false;
            const bool room = make_room(draft.weight - before, full, out);
            order_.come_back(number);
            if (!room) return Put::no_room;
        } else if (draft.weight < before) {
            terms_.budget.give(before - draft.weight);
        }
        table_.overwrite(number, draft, out);
        order_.use(number);
        return Put::done;
    }

    // Takes `weight` of the budget, from entries of this shard if need be (`full`).
    bool make_room(std::size_t weight, bool& full, RetiredList& out) noexcept {
        std::size_t got = 0;
        while (got < weight && !terms_.budget.take(weight - got)) {
            if (order_.size() == 0) {
                terms_.budget.give(got);
                return false;
            }
            full = true;
            got += evict(out);
        }
        if (got > weight) terms_.budget.give(got - weight);
        return true;
    }

    // Returns the weight, which is still taken.
    std::size_t evict(RetiredList& out) noexcept {
        const Evicted evicted = order_.evict();
        const std::uint32_t number = evicted.number;
        const Hashed hash = table_.hash(number);
        const std::size_t weight = table_.weight(number);
        order_.remember(evicted, hash.packed());
        if (terms_.tells) leave_word(number, Departure::evicted, out);
        table_.remove(number, hash, out);
        count(evictions_, 1);
        count(size_, -1);
        return weight;
    }
    void expire(std::uint32_t number, RetiredList& out) noexcept {
        if (terms_.tells) leave_word(number, Departure::expired, out);
        remove(number, table_.hash(number), out);
        count(expirations_, 1);
    }
    // Without memory for it nothing is told.
    [[gnu::noinline, gnu::cold]] void leave_word(std::uint32_t number, Departure why,
                                                 RetiredList& out) noexcept {
        out.push(new (std::nothrow) Departed(table_.key(number), why));
    }
    void remove(std::uint32_t number, const Hashed& hash, RetiredList& out) noexcept {
        order_.leave(number);
        const std::size_t weight = table_.weight(number);
        table_.remove(number, hash, out);
        terms_.budget.give(weight);
        count(size_, -1);
    }

    // Each insertion looks at two entries, in turn: half as many insertions as there are entries
    // find all that have died before. Not of an `lru`, which promises that only the least recently
    // used one makes room.
    void drop_some_dead(std::int64_t now, RetiredList& out) noexcept {
        if (terms_.eviction == Eviction::lru) return;
        const std::uint32_t end = table_.used();
        for (std::uint32_t looks = std::min<std::uint32_t>(end, 2); looks > 0; --looks) {
            if (next_look_ >= end) next_look_ = 0;
            const std::uint32_t number = next_look_++;
            if (dies_before(number, now) && !table_.is_vacant(number)) expire(number, out);
        }
        if (next_look_ < end) fetch_ahead(&table_.at(next_look_));
    }

    // Only read by other threads.
    static void count(Atomic<std::int64_t>& counter, int more) noexcept {
        const std::int64_t before = counter.load(std::memory_order_relaxed);
        counter.store(before + more, std::memory_order_relaxed);
    }

    Table table_;
    ShardTerms& terms_;
    alignas(64) SpinLock lock_;  // guards what changes: the table for writers, and all below
    EvictionOrder<typename Table::Pool> order_;
    std::uint32_t next_look_ = 0;
    Atomic<std::int64_t> size_{0};
    Atomic<std::int64_t> evictions_{0};
    Atomic<std::int64_t> expirations_{0};
};

}  // namespace tutti::detail
