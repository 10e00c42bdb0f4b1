// What leaves a memory tier is destroyed outside its lock, and outside one of the caller's that
// asks for it.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tutti/memory_cache.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/memory/inspector.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using testing::MemoryCacheInspector;

// Tells when its last copy is destroyed.
using Value = std::shared_ptr<int>;

class Removal : public ::testing::Test {
protected:
    using Cache = MemoryCache<std::string, Value>;

    Value value(int number) {
        return {new int(number), [this](int* mine) {
                    deaths_.push_back(*mine);
                    EXPECT_FALSE(MemoryCacheInspector::locked(cache_));
                    delete mine;
                }};
    }

    testing::ManualClock clock_;
    std::vector<int> deaths_;
    bool weigher_throws_ = false;
    Cache cache_{{.ttl = 1min,
                  .bound = bytes(2),
                  .weigher = [this](const std::string&, const Value& value) -> std::size_t {
                      if (weigher_throws_) throw std::runtime_error("weigher");
                      return *value < 0 ? 10 : 1;
                  },
                  .clock = &clock_,
                  .eviction = Eviction::lru}};
};

TEST_F(Removal, WhateverLeavesDiesOutsideTheLock) {
    cache_.put("replaced", value(1));
    cache_.put("replaced", value(2));
    cache_.put("evicts", value(3));
    cache_.put("too", value(4));
    EXPECT_EQ(deaths_, (std::vector{1, 2}));
    cache_.put("too heavy", value(-5));
    cache_.erase("too");
    EXPECT_EQ(deaths_, (std::vector{1, 2, -5, 4}));
    cache_.update("evicts", [this](const Value*) { return value(6); });
    cache_.update("evicts", [this](const Value*) { return std::optional(value(-7)); });
    EXPECT_EQ(deaths_, (std::vector{1, 2, -5, 4, 3, 6, -7}));
    cache_.put("a", value(8));
    clock_.advance(2min);
    EXPECT_FALSE(cache_.get("a"));
    EXPECT_EQ(deaths_.back(), 8);
    cache_.put("b", value(9));
    cache_.clear();
    EXPECT_EQ(deaths_.back(), 9);
}

TEST_F(Removal, ANewValueThatIsNotStoredDiesOutsideTheLockToo) {
    weigher_throws_ = true;

    EXPECT_THROW(cache_.put("a", value(1)), std::runtime_error);
    EXPECT_THROW(cache_.update("a", [this](const Value*) { return value(2); }), std::runtime_error);

    EXPECT_EQ(deaths_, (std::vector{1, 2}));
}

TEST_F(Removal, ACallerWithALockOfItsOwnKeepsWhatLeavesUntilAfterIt) {
    cache_.put("replaced", value(1));
    cache_.put("erased", value(2));
    {
        Cache::Removed removed;
        cache_.put("replaced", value(3), 1min, removed);
        cache_.put("evicts", value(4), 1min, removed);
        cache_.put("too heavy", value(-5), 1min, removed);
        cache_.erase("replaced", removed);
        clock_.advance(2min);
        EXPECT_FALSE(cache_.find("evicts", clock_.now(), removed));
        cache_.put("cleared", value(6));
        cache_.clear(removed);
        cache_.put("cleared again", value(7));
        cache_.clear(removed);
        EXPECT_TRUE(deaths_.empty());
        EXPECT_EQ(cache_.size(), 0U);
    }

    EXPECT_EQ(deaths_.size(), 7U);
    MemoryCacheInspector::validate(cache_);
}

}  // namespace
}  // namespace tutti
