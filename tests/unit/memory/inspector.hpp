// What only tests may see of a memory tier: its order, its lock, and whether its invariants hold.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "tutti/memory_cache.hpp"

namespace tutti::testing {

struct MemoryCacheInspector {
    // The keys, the most recently used first.
    template <class K, class V, class Hash, class Eq>
    static std::vector<K> order(const MemoryCache<K, V, Hash, Eq>& cache) {
        const std::lock_guard lock(cache.mutex_);
        std::vector<K> keys;
        for (const auto& record : cache.table_.records_) keys.push_back(record.key);
        return keys;
    }

    template <class K, class V, class Hash, class Eq>
    static bool locked(const MemoryCache<K, V, Hash, Eq>& cache) {
        bool free = false;
        std::thread([&] {
            free = cache.mutex_.try_lock();
            if (free) cache.mutex_.unlock();
        }).join();
        return !free;
    }

    template <class K, class V, class Hash, class Eq>
    static void validate(MemoryCache<K, V, Hash, Eq>& cache) {
        const std::lock_guard lock(cache.mutex_);
        auto& table = cache.table_;
        std::size_t weight = 0;
        for (auto record = table.begin(); record != table.end(); ++record) {
            weight += record->weight;
            EXPECT_GE(record->weight, 1U);
            EXPECT_EQ(record->hash, Hash{}(record->key));
            const auto* found = table.find(table.probe(record->key));
            EXPECT_TRUE(found != nullptr && *found == record)
                << "a record that its key cannot find";
        }
        EXPECT_EQ(table.index_.size(), table.records_.size());
        EXPECT_EQ(table.weight_, weight);
        EXPECT_LE(table.weight_, table.limit_);
        EXPECT_EQ(table.limit_, cache.options_.bound.limit());
    }
};

}  // namespace tutti::testing
