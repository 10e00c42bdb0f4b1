// The engine of `MemoryCache`: records within a bound, in order of use. Knows no time and no lock.
//
// Mechanism: the records are a list, the most recently used first; an index of list positions,
// hashed by key, finds them. Each record keeps its hash and weight, and the index tells its own
// members apart by position, so that promoting, evicting and removing run no user code and cannot
// fail.
// What leaves goes to a list of the caller's, who destroys it where it suits him.
//
// Invariants: the index holds every record once; `weight` is the sum of the records' weights and
// never exceeds the bound.
//
// Thread-safety: none. Cost: O(1) but for evicting as many as it takes to make room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <unordered_set>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/detail/key_hash.hpp"

namespace tutti::testing {
struct MemoryCacheInspector;  // the tests' view of the invariants
}

namespace tutti::detail {

template <class K, class V, class Hash, class Eq>
class LruTable {
public:
    using KeyView = tutti::KeyViewOf<K, Hash>;

    struct Record {
        K key;
        V value;
        std::size_t hash;
        std::size_t weight;
        Duration lifetime;
        TimePoint written;
    };
    using Records = std::list<Record>;
    using Position = typename Records::iterator;

    struct Probe {
        KeyView key;
        std::size_t hash;
    };
    [[nodiscard]] static Probe probe(KeyView key) { return {key, Hash{}(key)}; }

    explicit LruTable(std::size_t limit) : limit_(limit) {}

    [[nodiscard]] Position begin() noexcept { return records_.begin(); }
    [[nodiscard]] Position end() noexcept { return records_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
    [[nodiscard]] std::size_t weight() const noexcept { return weight_; }
    [[nodiscard]] std::uint64_t evictions() const noexcept { return evictions_; }

    // Null without a record. Only `Eq` may throw.
    [[nodiscard]] const Position* find(const Probe& probe) const {
        const auto slot = index_.find(probe);
        return slot == index_.end() ? nullptr : &slot->record;
    }

    void promote(Position record) noexcept { records_.splice(records_.begin(), records_, record); }

    // Takes the one record of `fresh` in, in place of an equal key's. False if it alone is heavier
    // than the bound; the equal key's is removed nevertheless. Throws, if so, before any change.
    bool put(Records& fresh, Records& garbage) {
        const Record& record = fresh.front();
        const auto slot = index_.find(Probe{record.key, record.hash});
        if (record.weight > limit_) {
            if (slot != index_.end()) discard(slot->record, garbage);
            return false;
        }
        if (slot == index_.end()) {
            index_.insert(Slot{fresh.begin()});
        } else {
            unlink(std::exchange(slot->record, fresh.begin()), garbage);
        }
        make_room(record.weight, garbage);
        weight_ += record.weight;
        records_.splice(records_.begin(), fresh);
        return true;
    }

    void discard(Position record, Records& garbage) {
        index_.erase(Slot{record});
        unlink(record, garbage);
    }

    template <class Pred>
    void discard_if(Pred& pred, Records& garbage) {
        for (Position next = begin(); next != end();) {
            const Position record = next++;
            if (pred(std::as_const(*record))) discard(record, garbage);
        }
    }

    // Empties the table into the caller's hands.
    void move_to(LruTable& empty) {
        empty.records_.swap(records_);
        empty.index_.swap(index_);
        weight_ = 0;
    }

private:
    friend struct testing::MemoryCacheInspector;

    // Mutable, because a record may take an equal key's place in the index.
    struct Slot {
        mutable Position record;
    };
    // Not noexcept on purpose: libstdc++ then keeps the hash beside the slot, and comparing with a
    // neighbour in the bucket spares a cache miss.
    struct SlotHash {
        using is_transparent = void;
        std::size_t operator()(const Slot& slot) const { return slot.record->hash; }
        std::size_t operator()(const Probe& probe) const { return probe.hash; }
    };
    struct SlotEq {
        using is_transparent = void;
        bool operator()(const Slot& a, const Slot& b) const { return a.record == b.record; }
        bool operator()(const Slot& a, const Probe& b) const { return Eq{}(a.record->key, b.key); }
        bool operator()(const Probe& a, const Slot& b) const { return Eq{}(b.record->key, a.key); }
    };

    // Written so that no sum of weights can overflow.
    void make_room(std::size_t weight, Records& garbage) {
        while (weight_ > limit_ - weight) {
            discard(std::prev(records_.end()), garbage);
            ++evictions_;
        }
    }

    void unlink(Position record, Records& garbage) noexcept {
        weight_ -= record->weight;
        garbage.splice(garbage.end(), records_, record);
    }

    Records records_;
    std::unordered_set<Slot, SlotHash, SlotEq> index_;
    std::size_t limit_;
    std::size_t weight_ = 0;
    std::uint64_t evictions_ = 0;
};

}  // namespace tutti::detail
