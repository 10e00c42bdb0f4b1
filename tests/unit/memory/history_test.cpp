// Threads that write, erase and read the same keys: what they saw has to be explained by some order
// of it all, for every way in which keys and values are kept. TUTTI_STRESS_ROUNDS makes it longer,
// TUTTI_SEED is the first (1); which thread runs when is the system's.
#include "unit/memory/history.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tutti/memory_cache.hpp"
#include "unit/memory/inspector.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using testing::History;
using testing::MemoryCacheInspector;

// In place; a torn one shows.
struct Wide {
    explicit Wide(std::uint64_t number) : parts{number, ~number, number * 3, number} {}
    [[nodiscard]] std::uint64_t number() const {
        const bool whole =
            parts[1] == ~parts[0] && parts[2] == parts[0] * 3 && parts[3] == parts[0];
        return whole ? parts[0] : 0;
    }
    std::uint64_t parts[4];
};

// By address; a dead one shows, to AddressSanitizer at the latest.
struct Boxed {
    explicit Boxed(std::uint64_t number) : at(std::make_shared<std::uint64_t>(number)) {}
    [[nodiscard]] std::uint64_t number() const { return *at; }
    std::shared_ptr<const std::uint64_t> at;
};

template <class K>
K key_of(std::size_t number) {
    if constexpr (std::is_same_v<K, std::string>) {
        return std::string(number % 2 == 0 ? 40 : 5, 'k') +
               std::to_string(number);  // long and short
    } else {
        return K{number};
    }
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* const asked = std::getenv(variable);
    return asked == nullptr ? otherwise : std::strtoull(asked, nullptr, 10);
}

// Not comparable by its bits.
struct Id {
    std::size_t number;
    bool operator==(const Id&) const = default;
};
struct IdHash {
    std::size_t operator()(const Id& id) const { return id.number; }
};

template <class K, class V, class Hash = KeyHash<K>>
class Players {
public:
    explicit Players(Eviction eviction)
        : cache_({.ttl = 1h, .bound = entries(100'000), .eviction = eviction}) {}

    void play() {
        const std::uint64_t first = number_from("TUTTI_SEED", 1);
        const std::uint64_t rounds = number_from("TUTTI_STRESS_ROUNDS", 2);
        for (std::uint64_t round = first; round < first + rounds; ++round) {
            History history;
            play_round(history, round);
            ASSERT_EQ(history.contradiction(), "") << "round " << round;
            MemoryCacheInspector::validate(cache_);
            cache_.clear();
        }
    }

private:
    static constexpr std::size_t threads = 4;
    static constexpr std::size_t keys = 5;
    static constexpr std::uint64_t steps = 3000;

    void play_round(History& history, std::uint64_t round) {
        std::vector<History::Log> logs(threads, History::Log(history));
        {
            std::latch start(threads);
            std::vector<std::jthread> running;
            for (std::size_t t = 0; t < threads; ++t) {
                running.emplace_back([&, t] {
                    start.arrive_and_wait();
                    for (std::uint64_t i = 1; i <= steps; ++i) step(logs[t], t, i, round);
                });
            }
        }
        for (const auto& log : logs) history.take(log);
    }

    void step(History::Log& log, std::size_t thread, std::uint64_t i, std::uint64_t round) {
        std::uint64_t dice = (i * 0x9e3779b97f4a7c15 + thread * 77 + round) * 0xbf58476d1ce4e5b9;
        dice ^= dice >> 31;
        const std::size_t key = dice % keys;
        const std::uint64_t value = (i * threads + thread) * 2 + 1;
        const std::uint64_t begin = log.begin();
        switch (dice / keys % 16) {
        case 0:
        case 1:
            cache_.put(key_of<K>(key), V(value));
            return log.add(History::Kind::put, key, value, begin);
        case 2:
            cache_.update(key_of<K>(key), [&](const V*) { return std::optional<V>(V(value)); });
            return log.add(History::Kind::put, key, value, begin);
        case 3: cache_.erase(key_of<K>(key)); return log.add(History::Kind::erase, key, 0, begin);
        case 4:  // others come and go: buckets split, entries are used again
            cache_.put(key_of<K>(keys + dice / 128 % 5000), V(value));
            return;
        case 5: cache_.erase(key_of<K>(keys + dice / 128 % 5000)); return;
        default: {
            const auto got = cache_.get(key_of<K>(key));
            log.add(got ? History::Kind::found : History::Kind::found_nothing, key,
                    got ? got->number() : 0, begin);
        }
        }
    }

    MemoryCache<K, V, Hash> cache_;
};

TEST(MemoryCacheHistory, OfWordsIsExplainedByAnOrder) {
    Players<std::uint64_t, Wide>(Eviction::adaptive).play();
}
TEST(MemoryCacheHistory, OfTextAndAddressesIsExplainedByAnOrder) {
    Players<std::string, Boxed>(Eviction::adaptive).play();
}
TEST(MemoryCacheHistory, OfKeysThatCompareThemselvesIsExplainedByAnOrder) {
    Players<Id, Boxed, IdHash>(Eviction::adaptive).play();
}
TEST(MemoryCacheHistory, OfAnExactOrderOfUseIsExplainedByAnOrder) {
    Players<std::string, Wide>(Eviction::lru).play();
}

// The checker itself.
TEST(History, NoticesARemovalThatWasLost) {
    History history;
    History::Log log(history);
    const auto at = [&](History::Kind kind, std::uint64_t value) {
        log.add(kind, 0, value, log.begin());
    };
    at(History::Kind::put, 1);
    at(History::Kind::found, 1);
    at(History::Kind::erase, 0);
    at(History::Kind::found_nothing, 0);
    history.take(log);
    EXPECT_EQ(history.contradiction(), "");

    log.events.clear();
    at(History::Kind::found, 1);
    history.take(log);
    EXPECT_EQ(history.contradiction(), "key 0: 1 was read before and after it was gone");
}

TEST(History, NoticesAnAbsenceThatNoErasureExplains) {
    History history;
    History::Log log(history);
    const auto at = [&](History::Kind kind, std::uint64_t value) {
        log.add(kind, 0, value, log.begin());
    };
    at(History::Kind::found_nothing, 0);
    at(History::Kind::put, 1);
    at(History::Kind::erase, 0);
    at(History::Kind::found_nothing, 0);
    history.take(log);
    EXPECT_EQ(history.contradiction(), "");

    log.events.clear();
    at(History::Kind::put, 2);
    at(History::Kind::found_nothing, 0);
    at(History::Kind::put, 3);
    history.take(log);
    EXPECT_EQ(history.contradiction(), "key 0: 2 was put and not erased, and nothing found");
}

TEST(History, NoticesAnOldValueAfterANewOne) {
    History history;
    History::Log log(history);
    const auto at = [&](History::Kind kind, std::uint64_t value) {
        log.add(kind, 0, value, log.begin());
    };
    at(History::Kind::put, 1);
    at(History::Kind::put, 2);
    at(History::Kind::found, 2);
    at(History::Kind::found, 1);
    history.take(log);

    EXPECT_EQ(history.contradiction(), "key 0: 1 was read again after 2");
}

}  // namespace
}  // namespace tutti
