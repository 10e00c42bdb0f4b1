// What only tests may see of a memory tier: its order, its locks, and whether its invariants hold.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tutti/memory_cache.hpp"

namespace tutti::testing {

struct MemoryCacheInspector {
    // The keys; of an `lru` the most recently used first.
    template <class K, class V, class Hash, class Eq>
    static std::vector<K> order(const MemoryCache<K, V, Hash, Eq>& cache) {
        using KeyOf = detail::KeyCell<K, Hash, Eq>;
        std::vector<K> keys;
        for (auto& shard : cache.tier_.shards_) {
            const std::lock_guard lock(shard.lock_);
            shard.queues_.for_each([&](std::uint32_t number) {
                auto seen = look_at(shard, number);
                keys.push_back(KeyOf::unpack(seen.key));
            });
        }
        return keys;
    }

    // Whether an operation holds a lock.
    template <class K, class V, class Hash, class Eq>
    static bool locked(const MemoryCache<K, V, Hash, Eq>& cache) {
        for (auto& shard : cache.tier_.shards_) {
            if (!shard.lock_.try_lock()) return true;
            shard.lock_.unlock();
        }
        return false;
    }

    // By which reads of this thread are known; null before the first.
    static detail::ReaderSlot*& reader_slot() { return detail::Reclaim::own_slot; }
    static void give_back_reader_slot() {
        if (detail::Reclaim::own_slot != nullptr) detail::Reclaim::give_back();
    }

    // Requires: no operation runs.
    template <class K, class V, class Hash, class Eq>
    static void validate(MemoryCache<K, V, Hash, Eq>& cache) {
        auto& tier = cache.tier_;
        std::size_t weight = 0;
        std::size_t size = 0;
        for (auto& shard : tier.shards_) {
            weight += validate<K, V, Hash, Eq>(shard);
            size += shard.queues_.size();
        }
        EXPECT_EQ(cache.size(), size);
        EXPECT_EQ(cache.weight(), weight);
        EXPECT_LE(weight, cache.options_.bound.limit());
        EXPECT_FALSE(locked(cache));
    }

private:
    template <class Shard>
    static typename Shard::Snapshot look_at(const Shard& shard, std::uint32_t number) {
        typename Shard::Snapshot seen;
        EXPECT_TRUE(shard.table_.look_at(number, seen)) << "vacant, but in a queue";
        return seen;
    }

    // Returns the weight.
    template <class K, class V, class Hash, class Eq, class Shard>
    static std::size_t validate(Shard& shard) {
        using KeyOf = detail::KeyCell<K, Hash, Eq>;
        std::size_t weight = 0;
        std::set<std::uint32_t> numbers;
        shard.queues_.for_each([&](std::uint32_t number) {
            if (!numbers.insert(number).second) throw std::logic_error("twice in the queues");
            EXPECT_GE(shard.table_.weight(number), 1U);
            weight += shard.table_.weight(number);
            const auto seen = look_at(shard, number);
            const K& key = KeyOf::unpack(seen.key);
            const detail::Hashed hash = detail::Hashed::of(Hash{}(key));
            EXPECT_EQ(shard.table_.pool().links(number).hash, hash.packed());
            EXPECT_EQ(shard.table_.locate(typename Shard::Query(key), hash), number)
                << "an entry that its key cannot find";
        });
        EXPECT_EQ(numbers.size(), shard.queues_.size());
        EXPECT_EQ(static_cast<std::size_t>(shard.size()), shard.queues_.size());
        std::size_t occupied = 0;
        for (std::uint32_t number = 0; number < shard.table_.used(); ++number) {
            occupied += !shard.table_.is_vacant(number);
        }
        EXPECT_EQ(occupied, numbers.size()) << "an entry that is in no queue";
        return weight;
    }
};

}  // namespace tutti::testing
