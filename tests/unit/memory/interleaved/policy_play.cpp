#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>

#include "tutti/memory_cache.hpp"
#include "unit/memory/interleaved/plays.hpp"

namespace tutti::testing {
namespace {

// As a cache in front of a source is used; the share of hits.
template <class KeyAt>
double share_of_hits(MemoryCache<std::uint64_t, int>& cache, int count, KeyAt key_at) {
    int hits = 0;
    for (int i = 0; i < count; ++i) {
        const std::uint64_t key = key_at(i);
        if (cache.get(key)) {
            ++hits;
        } else {
            cache.put(key, i);
        }
    }
    return static_cast<double>(hits) / count;
}

// Of one whose accesses are skewed, perhaps beside another who reads few keys, each again at once.
double share_of_a_victim(std::uint64_t seed, bool is_beside_another) {
    MemoryCache<std::uint64_t, int> cache({.ttl = Ttl::never(), .bound = entries(1000)});
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform;
    return share_of_hits(cache, 40'000, [&](int i) {
        const auto others = std::uint64_t(20'000 + i % 16);
        const auto other = [&](int) { return others; };
        if (is_beside_another) share_of_hits(cache, 3, other);
        return static_cast<std::uint64_t>(10'000 * std::pow(uniform(random), 4));
    });
}

}  // namespace

// Who leaves, without a schedule: each kind of access is served as well as the policy serves it.
void play_policy(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto fresh = [] {
        return MemoryCache<std::uint64_t, int>({.ttl = Ttl::never(), .bound = entries(100)});
    };
    auto loop = fresh();
    share_of_hits(loop, 5000, [](int i) { return std::uint64_t(i % 1000); });
    EXPECT_GT(share_of_hits(loop, 1000, [](int i) { return std::uint64_t(i % 1000); }), 0.06)
        << "a loop over more than fits";

    auto scan = fresh();
    share_of_hits(scan, 500, [](int i) { return std::uint64_t(i % 50); });
    share_of_hits(scan, 2000, [](int i) { return std::uint64_t(1000 + i); });
    EXPECT_GT(share_of_hits(scan, 50, [](int i) { return std::uint64_t(i % 50); }), 0.9)
        << "what is used often, after a scan";

    auto moved = fresh();
    share_of_hits(moved, 500, [](int i) { return std::uint64_t(i % 100); });
    share_of_hits(moved, 800, [](int i) { return std::uint64_t(500 + i % 80); });
    EXPECT_GT(share_of_hits(moved, 80, [](int i) { return std::uint64_t(500 + i % 80); }), 0.9)
        << "what is used now";

    // A tenth of the keys take nine tenths of the accesses.
    auto skewed = fresh();
    const auto draw = [&](int) {
        const std::uint64_t key = random() % 90;
        return random() % 10 == 0 ? 1000 + random() % 1000 : key;
    };
    share_of_hits(skewed, 5000, draw);
    EXPECT_GT(share_of_hits(skewed, 5000, draw), 0.88) << "few keys that are used often";

    EXPECT_GT(share_of_a_victim(seed, true), share_of_a_victim(seed, false) - 0.01)
        << "beside a few keys that are read again at once";
}

}  // namespace tutti::testing
