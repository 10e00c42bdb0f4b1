// A walk over a memory cache: what it shows while others write.
#include <gmock/gmock.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "tutti/memory_cache.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Pair;

class ForEachTest : public ::testing::Test {
protected:
    using Cache = MemoryCache<std::string, std::string>;

    std::map<std::string, std::string> all() const {
        std::map<std::string, std::string> seen;
        cache_.for_each([&](const std::string& key, const std::string& value, Duration, Duration) {
            EXPECT_TRUE(seen.emplace(key, value).second) << key << " was shown twice";
        });
        return seen;
    }

    testing::ManualClock clock_;
    Cache cache_{{.ttl = 30s, .bound = entries(100'000), .clock = &clock_}};
};

TEST_F(ForEachTest, ShowsKeyValueAgeAndTimeLeft) {
    cache_.put("a key of more than twenty-three characters", "apple");
    clock_.advance(10s);
    Duration age{};
    Duration left{};

    cache_.for_each(
        [&](const std::string& key, const std::string& value, Duration was, Duration is) {
            EXPECT_EQ(key, "a key of more than twenty-three characters");
            EXPECT_EQ(value, "apple");
            age = was;
            left = is;
        });

    EXPECT_EQ(age, 10s);
    EXPECT_EQ(left, 20s);
}

TEST_F(ForEachTest, WhatNeverEndsHasAllTheTime) {
    cache_.put("a", "1", Ttl::never());

    cache_.for_each([](const std::string&, const std::string&, Duration, Duration left) {
        EXPECT_EQ(left, Duration::max());
    });
}

TEST_F(ForEachTest, TheDeadAreNotShownAndNotRemoved) {
    cache_.put("short", "1", 1s);
    cache_.put("long", "2");
    clock_.advance(2s);

    EXPECT_THAT(all(), ElementsAre(Pair("long", "2")));
    EXPECT_EQ(cache_.size(), 2U);
}

TEST_F(ForEachTest, EachOfManyIsShownOnce) {
    constexpr std::size_t many = 5000;
    for (std::size_t i = 0; i < many; ++i) cache_.put(std::to_string(i), "x");

    EXPECT_EQ(all().size(), many);
}

TEST_F(ForEachTest, TheCacheMayBeChangedWithin) {
    cache_.put("a", "1");
    cache_.put("b", "2");

    cache_.for_each([&](const std::string& key, const std::string&, Duration, Duration) {
        cache_.put(key, "changed");
    });

    EXPECT_THAT(all(), ElementsAre(Pair("a", "changed"), Pair("b", "changed")));
}

}  // namespace
}  // namespace tutti
