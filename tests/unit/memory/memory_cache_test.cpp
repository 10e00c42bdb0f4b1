// What an entry of a memory tier lives through, with a bound in entries.
#include "tutti/memory_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tutti/testing/manual_clock.hpp"
#include "unit/memory/inspector.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::MemoryCacheInspector;

struct MemoryCacheTest : ::testing::Test {
    void TearDown() override { MemoryCacheInspector::validate(cache); }

    void fill() {
        cache.put("a", 1);
        cache.put("b", 2);
        cache.put("c", 3);
    }
    auto order() const { return MemoryCacheInspector::order(cache); }

    testing::ManualClock clock;
    MemoryCache<std::string, int> cache{
        {.ttl = 5s, .bound = entries(3), .clock = &clock, .eviction = Eviction::lru}};
};

TEST_F(MemoryCacheTest, IsEmptyAtFirst) {
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(cache.weight(), 0U);
    EXPECT_EQ(cache.evictions(), 0U);
    EXPECT_EQ(cache.get("a"), std::nullopt);
    EXPECT_FALSE(cache.contains("a"));
    EXPECT_FALSE(cache.erase("a"));
    EXPECT_EQ(cache.sweep(), 0U);
}

TEST_F(MemoryCacheTest, ReturnsWhatWasPut) {
    EXPECT_TRUE(cache.put("a", 1));

    EXPECT_EQ(cache.get("a"), 1);
    EXPECT_TRUE(cache.contains("a"));
    EXPECT_EQ(cache.size(), 1U);
    EXPECT_EQ(cache.weight(), 1U);
}

TEST_F(MemoryCacheTest, TheEmptyStringIsAKey) {
    cache.put("", 1);

    EXPECT_EQ(cache.get(""), 1);
    EXPECT_EQ(cache.get("a"), std::nullopt);
}

TEST_F(MemoryCacheTest, AStringIsLookedUpByAViewIntoALongerText) {
    cache.put("channel", 1);
    const std::string_view path = "/channel/activate";

    EXPECT_EQ(cache.get(path.substr(1, 7)), 1);
    EXPECT_TRUE(cache.contains(path.substr(1, 7)));
    EXPECT_FALSE(cache.contains(path.substr(1, 8)));
    EXPECT_TRUE(cache.erase(path.substr(1, 7)));
}

TEST_F(MemoryCacheTest, IsAliveAtExactlyTheTtlAndDeadAfterIt) {
    cache.put("a", 1);

    clock.advance(5s);
    EXPECT_EQ(cache.get("a"), 1);
    EXPECT_TRUE(cache.contains("a"));

    clock.advance(1ns);
    EXPECT_FALSE(cache.contains("a"));
    EXPECT_EQ(cache.get("a"), std::nullopt);
}

TEST(MemoryCache, AValueNeedsNeitherAssignmentNorABeginningOfItsOwn) {
    struct Fixed {
        explicit Fixed(int given) : number(given) {}
        const int number;
    };
    MemoryCache<int, Fixed> fixed({.ttl = 5s, .bound = entries(3)});
    fixed.put(1, Fixed(7));

    EXPECT_EQ(fixed.get(1)->number, 7);
    EXPECT_EQ(fixed.find(1)->value.number, 7);
    EXPECT_FALSE(fixed.get(2).has_value());
}

// Trivially copyable, and all the same its assignment is the user's.
struct Deaf {
    explicit Deaf(int given) : number(given) {}
    template <class Other>
    Deaf& operator=(Other&&) {
        ++heard;
        return *this;
    }
    const int number;
    static inline int heard = 0;
};
static_assert(std::is_trivially_copyable_v<Deaf> && std::is_assignable_v<Deaf&, Deaf>);

TEST(MemoryCache, NeverAssignsToWhatItAnswers) {
    MemoryCache<int, Deaf> deaf({.ttl = 5s, .bound = entries(3)});
    deaf.put(1, Deaf(7));

    EXPECT_EQ(deaf.get(1)->number, 7);
    EXPECT_EQ(Deaf::heard, 0);
}

template <std::size_t Size>
struct Bytes {
    std::array<unsigned char, Size> all;
};
struct alignas(64) Aligned {
    std::array<int, 3> all;
};
struct Beginning {
    int first = 1;
    std::array<short, 9> all{};
};

TEST(MemoryCache, AValueOfAnySizeIsAnsweredAsItWasPut) {
    const auto comes_back = [](auto value) {
        MemoryCache<int, decltype(value)> cache({.ttl = 5s, .bound = entries(3)});
        for (std::size_t i = 0; i < value.all.size(); ++i)
            value.all[i] = static_cast<unsigned char>(i + 1);
        cache.put(1, value);
        EXPECT_EQ(cache.get(1)->all, value.all) << sizeof value;
        EXPECT_FALSE(cache.get(2));
    };
    comes_back(Bytes<1>{});
    comes_back(Bytes<7>{});
    comes_back(Bytes<9>{});
    comes_back(Bytes<100>{});
    comes_back(Bytes<127>{});
    comes_back(Bytes<128>{});
    comes_back(Bytes<129>{});
    comes_back(Aligned{});
    comes_back(Beginning{});
}

TEST_F(MemoryCacheTest, FindTellsTheAge) {
    cache.put("a", 1);
    clock.advance(3s);

    const auto found = cache.find("a");

    ASSERT_TRUE(found);
    EXPECT_EQ(found->value, 1);
    EXPECT_EQ(found->age, 3s);
}

TEST_F(MemoryCacheTest, GetDoesNotProlongLife) {
    cache.put("a", 1);
    clock.advance(3s);
    ASSERT_TRUE(cache.get("a"));

    clock.advance(3s);

    EXPECT_EQ(cache.get("a"), std::nullopt);
}

TEST_F(MemoryCacheTest, GetRemovesWhatHasExpired) {
    cache.put("a", 1);
    clock.advance(6s);
    EXPECT_EQ(cache.size(), 1U);  // counted until it is touched

    EXPECT_EQ(cache.get("a"), std::nullopt);

    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(cache.weight(), 0U);
}

TEST_F(MemoryCacheTest, ContainsNeitherRemovesNorPromotes) {
    fill();
    EXPECT_TRUE(cache.contains("a"));
    EXPECT_THAT(order(), ElementsAre("c", "b", "a"));

    clock.advance(6s);

    EXPECT_FALSE(cache.contains("a"));
    EXPECT_EQ(cache.size(), 3U);
}

TEST_F(MemoryCacheTest, InsertionIntoAFullCacheEvictsTheLeastRecentlyUsed) {
    fill();

    cache.put("d", 4);

    EXPECT_THAT(order(), ElementsAre("d", "c", "b"));
    EXPECT_EQ(cache.evictions(), 1U);
}

TEST_F(MemoryCacheTest, GetSavesAnEntryFromEviction) {
    fill();
    ASSERT_EQ(cache.get("a"), 1);

    cache.put("d", 4);

    EXPECT_THAT(order(), ElementsAre("d", "a", "c"));
}

TEST_F(MemoryCacheTest, EvictsTheLeastRecentlyUsedEvenWhenAnotherHasExpired) {
    cache.put("a", 1, 1h);
    cache.put("b", 2, 1s);
    cache.put("c", 3, 1h);
    clock.advance(2s);

    cache.put("d", 4);

    EXPECT_THAT(order(), ElementsAre("d", "c", "b"));
}

TEST_F(MemoryCacheTest, OverwritingAtTheBoundPromotesAndEvictsNobody) {
    fill();

    EXPECT_TRUE(cache.put("a", 10));

    EXPECT_THAT(order(), ElementsAre("a", "c", "b"));
    EXPECT_EQ(cache.get("a"), 10);
    EXPECT_EQ(cache.evictions(), 0U);
}

TEST_F(MemoryCacheTest, OverwritingRestartsTheAgeEvenWithAnEqualValue) {
    cache.put("a", 1);
    clock.advance(4s);
    cache.put("a", 1);

    clock.advance(5s);
    EXPECT_EQ(cache.get("a"), 1);

    clock.advance(1ns);
    EXPECT_EQ(cache.get("a"), std::nullopt);
}

TEST_F(MemoryCacheTest, OverwritingAnExpiredEntryRevivesItsKey) {
    cache.put("a", 1);
    clock.advance(6s);

    cache.put("a", 2);

    EXPECT_EQ(cache.get("a"), 2);
    EXPECT_EQ(cache.size(), 1U);
}

TEST_F(MemoryCacheTest, AnEntryMayHaveATtlOfItsOwn) {
    cache.put("short", 1, 1ms);
    cache.put("never", 2, Ttl::never());

    clock.advance(1ms);
    EXPECT_TRUE(cache.contains("short"));
    clock.advance(1ns);
    EXPECT_FALSE(cache.contains("short"));

    clock.advance(std::chrono::years{100});
    EXPECT_EQ(cache.get("never"), 2);
}

TEST_F(MemoryCacheTest, OverwritingReplacesTheTtlToo) {
    cache.put("a", 1, Ttl::never());
    cache.put("a", 2);

    clock.advance(6s);

    EXPECT_EQ(cache.get("a"), std::nullopt);
}

TEST_F(MemoryCacheTest, AnUpdateMayHaveATtlOfItsOwn) {
    const auto one = [](const int*) { return 1; };
    cache.update("short", one, 1ms);
    cache.update("never", one, Ttl::never());
    cache.put("usual again", 2, Ttl::never());
    cache.update("usual again", one);

    clock.advance(1ms + 1ns);
    EXPECT_FALSE(cache.contains("short"));
    EXPECT_TRUE(cache.contains("usual again"));

    clock.advance(6s);
    EXPECT_EQ(cache.get("never"), 1);
    EXPECT_FALSE(cache.contains("usual again"));
}

TEST_F(MemoryCacheTest, ATtlOfZeroIsRefusedAndChangesNothing) {
    cache.put("a", 1);

    EXPECT_THROW(cache.put("a", 2, 0s), std::invalid_argument);
    EXPECT_THROW(cache.update("a", [](const int*) { return 2; }, 0s), std::invalid_argument);
    EXPECT_THROW(cache.put("b", 2, -1s), std::invalid_argument);

    EXPECT_EQ(cache.get("a"), 1);
    EXPECT_EQ(cache.size(), 1U);
}

TEST_F(MemoryCacheTest, EraseIsTrueWhenThereWasARecordEvenAnExpiredOne) {
    fill();
    EXPECT_TRUE(cache.erase("b"));
    EXPECT_FALSE(cache.erase("b"));
    EXPECT_THAT(order(), ElementsAre("c", "a"));

    clock.advance(6s);

    EXPECT_TRUE(cache.erase("a"));
    EXPECT_EQ(cache.size(), 1U);
}

TEST_F(MemoryCacheTest, ClearForgetsEverythingAndTheCacheGoesOn) {
    fill();

    cache.clear();

    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(cache.weight(), 0U);
    EXPECT_FALSE(cache.contains("a"));
    cache.put("a", 5);
    EXPECT_EQ(cache.get("a"), 5);
}

TEST_F(MemoryCacheTest, SweepRemovesExactlyWhatHasExpired) {
    cache.put("a", 1, 1s);
    cache.put("b", 2, 2s);
    cache.put("c", 3, 1s);
    clock.advance(1s);
    EXPECT_EQ(cache.sweep(), 0U);  // alive at exactly the TTL

    clock.advance(1ns);

    EXPECT_EQ(cache.sweep(), 2U);
    EXPECT_EQ(cache.expirations(), 2U);
    EXPECT_THAT(order(), ElementsAre("b"));
}

TEST_F(MemoryCacheTest, EraseIfRemovesWhatThePredicateChooses) {
    cache.put("user:1", 1);
    cache.put("user:2", 2);
    cache.put("persona:1", 3);

    const auto removed =
        cache.erase_if([](const std::string& key, const int&) { return key.starts_with("user:"); });

    EXPECT_EQ(removed, 2U);
    EXPECT_THAT(order(), ElementsAre("persona:1"));
}

TEST_F(MemoryCacheTest, UpdateInsertsWhatWasAbsent) {
    const int before = 0;
    const int* seen = &before;

    const bool put = cache.update("a", [&](const int* live) {
        seen = live;
        return std::optional(1);
    });

    EXPECT_TRUE(put);
    EXPECT_EQ(seen, nullptr);
    EXPECT_EQ(cache.get("a"), 1);
}

TEST_F(MemoryCacheTest, UpdateReplacesPromotesAndRestartsTheAge) {
    fill();
    clock.advance(4s);

    EXPECT_TRUE(cache.update("a", [](const int* live) { return std::optional(*live + 10); }));

    EXPECT_THAT(order(), ElementsAre("a", "c", "b"));
    clock.advance(5s);
    EXPECT_EQ(cache.get("a"), 11);
}

TEST_F(MemoryCacheTest, UpdateThatDeclinesChangesNeitherAgeNorOrder) {
    fill();
    clock.advance(4s);

    EXPECT_FALSE(cache.update("a", [](const int*) { return std::nullopt; }));

    EXPECT_THAT(order(), ElementsAre("c", "b", "a"));
    EXPECT_EQ(cache.find("a")->age, 4s);
}

TEST_F(MemoryCacheTest, FindJudgesByTheTimeThatItIsGiven) {
    const TimePoint before = clock.now();
    clock.advance(1s);
    cache.put("a", 1);
    const TimePoint put = clock.now();

    EXPECT_EQ(cache.find("a", before)->age, 0s);
    EXPECT_EQ(cache.find("a", put + 5s)->age, 5s);
    EXPECT_FALSE(cache.find("a", put + 5s + 1ns));
}

TEST_F(MemoryCacheTest, UpdateSeesNothingOfAnExpiredEntry) {
    cache.put("a", 1);
    clock.advance(6s);

    EXPECT_FALSE(
        cache.update("a", [](const int* live) { return live ? std::optional(2) : std::nullopt; }));
    EXPECT_EQ(cache.size(), 1U);  // declined: everything as it was

    EXPECT_TRUE(
        cache.update("a", [](const int* live) { return live ? std::nullopt : std::optional(3); }));
    EXPECT_EQ(cache.get("a"), 3);
}

TEST_F(MemoryCacheTest, UpdateEvictsLikeAnyInsertion) {
    fill();

    cache.update("d", [](const int*) { return std::optional(4); });

    EXPECT_THAT(order(), ElementsAre("d", "c", "b"));
}

TEST(MemoryCache, ARefusedCooldownDoesNotExtendTheWindow) {
    testing::ManualClock clock;
    MemoryCache<std::string, bool> notified({.ttl = 1h, .bound = entries(10), .clock = &clock});
    const auto allowed = [&] {
        return notified.update("channel:user", [](const bool* live) {
            return live ? std::nullopt : std::optional(true);
        });
    };
    EXPECT_TRUE(allowed());

    clock.advance(30min);
    EXPECT_FALSE(allowed());
    clock.advance(30min + 1ns);

    EXPECT_TRUE(allowed());
}

TEST(MemoryCache, ABoundOfOneHoldsTheLatest) {
    MemoryCache<int, int> cache({.ttl = 1min, .bound = entries(1)});
    for (int i = 0; i < 10; ++i) cache.put(i, i);

    EXPECT_EQ(cache.size(), 1U);
    EXPECT_EQ(cache.get(9), 9);
    EXPECT_EQ(cache.evictions(), 9U);
}

TEST(MemoryCache, AThousandInsertionsLeaveTheLastHundred) {
    MemoryCache<int, int> cache({.ttl = 1min, .bound = entries(100), .eviction = Eviction::lru});
    for (int i = 0; i < 1000; ++i) cache.put(i, i);

    EXPECT_EQ(cache.size(), 100U);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(cache.contains(i), i >= 900) << i;
    MemoryCacheInspector::validate(cache);
}

// Equal keys that are spelled differently, and every key in one bucket.
struct AnyCase {
    static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
    bool operator()(const std::string& a, const std::string& b) const {
        return std::ranges::equal(a, b, {}, lower, lower);
    }
};
struct OneBucket {
    std::size_t operator()(const std::string&) const { return 42; }
};

TEST(MemoryCache, TakesAHashAndAnEqualityOfTheUser) {
    MemoryCache<std::string, int, OneBucket, AnyCase> cache(
        {.ttl = 1min, .bound = entries(2), .eviction = Eviction::lru});
    cache.put("Alice", 1);
    cache.put("bob", 2);

    cache.put("ALICE", 3);

    EXPECT_EQ(cache.get("alice"), 3);
    EXPECT_EQ(cache.get("BOB"), 2);
    EXPECT_THAT(MemoryCacheInspector::order(cache), ElementsAre("bob", "ALICE"));
    MemoryCacheInspector::validate(cache);
}

TEST(MemoryCache, HoldsValuesThatCannotBeAssignedOrMoved) {
    struct Fixed {
        const int number;
    };
    MemoryCache<int, Fixed> cache({.ttl = 1min, .bound = entries(2), .eviction = Eviction::lru});
    cache.put(1, Fixed{10});

    cache.put(1, Fixed{20});

    EXPECT_EQ(cache.get(1)->number, 20);
}

TEST(MemoryCache, TakesKeysThatCannotBeCopied) {
    struct Key {
        std::unique_ptr<int> id;
        bool operator==(const Key& other) const { return *id == *other.id; }
    };
    struct Hash {
        std::size_t operator()(const Key& key) const { return static_cast<std::size_t>(*key.id); }
    };
    MemoryCache<Key, int, Hash> cache(
        {.ttl = 1min, .bound = entries(2), .eviction = Eviction::lru});

    cache.put({std::make_unique<int>(7)}, 70);

    EXPECT_EQ(cache.get({std::make_unique<int>(7)}), 70);
    EXPECT_EQ(cache.get({std::make_unique<int>(8)}), std::nullopt);
}

// A value that notices where it is destroyed.
class Mourner {
public:
    explicit Mourner(std::function<void()> at_end)
        : end_(new int{}, [at_end = std::move(at_end)](const int* p) {
              delete p;
              at_end();
          }) {}

private:
    std::shared_ptr<int> end_;
};

TEST(MemoryCache, DestroysValuesOutsideTheLock) {
    testing::ManualClock clock;
    MemoryCache<int, Mourner> cache(
        {.ttl = 5s, .bound = entries(2), .clock = &clock, .eviction = Eviction::lru});
    std::vector<bool> ends;
    const auto put = [&](int key) {
        cache.put(key, Mourner([&] { ends.push_back(MemoryCacheInspector::locked(cache)); }));
    };
    const auto ended = [&] { return std::exchange(ends, {}); };

    put(1);
    put(1);
    EXPECT_THAT(ended(), ElementsAre(false)) << "overwritten";
    put(2);
    put(3);
    EXPECT_THAT(ended(), ElementsAre(false)) << "evicted";
    cache.erase(2);
    EXPECT_THAT(ended(), ElementsAre(false)) << "erased";
    clock.advance(6s);
    EXPECT_FALSE(cache.get(3));
    EXPECT_THAT(ended(), ElementsAre(false)) << "expired";
    put(1);
    clock.advance(6s);
    cache.sweep();
    EXPECT_THAT(ended(), ElementsAre(false)) << "swept";
    put(1);
    put(2);
    cache.clear();
    EXPECT_THAT(ended(), ElementsAre(false, false)) << "cleared";
}

}  // namespace
}  // namespace tutti
