// What instructions.py counts: one work on a memory cache, with keys in a fixed order.
//
//   tools_instructions read|write|load small|large
//
// 4,096 entries. `read` hits, `write` overwrites, `load` puts a new key in the place of another.
// `small`: 8 + 8 bytes; `large`: 20 characters and 100 bytes.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tutti/memory_cache.hpp"

namespace {

constexpr std::uint64_t capacity = 4096;
constexpr std::uint64_t operations = 20'000;
using Large = std::array<char, 100>;

template <class K>
K key_of(std::uint64_t number) {
    if constexpr (std::is_same_v<K, std::string>) {
        return std::to_string(10'000'000'000'000'000'000U + number);
    } else {
        return number;
    }
}

template <class K, class V>
using Cache = tutti::MemoryCache<K, V>;

// These are counted.
template <class K, class V>
[[gnu::noinline]] std::size_t count_get(Cache<K, V>& cache, const std::vector<K>& keys) {
    std::size_t hits = 0;
    for (const K& key : keys) hits += cache.get(key).has_value();
    return hits;
}
template <class K, class V>
[[gnu::noinline]] std::size_t count_put(Cache<K, V>& cache, std::vector<K>& keys) {
    std::size_t stored = 0;
    for (K& key : keys) stored += cache.put(std::move(key), V{});
    return stored;
}

template <class K, class V>
bool work(std::string_view what) {
    Cache<K, V> cache({.ttl = std::chrono::hours(1), .bound = tutti::entries(capacity)});
    std::vector<K> keys;
    keys.reserve(operations);
    for (std::uint64_t i = 0; i < operations; ++i) {
        keys.push_back(key_of<K>(what == "load" ? capacity + i : i * 7 % capacity));
    }
    for (std::uint64_t i = 0; i < capacity; ++i) cache.put(key_of<K>(i), V{});
    return (what == "read" ? count_get(cache, keys) : count_put(cache, keys)) == operations;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const bool large = std::string_view(argv[2]) == "large";
    const bool done =
        large ? work<std::string, Large>(argv[1]) : work<std::uint64_t, std::uint64_t>(argv[1]);
    return done ? 0 : 1;
}
