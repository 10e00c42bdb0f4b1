#include "unit/memory/interleaved/plays.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tutti/detail/typed_memory.hpp"
#include "tutti/memory_cache.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/memory/history.hpp"
#include "unit/memory/inspector.hpp"
#include "unit/memory/interleaved/schedule.hpp"

namespace tutti::detail {

void interleave() noexcept { testing::Schedule::change(); }

}  // namespace tutti::detail

namespace tutti::testing {
namespace {

using namespace std::chrono_literals;

// In place; a torn one shows.
struct Pair {
    explicit Pair(std::uint64_t n) : one(n), other(~n) {}
    [[nodiscard]] std::uint64_t number() const { return one == ~other ? one : 0; }
    std::uint64_t one;
    std::uint64_t other;
};

// Kept by address, as it has a destructor. Whether one is alive is known without looking at it.
class Mortal {
public:
    explicit Mortal(std::uint64_t n) : number_(n) { alive.insert(this); }
    // Others go on between finding and copying.
    Mortal(const Mortal& other) : number_((detail::interleave(), other.number())) {
        alive.insert(this);
    }
    Mortal& operator=(const Mortal&) = delete;
    ~Mortal() { alive.erase(this); }
    // Zero of a dead one.
    [[nodiscard]] std::uint64_t number() const { return alive.contains(this) ? number_ : 0; }

    inline static std::set<const Mortal*> alive;

private:
    std::uint64_t number_;
};

template <class K>
K key_of(std::uint64_t number) {
    if constexpr (std::is_same_v<K, std::string>) {
        return std::string(30, 'k') + std::to_string(number);  // by address
    } else {
        return number;
    }
}

// With nothing running no value is alive that is not in the cache.
template <class V>
void expect_none_is_left(std::size_t size) {
    if constexpr (std::is_same_v<V, Mortal>) {
        ASSERT_EQ(Mortal::alive.size(), size) << "values that are not in the cache";
    }
}

// All keys have the same.
struct OneHash {
    std::size_t operator()(std::uint64_t) const noexcept { return 1; }
};

template <class K, class V, class Hash>
class Order {
public:
    Order(std::uint64_t seed, Eviction eviction) : seed_(seed), eviction_(eviction) {}

    void play() {
        for (std::uint64_t key = 0; key < others; ++key) cache_.put(key_of<K>(100 + key), V(1));
        std::vector<std::function<void()>> bodies;
        for (std::size_t player = 0; player < players; ++player) {
            bodies.emplace_back([this, player] {
                std::mt19937_64 random(seed_ * players + player);
                for (std::uint64_t i = 1; i <= 6; ++i) {
                    step(logs_[player], random, i * players + player);
                }
            });
        }
        ASSERT_TRUE(Schedule(seed_).run(bodies)) << "seed " << seed_;
        for (const auto& log : logs_) history_.take(log);
        ASSERT_EQ(history_.contradiction(), "") << "seed " << seed_;
        MemoryCacheInspector::validate(cache_);
        expect_none_is_left<V>(cache_.size());
    }

private:
    static constexpr std::size_t players = 3;
    static constexpr std::uint64_t keys = 2;
    static constexpr std::uint64_t others = 7;  // with these a bucket is about to be split

    void step(History::Log& log, std::mt19937_64& random, std::uint64_t value) {
        const std::size_t key = random() % keys;
        const std::uint64_t begin = log.begin();
        const auto found = [&](const std::optional<std::uint64_t>& number) {
            log.add(number ? History::Kind::found : History::Kind::found_nothing, key,
                    number.value_or(0), begin);
        };
        switch (random() % 9) {
        case 0:
        case 1:
            cache_.put(key_of<K>(key), V(value));
            return log.add(History::Kind::put, key, value, begin);
        case 2: cache_.erase(key_of<K>(key)); return log.add(History::Kind::erase, key, 0, begin);
        case 3: cache_.put(key_of<K>(200 + value), V(1)); return;
        case 4:  // with another read within it
            return found(cache_.read(key_of<K>(key), [&](const V& outer) {
                (void)cache_.get(key_of<K>(100));
                return outer.number();
            }));
        default: {
            const auto got = cache_.get(key_of<K>(key));
            found(got ? std::optional(got->number()) : std::nullopt);
        }
        }
    }

    const std::uint64_t seed_;
    const Eviction eviction_;
    MemoryCache<K, V, Hash> cache_{{.ttl = 1h, .bound = entries(64), .eviction = eviction_}};
    History history_;
    std::vector<History::Log> logs_{players, History::Log(history_)};
};

template <class K, class V, Eviction eviction = Eviction::adaptive, class Hash = KeyHash<K>>
void order(std::uint64_t seed) {
    Order<K, V, Hash>(seed, eviction).play();
}

// What is in the index is found, while buckets are split to make room for others.
template <class Hash>
void growth(std::uint64_t seed) {
    constexpr std::uint64_t there = 7;  // the next one splits the first bucket
    constexpr std::uint64_t more = 16;
    MemoryCache<std::uint64_t, Pair, Hash> cache({.ttl = 1h, .bound = entries(64)});
    for (std::uint64_t key = 0; key < there; ++key) cache.put(key, Pair(key + 1));
    const auto read = [&](std::uint64_t player) {
        return [&, player] {
            std::mt19937_64 random(seed * 2 + player);
            for (int i = 0; i < 20; ++i) {
                const std::uint64_t key = random() % there;
                const auto found = cache.get(key);
                ASSERT_TRUE(found) << "seed " << seed;
                ASSERT_EQ(found->number(), key + 1) << "seed " << seed;
            }
        };
    };
    const auto fill = [&] {
        for (std::uint64_t key = 0; key < more; ++key) cache.put(100 + key, Pair(1));
    };
    ASSERT_TRUE(Schedule(seed).run({read(0), fill, read(1)})) << "seed " << seed;
    for (std::uint64_t key = 0; key < more; ++key) ASSERT_TRUE(cache.get(100 + key));
    MemoryCacheInspector::validate(cache);
}

// In each of them the counter was read and written without another in between.
void updates(std::uint64_t seed) {
    MemoryCache<int, int> cache({.ttl = 1h, .bound = entries(8)});
    const auto count = [&] {
        for (int i = 0; i < 3; ++i) {
            cache.update(1, [](const int* live) { return live == nullptr ? 1 : *live + 1; });
        }
    };
    ASSERT_TRUE(Schedule(seed).run({count, count, count})) << "seed " << seed;
    ASSERT_EQ(cache.get(1), 9) << "seed " << seed;
}

// More than there is room for comes in at once.
void bound(std::uint64_t seed) {
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
    ASSERT_TRUE(Schedule(seed).run({fill(0), fill(10), fill(20)})) << "seed " << seed;
    ASSERT_LE(most, 2U) << "seed " << seed;
    ASSERT_EQ(cache.size(), 2U) << "seed " << seed;
    MemoryCacheInspector::validate(cache);
}

// Entries get heavier and lighter while others make room for them, in several shards.
void weights(std::uint64_t seed) {
    constexpr std::size_t limit = 1U << 20;
    MemoryCache<std::uint64_t, std::uint64_t> cache({
        .ttl = 1h,
        .bound = bytes(limit),
        .weigher = [](const auto&, const auto& value) { return value; },
    });
    std::size_t most = 0;
    const auto fill = [&](std::uint64_t player) {
        return [&, player] {
            std::mt19937_64 random(seed * 3 + player);
            for (int i = 0; i < 6; ++i) {
                const std::uint64_t key = random() % 6;
                const std::uint64_t weight = (1 + random() % 5) * (limit / 8);
                // What is put stays until another needs the room, and no other runs.
                ASSERT_TRUE(cache.put(key, weight));
                most = std::max(most, cache.weight());
            }
        };
    };
    ASSERT_TRUE(Schedule(seed).run({fill(0), fill(1), fill(2)})) << "seed " << seed;
    ASSERT_LE(most, limit) << "seed " << seed;
    MemoryCacheInspector::validate(cache);
    if (::testing::Test::HasFailure()) return;
    ASSERT_TRUE(cache.put(100, limit)) << "seed " << seed;
    ASSERT_EQ(cache.size(), 1U) << "seed " << seed;
}

// A walk sees once what is there all the while, and nothing that was erased before it.
void walks(std::uint64_t seed) {
    {
        MemoryCache<std::uint64_t, Mortal> cache({.ttl = 1h, .bound = entries(64)});
        for (std::uint64_t key = 0; key < 6; ++key) cache.put(key, Mortal(key + 1));
        cache.erase(5);
        const auto walk = [&] {
            std::map<std::uint64_t, int> seen;
            cache.for_each([&](std::uint64_t key, const Mortal& value, Duration, Duration) {
                ++seen[key];
                for (int i = 0; i < 8; ++i) detail::interleave();
                ASSERT_NE(value.number(), 0U) << "seed " << seed;
            });
            for (std::uint64_t key = 2; key < 5; ++key) ASSERT_EQ(seen[key], 1) << "seed " << seed;
            ASSERT_EQ(seen[5], 0) << "seed " << seed;
        };
        const auto change = [&] {
            for (std::uint64_t i = 0; i < 4; ++i) {
                cache.put(i % 2, Mortal(10 + i));
                cache.erase(i % 2);
                cache.put(10 + i, Mortal(1));
            }
        };
        // Of what changes meanwhile nothing else is taken out.
        const auto erase = [&] {
            cache.erase_if([](std::uint64_t, const Mortal& value) { return value.number() == 1; });
        };
        ASSERT_TRUE(Schedule(seed).run({walk, change, erase})) << "seed " << seed;
        for (std::uint64_t key = 2; key < 5; ++key) {
            ASSERT_TRUE(cache.contains(key)) << "seed " << seed;
        }
        MemoryCacheInspector::validate(cache);
        expect_none_is_left<Mortal>(cache.size());
    }
    expect_none_is_left<Mortal>(0);
}

// A value waits for the reads that may have found it, and for no others.
void readers(std::uint64_t seed) {
    MemoryCache<std::uint64_t, Mortal> cache({.ttl = 1h, .bound = entries(8)});
    for (std::uint64_t key = 0; key < 2; ++key) cache.put(key, Mortal(key + 1));
    bool before_reads = false;
    bool erased = false;
    bool after_reads = false;
    bool before_has_read = false;
    const auto wait_for = [](const bool& event) {
        while (!event) detail::interleave();
    };
    const auto before = [&] {
        (void)cache.read(0, [&](const Mortal& value) {
            before_reads = true;
            wait_for(after_reads);
            EXPECT_EQ(value.number(), 1U) << "seed " << seed;
            return true;
        });
        EXPECT_EQ(Mortal::alive.size(), 1U) << "seed " << seed;
        before_has_read = true;
    };
    const auto erase = [&] {
        wait_for(before_reads);
        cache.erase(0);
        erased = true;
    };
    const auto after = [&] {
        wait_for(erased);
        (void)cache.read(1, [&](const Mortal&) {
            after_reads = true;
            wait_for(before_has_read);
            return true;
        });
    };
    ASSERT_TRUE(Schedule(seed).run({before, erase, after})) << "seed " << seed;
}

// A read takes out the dead entry that it has found, and no younger one.
template <Eviction eviction>
void ends(std::uint64_t seed) {
    ManualClock clock;
    MemoryCache<int, int> cache(
        {.ttl = 1s, .bound = entries(8), .clock = &clock, .eviction = eviction});
    for (int key = 0; key < 4; ++key) cache.put(key, 1);
    clock.advance(2s);
    const auto read = [&] {
        for (int key = 0; key < 4; ++key) ASSERT_NE(cache.get(key), 1) << "seed " << seed;
    };
    const auto write = [&] {
        for (int key = 0; key < 4; ++key) cache.put(key, 2);
    };
    ASSERT_TRUE(Schedule(seed).run({read, write, read})) << "seed " << seed;
    for (int key = 0; key < 4; ++key) ASSERT_EQ(cache.get(key), 2) << "seed " << seed;
    MemoryCacheInspector::validate(cache);
}

// Hits of an exact order, while what they have found leaves.
void uses(std::uint64_t seed) {
    MemoryCache<int, int> cache({.ttl = 1h, .bound = entries(3), .eviction = Eviction::lru});
    for (int key = 0; key < 3; ++key) cache.put(key, key);
    const auto read = [&] {
        for (int i = 0; i < 6; ++i) (void)cache.get(i % 3);
    };
    const auto write = [&] {
        for (int i = 0; i < 3; ++i) {
            cache.erase(i);
            cache.put(10 + i, i);
        }
    };
    ASSERT_TRUE(Schedule(seed).run({read, write, read})) << "seed " << seed;
    MemoryCacheInspector::validate(cache);
}

// R2, as a handle reads. The applier has let the lease lapse when a version is `done` before it has
// removed the one before; otherwise it removes, then says so, then moves the lease.
template <class V>
class LeasePlay {
public:
    explicit LeasePlay(std::uint64_t seed) : seed_(seed) {
        load(1);
        renew();
        serving_->open();
    }

    void play() {
        const auto apply = [this] { this->apply(); };
        const auto read = [this] { this->read(); };
        ASSERT_TRUE(Schedule(seed_).run({apply, read, read})) << "seed " << seed_;
        ASSERT_EQ(memory_.hits(), hits_) << "seed " << seed_;
    }

private:
    static constexpr Duration lasts = 10ms;

    void renew() { lease_->extend(clock_.now(), clock_.now() + lasts); }
    void load(std::uint64_t version) {
        detail::RetiredList removed;
        memory_.put("7",
                    {.value = std::make_shared<const V>(version),
                     .answer = Answer::found,
                     .loaded = clock_.now(),
                     .fresh_until = clock_.now() + 1h},
                    removed);
    }
    void apply() {
        std::mt19937_64 random(seed_);
        for (std::uint64_t version = 2; version < 6; ++version) {
            if (random() % 2 == 0) {
                clock_.advance(lasts);
                done_ = version;
            }
            if (random() % 2 == 0) {
                memory_.drop();
                ASSERT_EQ(memory_.size(), 0U) << "seed " << seed_;
            } else {
                detail::RetiredList removed;
                memory_.erase("7", removed);
            }
            done_ = version;
            renew();
            const bool loads = random() % 4 != 0;
            if (loads) load(version);
            if (random() % 2 == 0) memory_.sweep();
            ASSERT_EQ(memory_.size(), loads ? 1U : 0U) << "seed " << seed_;
        }
    }
    void read() {
        for (int i = 0; i < 8; ++i) {
            const std::uint64_t owed = done_;
            Lookup<V> found;
            if (memory_.hit(7, detail::InsideLookup::of(found)) != detail::Hit::found) continue;
            ++hits_;
            ASSERT_TRUE(found.found());
            ASSERT_GE(found->number(), owed) << "seed " << seed_;
        }
    }

    const std::uint64_t seed_;
    ManualClock clock_;
    const std::shared_ptr<detail::Lease> lease_ = std::make_shared<detail::Lease>();
    const std::shared_ptr<detail::Serving> serving_ =
        std::make_shared<detail::Serving>(clock_, lease_);
    detail::TypedMemory<std::uint64_t, V> memory_{{.serving = serving_, .bound = entries(64)}};
    std::uint64_t done_ = 1;  // no read that begins now may yield less
    std::uint64_t hits_ = 0;
};

template <class V>
void lease(std::uint64_t seed) {
    LeasePlay<V>(seed).play();
}

}  // namespace

const Play plays[19] = {
    {"words", order<std::uint64_t, Pair>},
    {"addresses", order<std::uint64_t, Mortal>},
    {"text", order<std::string, Pair>},
    {"collisions", order<std::uint64_t, Pair, Eviction::adaptive, OneHash>},
    {"exact_order", order<std::uint64_t, Pair, Eviction::lru>},
    {"splits", growth<KeyHash<std::uint64_t>>},
    {"chains", growth<OneHash>},
    {"updates", updates},
    {"bound", bound},
    {"weights", weights},
    {"walks", walks},
    {"readers", readers},
    {"ends", ends<Eviction::adaptive>},
    {"ends_of_an_exact_order", ends<Eviction::lru>},
    {"uses", uses},
    {"policy", play_policy},
    {"turns", play_turns},
    {"lease_on_words", lease<Pair>},
    {"lease_on_addresses", lease<Mortal>},
};

const Play& play_called(std::string_view name) {
    const auto* const found = std::ranges::find(plays, name, &Play::name);
    if (found == std::end(plays))
        throw std::invalid_argument("no play is called " + std::string(name));
    return *found;
}

}  // namespace tutti::testing
