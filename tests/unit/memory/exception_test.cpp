// Whatever of the user's throws in the middle of an operation, the cache is as it was before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "tutti/memory_cache.hpp"
#include "unit/memory/inspector.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::MemoryCacheInspector;

struct Boom : std::runtime_error {
    Boom() : runtime_error("boom") {}
};

// Copying throws when told to; moving never does.
struct Brittle {
    explicit Brittle(int n) : number(n) {}
    Brittle(const Brittle& other) : number(other.number) {
        if (throws) throw Boom();
    }
    Brittle(Brittle&&) noexcept = default;

    int number;
    static inline bool throws = false;
};

struct MemoryCacheExceptionTest : ::testing::Test {
    MemoryCacheExceptionTest() {
        cache.put("a", Brittle(1));
        cache.put("b", Brittle(2));
    }
    void TearDown() override {
        Brittle::throws = false;
        weigher_throws = false;
        MemoryCacheInspector::validate(cache);
        EXPECT_THAT(MemoryCacheInspector::order(cache), ElementsAre("b", "a"));
        EXPECT_EQ(cache.get("a")->number, 1);
        EXPECT_EQ(cache.get("b")->number, 2);
    }

    bool weigher_throws = false;
    MemoryCache<std::string, Brittle> cache{{
        .ttl = 1min,
        .bound = bytes(2),
        .weigher = [this](const std::string&, const Brittle&) -> std::size_t {
            if (weigher_throws) throw Boom();
            return 1;
        },
        .eviction = Eviction::lru,
    }};
};

TEST_F(MemoryCacheExceptionTest, ACopyThatThrowsInGetDoesNotPromote) {
    Brittle::throws = true;

    EXPECT_THROW((void)cache.get("a"), Boom);
}

TEST_F(MemoryCacheExceptionTest, AWeigherThatThrowsInPutChangesNothing) {
    weigher_throws = true;

    EXPECT_THROW(cache.put("a", Brittle(10)), Boom);
    EXPECT_THROW(cache.put("c", Brittle(30)), Boom);
}

TEST_F(MemoryCacheExceptionTest, AWeigherThatThrowsInUpdateChangesNothing) {
    weigher_throws = true;

    EXPECT_THROW(cache.update("a", [](const Brittle*) { return Brittle(10); }), Boom);
}

TEST_F(MemoryCacheExceptionTest, AnUpdateThatThrowsChangesNothing) {
    EXPECT_THROW(cache.update("a", [](const Brittle*) -> Brittle { throw Boom(); }), Boom);
}

TEST_F(MemoryCacheExceptionTest, APredicateThatThrowsLeavesTheInvariantsIntact) {
    EXPECT_THROW(cache.erase_if([](const std::string&, const Brittle&) -> bool { throw Boom(); }),
                 Boom);
}

struct ThrowingHash {
    static inline bool throws = false;
    std::size_t operator()(int key) const {
        if (throws) throw Boom();
        return static_cast<std::size_t>(key);
    }
};

TEST(MemoryCacheException, AHashThatThrowsChangesNothingAndEvictionNeedsNoHash) {
    MemoryCache<int, int, ThrowingHash> cache(
        {.ttl = 1min, .bound = entries(2), .eviction = Eviction::lru});
    cache.put(1, 10);
    cache.put(2, 20);
    ThrowingHash::throws = true;

    EXPECT_THROW((void)cache.get(1), Boom);
    EXPECT_THROW(cache.put(3, 30), Boom);
    EXPECT_THROW(cache.erase(1), Boom);
    EXPECT_THROW(cache.update(1, [](const int*) { return 11; }), Boom);
    EXPECT_EQ(cache.erase_if([](int key, int) { return key == 1; }), 1U);

    ThrowingHash::throws = false;
    EXPECT_THAT(MemoryCacheInspector::order(cache), ElementsAre(2));
    MemoryCacheInspector::validate(cache);
}

}  // namespace
}  // namespace tutti
