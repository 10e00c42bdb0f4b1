// When a value dies that was taken out while threads read: with the last read that may have found
// it, and no later.
#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tutti/memory_cache.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

using Value = std::shared_ptr<int>;
using PointerCache = MemoryCache<std::string, Value>;

// Is within a read of this cache until it is told to leave.
class Reader {
public:
    Reader(PointerCache& cache, std::string key)
        : thread_([this, &cache, key = std::move(key)] {
              const auto found = cache.read(key, [this](const Value& value) {
                  entered_.count_down();
                  leave_.wait();
                  return *value;
              });
              seen_ = found;
          }) {
        entered_.wait();
    }
    // What it had found.
    std::optional<int> leave() {
        leave_.count_down();
        thread_.join();
        return seen_;
    }

private:
    std::latch entered_{1};
    std::latch leave_{1};
    std::optional<int> seen_;
    std::jthread thread_;
};

class Reclaiming : public ::testing::Test {
protected:
    Value value(int number) {
        return {new int(number), [this](int* mine) {
                    {
                        const std::lock_guard lock(mutex_);
                        deaths_.push_back(*mine);
                    }
                    delete mine;
                }};
    }
    std::vector<int> deaths() {
        const std::lock_guard lock(mutex_);
        return deaths_;
    }

    std::mutex mutex_;
    std::vector<int> deaths_;
    PointerCache cache_{{.ttl = 1h, .bound = entries(100)}};
};

TEST_F(Reclaiming, WithoutAReadAValueDiesInTheCallThatTakesItOut) {
    cache_.put("a", value(1));

    cache_.erase("a");

    EXPECT_EQ(deaths(), (std::vector{1}));
}

TEST_F(Reclaiming, AReadKeepsWhatItFoundUntilItsEnd) {
    cache_.put("a", value(1));
    Reader reader(cache_, "a");

    cache_.erase("a");

    EXPECT_TRUE(deaths().empty());
    EXPECT_FALSE(cache_.get("a"));
    EXPECT_EQ(reader.leave(), 1);
    EXPECT_EQ(deaths(), (std::vector{1}));
}

TEST_F(Reclaiming, AReadThatBeganAfterARemovalHoldsNothingUp) {
    cache_.put("a", value(1));
    cache_.put("b", value(2));
    Reader before(cache_, "a");
    cache_.erase("a");
    Reader after(cache_, "b");

    before.leave();

    EXPECT_EQ(deaths(), (std::vector{1}));
    after.leave();
}

TEST_F(Reclaiming, EachValueWaitsForTheReadsThatMayHaveFoundIt) {
    for (const char* key : {"a", "b", "c"}) cache_.put(key, value(key[0] - 'a'));
    Reader first(cache_, "a");
    cache_.erase("a");
    Reader second(cache_, "b");
    cache_.erase("b");
    Reader third(cache_, "c");
    cache_.erase("c");

    second.leave();
    EXPECT_TRUE(deaths().empty()) << "the first may have found any";
    first.leave();
    EXPECT_EQ(deaths(), (std::vector{0, 1}));
    third.leave();
    EXPECT_EQ(deaths(), (std::vector{0, 1, 2}));
}

// A reader's code may hold a lock that the thread holds whose cache ends.
TEST_F(Reclaiming, ACacheThatEndsWaitsForNoReadOfAnother) {
    cache_.put("a", value(1));
    Reader reader(cache_, "a");
    {
        PointerCache other({.ttl = 1h, .bound = entries(100)});
        other.put("b", value(2));
        other.erase("b");
        other.put("c", value(3));
    }
    EXPECT_TRUE(deaths().empty());

    reader.leave();

    EXPECT_EQ(deaths(), (std::vector{2, 3}));
}

TEST_F(Reclaiming, AReadWithinAReadEndsWithTheOuterOne) {
    cache_.put("a", value(1));
    cache_.put("b", value(2));

    const auto seen = cache_.read("a", [&](const Value& outer) {
        cache_.erase("a");
        EXPECT_EQ(*cache_.get("b").value(), 2);
        EXPECT_TRUE(deaths().empty());
        return *outer;
    });

    EXPECT_EQ(seen, 1);
    EXPECT_EQ(deaths(), (std::vector{1}));
}

// It runs while the thread that took the value out is still in its call.
TEST_F(Reclaiming, ADestructorMayUseTheCacheAndEndAnother) {
    auto other =
        std::make_unique<PointerCache>(PointerCache::Options{.ttl = 1h, .bound = entries(100)});
    other->put("x", value(5));
    cache_.put("a", Value(new int(1), [&](int* mine) {
                   delete mine;
                   other.reset();
                   cache_.put("from the destructor", value(6));
               }));

    cache_.erase("a");

    EXPECT_EQ(deaths(), (std::vector{5}));
    EXPECT_TRUE(cache_.contains("from the destructor"));
}

}  // namespace
}  // namespace tutti
