// A bound in bytes, as the weigher sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <limits>
#include <string>

#include "tutti/memory_cache.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/memory/inspector.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MemoryCacheInspector;

// Values weigh what they say.
struct MemoryCacheBytesTest : ::testing::Test {
    void TearDown() override { MemoryCacheInspector::validate(cache); }

    auto order() const { return MemoryCacheInspector::order(cache); }

    testing::ManualClock clock;
    MemoryCache<std::string, std::size_t> cache{{
        .ttl = 5s,
        .bound = bytes(10),
        .weigher = [](const std::string&, const std::size_t& value) { return value; },
        .clock = &clock,
        .eviction = Eviction::lru,
    }};
};

TEST_F(MemoryCacheBytesTest, FillsTheBoundExactly) {
    cache.put("a", 4);
    cache.put("b", 6);

    EXPECT_EQ(cache.weight(), 10U);
    EXPECT_EQ(cache.size(), 2U);
    EXPECT_EQ(cache.evictions(), 0U);
}

TEST_F(MemoryCacheBytesTest, EvictsTheLeastRecentlyUsedUntilTheNewOneFits) {
    cache.put("a", 3);
    cache.put("b", 3);
    cache.put("c", 3);

    cache.put("d", 6);

    EXPECT_THAT(order(), ElementsAre("d", "c"));
    EXPECT_EQ(cache.weight(), 9U);
    EXPECT_EQ(cache.evictions(), 2U);
}

TEST_F(MemoryCacheBytesTest, AValueOfTheWholeBoundTakesAllOfIt) {
    cache.put("a", 5);

    EXPECT_TRUE(cache.put("b", 10));

    EXPECT_THAT(order(), ElementsAre("b"));
}

TEST_F(MemoryCacheBytesTest, AValueHeavierThanTheBoundIsNotStoredAndEvictsNobody) {
    cache.put("a", 5);

    EXPECT_FALSE(cache.put("b", 11));

    EXPECT_THAT(order(), ElementsAre("a"));
    EXPECT_EQ(cache.evictions(), 0U);
}

TEST_F(MemoryCacheBytesTest, AValueHeavierThanTheBoundRemovesTheKeysOlderValue) {
    cache.put("a", 5);

    EXPECT_FALSE(cache.put("a", 11));

    EXPECT_THAT(order(), IsEmpty());
    EXPECT_EQ(cache.weight(), 0U);
}

TEST_F(MemoryCacheBytesTest, AnUpdateHeavierThanTheBoundRemovesTheKeysOlderValue) {
    cache.put("a", 5);

    EXPECT_FALSE(cache.update("a", [](const std::size_t* live) { return *live + 6; }));

    EXPECT_THAT(order(), IsEmpty());
}

TEST_F(MemoryCacheBytesTest, OverwritingChangesTheWeight) {
    cache.put("a", 8);
    cache.put("a", 2);
    EXPECT_EQ(cache.weight(), 2U);

    cache.put("b", 8);
    cache.put("a", 2);  // of equal weight: evicts nobody

    EXPECT_THAT(order(), ElementsAre("a", "b"));
    EXPECT_EQ(cache.weight(), 10U);
}

TEST_F(MemoryCacheBytesTest, OverwritingWithAHeavierValueEvictsOthersNotItself) {
    cache.put("a", 2);
    cache.put("b", 4);
    cache.put("c", 4);

    EXPECT_TRUE(cache.put("a", 6));

    EXPECT_THAT(order(), ElementsAre("a", "c"));
    EXPECT_EQ(cache.weight(), 10U);
}

TEST_F(MemoryCacheBytesTest, AnExpiredEntryWeighsUntilItIsTouched) {
    cache.put("a", 7);
    clock.advance(6s);
    EXPECT_EQ(cache.weight(), 7U);

    EXPECT_FALSE(cache.get("a"));

    EXPECT_EQ(cache.weight(), 0U);
}

TEST_F(MemoryCacheBytesTest, AnEntryThatWeighsNothingCountsAsOne) {
    for (int i = 0; i < 100; ++i) cache.put(std::to_string(i), 0);

    EXPECT_EQ(cache.size(), 10U);
    EXPECT_EQ(cache.weight(), 10U);
}

TEST(MemoryCacheBytes, WeightsNearTheLimitOfTheTypeDoNotOverflow) {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    MemoryCache<int, std::size_t> cache({
        .ttl = 1min,
        .bound = bytes(most),
        .weigher = [](const int&, const std::size_t& value) { return value; },
        .eviction = Eviction::lru,
    });
    cache.put(1, most - 1);

    EXPECT_TRUE(cache.put(2, most - 1));
    EXPECT_TRUE(cache.put(3, 1));

    EXPECT_THAT(MemoryCacheInspector::order(cache), ElementsAre(3, 2));
    MemoryCacheInspector::validate(cache);
}

}  // namespace
}  // namespace tutti
