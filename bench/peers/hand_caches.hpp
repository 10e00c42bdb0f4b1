// What a C++ engineer writes by hand in an afternoon, honestly: 64 shards, each with a lock, a hash
// table and an order, a TTL that is checked against the coarse clock. They are what `MemoryCache`
// is measured against.
//
//   HandLru     std::mutex, std::unordered_map, std::list in order of use
//   HandFlat    std::mutex, boost::unordered_flat_map to the places of an array, LRU links in it
//   HandSieve   the same with SIEVE (Zhang et al., NSDI 2024) under a std::shared_mutex: a hit
//               locks shared and sets a bit
//
// Requires: at most as many entries for each shard as its part of the capacity; more evict early.
#pragma once

#include <time.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "tutti/detail/key_hash.hpp"

namespace bench {

constexpr std::size_t hand_shards = 64;

inline std::uint64_t scrambled(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

// As good a hash as Tutti's own, so that tables are compared and not hashes.
struct HandHash {
    using is_transparent = void;
    using is_avalanching = void;
    std::size_t operator()(std::uint64_t key) const { return scrambled(key); }
    std::size_t operator()(std::string_view key) const {
        return scrambled(tutti::KeyHash<std::string>{}(key));
    }
};

// What a key is looked up by.
inline std::uint64_t view_of(std::uint64_t key) { return key; }
inline std::string_view view_of(const std::string& key) { return key; }
template <class K>
using ViewOf = decltype(view_of(std::declval<const K&>()));

inline std::uint32_t coarse_milliseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<std::uint32_t>(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
}
inline bool is_over(std::uint32_t expires) {
    return static_cast<std::int32_t>(expires - coarse_milliseconds()) < 0;
}
constexpr std::uint32_t hand_ttl_ms = 3'600'000;

template <class K, class V>
class HandLru {
public:
    explicit HandLru(std::size_t capacity)
        : shards_(hand_shards), per_shard_((capacity + hand_shards - 1) / hand_shards) {}

    std::optional<V> get(ViewOf<K> key) {
        Shard& shard = shards_[HandHash{}(key) >> 58];
        const std::lock_guard lock(shard.mutex);
        const auto found = shard.index.find(key);
        if (found == shard.index.end() || is_over(found->second->expires)) return std::nullopt;
        shard.order.splice(shard.order.begin(), shard.order, found->second);
        return found->second->value;
    }
    void put(K key, const V& value) {
        Shard& shard = shards_[HandHash{}(view_of(key)) >> 58];
        const std::uint32_t expires = coarse_milliseconds() + hand_ttl_ms;
        const std::lock_guard lock(shard.mutex);
        if (const auto found = shard.index.find(view_of(key)); found != shard.index.end()) {
            found->second->value = value;
            found->second->expires = expires;
            shard.order.splice(shard.order.begin(), shard.order, found->second);
            return;
        }
        if (shard.order.size() >= per_shard_) {
            shard.index.erase(shard.order.back().key);
            shard.order.pop_back();
        }
        shard.order.push_front({std::move(key), value, expires});
        shard.index.emplace(shard.order.front().key, shard.order.begin());
    }

private:
    struct Record {
        K key;
        V value;
        std::uint32_t expires;
    };
    struct alignas(64) Shard {
        std::mutex mutex;
        std::list<Record> order;
        std::unordered_map<K, typename std::list<Record>::iterator, HandHash, std::equal_to<>>
            index;
    };
    std::vector<Shard> shards_;
    std::size_t per_shard_;
};

// What the two array-based ones share: records in an array, in a list by place.
constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

template <class K, class V, class Mutex>
struct alignas(64) HandShard {
    struct Record {
        K key;
        V value;
        std::uint32_t expires;
        std::uint32_t newer = nowhere;
        std::uint32_t older = nowhere;
        std::uint8_t visited = 0;
    };

    void reserve(std::size_t capacity) {
        index.reserve(capacity);
        records.reserve(capacity);
    }
    void unlink(std::uint32_t place) {
        const Record& record = records[place];
        (record.newer == nowhere ? newest : records[record.newer].older) = record.older;
        (record.older == nowhere ? oldest : records[record.older].newer) = record.newer;
    }
    void push(std::uint32_t place) {
        Record& record = records[place];
        record.newer = nowhere;
        record.older = newest;
        (newest == nowhere ? oldest : records[newest].newer) = place;
        newest = place;
    }
    // In the place of `victim`, or of nothing.
    void insert(K key, const V& value, std::uint32_t expires, std::uint32_t victim) {
        std::uint32_t place = victim;
        if (victim == nowhere) {
            place = static_cast<std::uint32_t>(records.size());
            records.push_back({std::move(key), value, expires});
        } else {
            unlink(victim);
            index.erase(records[victim].key);
            records[victim] = {std::move(key), value, expires};
        }
        push(place);
        index.emplace(records[place].key, place);
    }

    Mutex mutex;
    boost::unordered_flat_map<K, std::uint32_t, HandHash, std::equal_to<>> index;
    std::vector<Record> records;
    std::uint32_t newest = nowhere;
    std::uint32_t oldest = nowhere;
    std::uint32_t hand = nowhere;
};

template <class K, class V>
class HandFlat {
public:
    explicit HandFlat(std::size_t capacity)
        : shards_(hand_shards), per_shard_((capacity + hand_shards - 1) / hand_shards) {
        for (auto& shard : shards_) shard.reserve(per_shard_);
    }

    std::optional<V> get(ViewOf<K> key) {
        auto& shard = shards_[(HandHash{}(key) >> 8) % hand_shards];
        const std::lock_guard lock(shard.mutex);
        const auto found = shard.index.find(key);
        if (found == shard.index.end()) return std::nullopt;
        const std::uint32_t place = found->second;
        if (is_over(shard.records[place].expires)) return std::nullopt;
        touch(shard, place);
        return shard.records[place].value;
    }
    void put(K key, const V& value) {
        auto& shard = shards_[(HandHash{}(view_of(key)) >> 8) % hand_shards];
        const std::uint32_t expires = coarse_milliseconds() + hand_ttl_ms;
        const std::lock_guard lock(shard.mutex);
        if (const auto found = shard.index.find(view_of(key)); found != shard.index.end()) {
            auto& record = shard.records[found->second];
            record.value = value;
            record.expires = expires;
            return touch(shard, found->second);
        }
        const bool full = shard.records.size() >= per_shard_;
        shard.insert(std::move(key), value, expires, full ? shard.oldest : nowhere);
    }

private:
    using Shard = HandShard<K, V, std::mutex>;
    static void touch(Shard& shard, std::uint32_t place) {
        if (shard.newest == place) return;
        shard.unlink(place);
        shard.push(place);
    }
    std::vector<Shard> shards_;
    std::size_t per_shard_;
};

template <class K, class V>
class HandSieve {
public:
    explicit HandSieve(std::size_t capacity)
        : shards_(hand_shards), per_shard_((capacity + hand_shards - 1) / hand_shards) {
        for (auto& shard : shards_) shard.reserve(per_shard_);
    }

    std::optional<V> get(ViewOf<K> key) {
        auto& shard = shards_[(HandHash{}(key) >> 8) % hand_shards];
        const std::shared_lock lock(shard.mutex);
        const auto found = shard.index.find(key);
        if (found == shard.index.end()) return std::nullopt;
        auto& record = shard.records[found->second];
        if (is_over(record.expires)) return std::nullopt;
        const std::atomic_ref<std::uint8_t> visited(record.visited);
        if (visited.load(std::memory_order_relaxed) == 0) {
            visited.store(1, std::memory_order_relaxed);
        }
        return record.value;
    }
    void put(K key, const V& value) {
        auto& shard = shards_[(HandHash{}(view_of(key)) >> 8) % hand_shards];
        const std::uint32_t expires = coarse_milliseconds() + hand_ttl_ms;
        const std::unique_lock lock(shard.mutex);
        if (const auto found = shard.index.find(view_of(key)); found != shard.index.end()) {
            auto& record = shard.records[found->second];
            record.value = value;
            record.expires = expires;
            record.visited = 1;
            return;
        }
        const bool full = shard.records.size() >= per_shard_;
        shard.insert(std::move(key), value, expires, full ? victim(shard) : nowhere);
    }

private:
    using Shard = HandShard<K, V, std::shared_mutex>;
    static std::uint32_t victim(Shard& shard) {
        std::uint32_t place = shard.hand == nowhere ? shard.oldest : shard.hand;
        while (shard.records[place].visited != 0) {
            shard.records[place].visited = 0;
            const std::uint32_t next = shard.records[place].newer;
            place = next == nowhere ? shard.oldest : next;
        }
        shard.hand = shard.records[place].newer;
        return place;
    }
    std::vector<Shard> shards_;
    std::size_t per_shard_;
};

}  // namespace bench
