// The memory of a cache, which is dropped as a whole.
#include "load/cache_memory.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/testing/manual_clock.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

class Memory : public ::testing::Test {
protected:
    void put(const std::string& key, std::shared_ptr<const void> value = nullptr) {
        CacheMemory::Removed removed;
        memory_.put(key,
                    {.value = std::move(value),
                     .category = nullptr,
                     .answer = Answer::found,
                     .weight = 1,
                     .loaded = clock_.now(),
                     .fresh_until = clock_.now() + 1h},
                    1h, removed);
    }
    bool holds(std::string_view key) {
        CacheMemory::Removed removed;
        return memory_.find(key, clock_.now(), removed).has_value();
    }

    testing::ManualClock clock_;
    CacheMemory memory_{{.ttl = 1h, .bound = entries(2), .clock = &clock_}};
};

TEST_F(Memory, IsEmptyFromTheMomentItWasDropped) {
    put("a");
    put("b");

    const auto dropped = memory_.drop();

    EXPECT_FALSE(holds("a"));
    EXPECT_EQ(memory_.size(), 0U);
    EXPECT_EQ(dropped.size(), 2U);
}

TEST_F(Memory, TakesNewEntriesWhileTheDroppedOnesStillExist) {
    put("a");
    const auto dropped = memory_.drop();

    put("a");

    EXPECT_TRUE(holds("a"));
    EXPECT_EQ(memory_.size(), 1U);
}

// Or dropping a million of them would take the time of a million destructors.
TEST_F(Memory, DestroysNothingBeforeTheDroppedOnesEnd) {
    const auto value = std::make_shared<const int>(7);
    put("a", value);

    auto dropped = std::make_optional(memory_.drop());

    EXPECT_EQ(value.use_count(), 2);
    dropped.reset();
    EXPECT_EQ(value.use_count(), 1);
}

TEST_F(Memory, CountsEvictionsAcrossItsDrops) {
    for (const char* key : {"a", "b", "c"}) put(key);
    EXPECT_EQ(memory_.evictions(), 1U);

    {
        const auto dropped = memory_.drop();
    }
    EXPECT_EQ(memory_.evictions(), 1U);
    for (const char* key : {"a", "b", "c", "d"}) put(key);

    EXPECT_EQ(memory_.evictions(), 3U);
}

TEST_F(Memory, ThatIsDroppedWithinAReadEndsAfterIt) {
    const auto value = std::make_shared<const int>(7);
    put("a", value);
    {
        const detail::Pin reading(true);
        {
            const auto dropped = memory_.drop();
        }
        EXPECT_EQ(value.use_count(), 2);
    }

    EXPECT_EQ(value.use_count(), 1);
}

}  // namespace
}  // namespace tutti
