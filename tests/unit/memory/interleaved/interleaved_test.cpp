// Interleavings of few operations on few keys, one seed after the other: each history has to be
// explained by an order. TUTTI_SEED is the first (1), TUTTI_SCHEDULES how many there are (2,000);
// what fails names its seed.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tutti/memory_cache.hpp"
#include "unit/memory/history.hpp"
#include "unit/memory/inspector.hpp"
#include "unit/memory/interleaved/schedule.hpp"

namespace tutti::detail {

void interleave() noexcept { testing::Schedule::change(); }

}  // namespace tutti::detail

namespace tutti {
namespace {

using namespace std::chrono_literals;
using testing::History;
using testing::MemoryCacheInspector;
using testing::Schedule;

struct Pair {
    explicit Pair(std::uint64_t n) : one(n), other(~n) {}
    [[nodiscard]] std::uint64_t number() const { return one == ~other ? one : 0; }
    std::uint64_t one;
    std::uint64_t other;
};

// Kept by address, as it has a destructor; forgets its number there.
struct Mortal {
    explicit Mortal(std::uint64_t n) : number_(n) {}
    // Others go on between finding and copying.
    Mortal(const Mortal& other) : number_((detail::interleave(), other.number())) {}
    Mortal& operator=(const Mortal&) = delete;
    ~Mortal() { number_ = 0; }
    [[nodiscard]] std::uint64_t number() const { return number_; }

private:
    volatile std::uint64_t number_;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* const asked = std::getenv(variable);
    return asked == nullptr ? otherwise : std::strtoull(asked, nullptr, 10);
}

// As long as none of them found anything.
template <class Play>
void for_each_seed(Play play) {
    const std::uint64_t first = number_from("TUTTI_SEED", 1);
    const std::uint64_t count = number_from("TUTTI_SCHEDULES", 2000);
    for (std::uint64_t i = 0; i < count && !::testing::Test::HasFailure(); ++i) play(first + i);
}

template <class V>
void play(std::uint64_t seed, Eviction eviction) {
    constexpr std::size_t players = 3;
    constexpr std::uint64_t keys = 2;
    constexpr std::uint64_t others = 6;  // with these a bucket is about to be split
    MemoryCache<std::uint64_t, V> cache({.ttl = 1h, .bound = entries(64), .eviction = eviction});
    for (std::uint64_t key = 0; key < others; ++key) cache.put(100 + key, V(1));
    History history;
    std::vector<History::Log> logs(players, History::Log(history));
    std::vector<std::function<void()>> bodies;
    for (std::size_t player = 0; player < players; ++player) {
        bodies.emplace_back([&, player] {
            std::mt19937_64 random(seed * players + player);
            for (std::uint64_t i = 1; i <= 6; ++i) {
                auto& log = logs[player];
                const std::size_t key = random() % keys;
                const std::uint64_t value = i * players + player;
                const std::uint64_t begin = log.begin();
                const std::uint64_t choice = random() % 8;
                if (choice < 2) {
                    cache.put(key, V(value));
                    log.add(History::Kind::put, key, value, begin);
                } else if (choice == 2) {
                    cache.erase(key);
                    log.add(History::Kind::erase, key, 0, begin);
                } else if (choice == 3) {
                    cache.put(200 + value, V(1));
                } else {
                    const auto got = cache.get(key);
                    log.add(got ? History::Kind::found : History::Kind::found_nothing, key,
                            got ? got->number() : 0, begin);
                }
            }
        });
    }
    Schedule(seed).run(bodies);
    for (const auto& log : logs) history.take(log);
    ASSERT_EQ(history.contradiction(), "") << "seed " << seed;
    MemoryCacheInspector::validate(cache);
}

TEST(Interleaved, WordsAreExplainedByAnOrder) {
    for_each_seed([](std::uint64_t seed) { play<Pair>(seed, Eviction::adaptive); });
}
TEST(Interleaved, ValuesByAddressAreExplainedByAnOrderAndAlive) {
    for_each_seed([](std::uint64_t seed) { play<Mortal>(seed, Eviction::adaptive); });
}
TEST(Interleaved, AnExactOrderOfUseIsExplainedByAnOrder) {
    for_each_seed([](std::uint64_t seed) { play<Pair>(seed, Eviction::lru); });
}

// In each of them the counter was read and written without another in between.
TEST(Interleaved, UpdatesLoseNothing) {
    for_each_seed([](std::uint64_t seed) {
        MemoryCache<int, int> cache({.ttl = 1h, .bound = entries(8)});
        const auto count = [&] {
            for (int i = 0; i < 3; ++i) {
                cache.update(1, [](const int* live) { return live == nullptr ? 1 : *live + 1; });
            }
        };
        Schedule(seed).run({count, count, count});
        ASSERT_EQ(cache.get(1), 9) << "seed " << seed;
    });
}

// One more than there is room for comes in while others do.
TEST(Interleaved, TheBoundIsNeverExceeded) {
    for_each_seed([](std::uint64_t seed) {
        MemoryCache<int, int> cache({.ttl = 1h, .bound = entries(2)});
        std::size_t most = 0;
        const auto fill = [&](int first) {
            return [&, first] {
                for (int i = 0; i < 3; ++i) {
                    cache.put(first + i, i);
                    most = std::max(most, cache.weight());
                }
            };
        };
        Schedule(seed).run({fill(0), fill(10), fill(20)});
        ASSERT_LE(most, 2U) << "seed " << seed;
        MemoryCacheInspector::validate(cache);
    });
}

}  // namespace
}  // namespace tutti
