// What only tests may see of a memory tier: its order, its locks, and whether its invariants hold.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "tutti/memory_cache.hpp"

namespace tutti::testing {

struct MemoryCacheInspector {
    // The keys, the most recently used first. Requires: an `lru`.
    template <class K, class V, class Hash, class Eq>
    static std::vector<K> order(const MemoryCache<K, V, Hash, Eq>& cache) {
        using KeyOf = detail::KeyCell<K, Hash, Eq>;
        std::vector<K> keys;
        for (auto& shard : cache.tier_.shards_) {
            const std::lock_guard lock(shard.lock_);
            for (const std::uint32_t number : in_order(*shard.order_.lru_)) {
                auto seen = look_at(shard, number);
                keys.push_back(KeyOf::unpack(seen.key));
            }
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

    // Turns at which nothing is to be judged. Requires: an `adaptive`.
    template <class K, class V, class Hash, class Eq>
    static std::size_t astray(const MemoryCache<K, V, Hash, Eq>& cache) {
        std::size_t astray = 0;
        for (auto& shard : cache.tier_.shards_) astray += shard.order_.adaptive_.astray_;
        return astray;
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
            size += shard.order_.size();
        }
        EXPECT_EQ(cache.size(), size);
        EXPECT_EQ(cache.weight(), weight);
        EXPECT_LE(weight, cache.options_.bound.limit());
        EXPECT_FALSE(locked(cache));
    }

private:
    using Numbers = std::set<std::uint32_t>;

    template <class Shard>
    static typename Shard::Snapshot look_at(const Shard& shard, std::uint32_t number) {
        typename Shard::Snapshot seen;
        EXPECT_TRUE(shard.table_.look_at(number, seen)) << "vacant, but in the order";
        return seen;
    }

    // The newest first.
    static std::vector<std::uint32_t> in_order(const detail::LruOrder& order) {
        std::vector<std::uint32_t> numbers;
        std::uint32_t newer = detail::no_entry;
        for (std::uint32_t number = order.newest(); number != detail::no_entry;) {
            if (numbers.size() == order.size()) {
                ADD_FAILURE() << "more than there are";
                break;
            }
            EXPECT_EQ(order.links_of(number).newer, newer);
            numbers.push_back(newer = number);
            number = order.links_of(number).older;
        }
        EXPECT_EQ(order.oldest_, newer);
        return numbers;
    }

    // The oldest first.
    static std::vector<std::uint32_t> in_turn(const detail::Turns& turns, unsigned queue) {
        std::vector<std::uint32_t> numbers;
        const auto& wanted = turns.queues_[queue];
        for (const auto* block = wanted.first; block != nullptr; block = block->next) {
            const std::uint32_t begin = block == wanted.first ? wanted.begin : 0;
            const std::uint32_t end = block == wanted.last ? wanted.end : block->length;
            numbers.insert(numbers.end(), block->numbers + begin, block->numbers + end);
        }
        return numbers;
    }

    // What is in an order, of which the places below `used` have held entries.
    static Numbers validate(const detail::LruOrder& order, std::uint32_t) {
        const auto numbers = in_order(order);
        return {numbers.begin(), numbers.end()};
    }
    template <class Pool>
    static Numbers validate(const detail::AdaptiveOrder<Pool>& order, std::uint32_t used) {
        Numbers numbers;
        std::size_t turns = 0;
        std::size_t own = 0;
        for (const unsigned queue : {order.trial, order.main}) {
            const auto in_turn_of_it = in_turn(order.turns_, queue);
            const Numbers waiting(in_turn_of_it.begin(), in_turn_of_it.end());
            EXPECT_EQ(waiting.size(), in_turn_of_it.size()) << "two turns of one place";
            turns += waiting.size();
            std::size_t size = 0;
            for (std::uint32_t number = 0; number < used; ++number) {
                const unsigned place = order.place_of(number);
                const bool has_turn = (place & order.turn_in(queue)) != 0;
                EXPECT_EQ(has_turn, waiting.contains(number));
                if ((place & order.is_in) == 0 || order.queue_of(place) != queue) continue;
                EXPECT_TRUE(has_turn) << "an entry that is never going to leave";
                numbers.insert(number);
                ++size;
                own += (place & order.is_late) == 0;
            }
            EXPECT_EQ(order.sizes_[queue], size);
        }
        EXPECT_EQ(order.turns_.size_, turns);
        EXPECT_EQ(order.astray_, turns - own);
        return numbers;
    }

    // Returns the weight.
    template <class K, class V, class Hash, class Eq, class Shard>
    static std::size_t validate(Shard& shard) {
        using KeyOf = detail::KeyCell<K, Hash, Eq>;
        const std::uint32_t used = shard.table_.used();
        const auto& order = shard.order_;
        const Numbers numbers =
            order.lru_ ? validate(*order.lru_, used) : validate(order.adaptive_, used);
        std::size_t weight = 0;
        for (const std::uint32_t number : numbers) {
            EXPECT_GE(shard.table_.weight(number), 1U);
            weight += shard.table_.weight(number);
            const auto seen = look_at(shard, number);
            const K& key = KeyOf::unpack(seen.key);
            const detail::Hashed hash = detail::Hashed::of(Hash{}(key));
            EXPECT_EQ(shard.table_.hash(number).packed(), hash.packed());
            EXPECT_EQ(shard.table_.locate(typename Shard::Query(key), hash), number)
                << "an entry that its key cannot find";
        }
        EXPECT_EQ(numbers.size(), shard.order_.size());
        EXPECT_EQ(static_cast<std::size_t>(shard.size()), shard.order_.size());
        std::size_t occupied = 0;
        for (std::uint32_t number = 0; number < used; ++number) {
            occupied += !shard.table_.is_vacant(number);
        }
        EXPECT_EQ(occupied, numbers.size()) << "an entry that is not in the order";
        return weight;
    }
};

}  // namespace tutti::testing
