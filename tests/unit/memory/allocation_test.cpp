// What a memory tier allocates, and what is left of an operation that runs out of memory. This
// executable's operator new counts, and fails when told to; ThreadSanitizer brings its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>
#include <string_view>

#include "tutti/memory_cache.hpp"
#include "unit/memory/inspector.hpp"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TUTTI_OWN_NEW 0
#endif
#elif defined(__SANITIZE_THREAD__)
#define TUTTI_OWN_NEW 0
#endif
#ifndef TUTTI_OWN_NEW
#define TUTTI_OWN_NEW 1
#endif

#if TUTTI_OWN_NEW
namespace {

// Of this thread, so that the test framework's other threads are left alone.
thread_local long allocations = 0;
thread_local long allocations_max = std::numeric_limits<long>::max();
thread_local std::size_t bytes_max = std::numeric_limits<std::size_t>::max();  // at once

void count_one(std::size_t size) {
    if (allocations >= allocations_max || size > bytes_max) throw std::bad_alloc();
    ++allocations;
}
void* allocate(std::size_t size) {
    count_one(size);
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void* allocate_aligned(std::size_t size, std::align_val_t alignment) {
    count_one(size);
    const auto to = static_cast<std::size_t>(alignment);
    if (void* memory = std::aligned_alloc(to, (size + to - 1) / to * to)) return memory;
    throw std::bad_alloc();
}

// How many allocations `operation` makes; more than `max` throw.
template <class F>
long count_allocations(F operation, long max = std::numeric_limits<long>::max()) {
    struct Restore {
        ~Restore() { allocations_max = std::numeric_limits<long>::max(); }
    } restore;
    allocations = 0;
    allocations_max = max;
    operation();
    return allocations;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate_aligned(size, alignment);
}
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::MemoryCacheInspector;

// Runs `operation` with memory for no allocation, then for one, and so on until it gets through;
// says how often it failed. `unchanged` looks at what each failure left.
template <class F, class Check>
long starve(F operation, Check unchanged) {
    for (long failures = 0;; ++failures) {
        try {
            count_allocations(operation, failures);
            return failures;
        } catch (const std::bad_alloc&) {
            unchanged();
        }
    }
}

struct MemoryCacheAllocation : ::testing::Test {
    MemoryCacheAllocation() {
        cache.put(key, 1);
        cache.put("b", 2);
        // The first read of a long key takes the thread's place among the readers, by an
        // allocation.
        (void)cache.get(key);
        (void)cache.get("b");
    }
    void TearDown() override { MemoryCacheInspector::validate(cache); }

    auto order() const { return MemoryCacheInspector::order(cache); }

    const std::string key = std::string(100, 'k');  // too long to be kept without an allocation
    MemoryCache<std::string, int> cache{
        {.ttl = 1min, .bound = entries(2), .eviction = Eviction::lru}};
};

TEST_F(MemoryCacheAllocation, RunningOutOfMemoryInAnInsertionChangesNothing) {
    const auto failures = starve([&] { cache.put(std::string(100, 'n'), 3); },
                                 [&] { EXPECT_THAT(order(), ElementsAre("b", key)); });

    EXPECT_EQ(failures, 2) << "the key, and what keeps a long one";
    EXPECT_THAT(order(), ElementsAre(std::string(100, 'n'), "b"));
}

TEST_F(MemoryCacheAllocation, RunningOutOfMemoryInAnUpdateChangesNothing) {
    const auto add = [](const int* live) { return *live + 1; };
    const auto failures = starve([&] { cache.update(key, add); },
                                 [&] { EXPECT_THAT(order(), ElementsAre("b", key)); });

    EXPECT_EQ(failures, 2) << "the key, and what keeps a long one";
    EXPECT_EQ(cache.get(key), 2);
}

TEST_F(MemoryCacheAllocation, RunningOutOfMemoryInTheVeryFirstInsertionLeavesAnEmptyCache) {
    MemoryCache<int, int> empty({.ttl = 1min, .bound = entries(2), .eviction = Eviction::lru});

    starve([&] { empty.put(1, 1); }, [&] { EXPECT_EQ(empty.size(), 0U); });

    EXPECT_EQ(empty.get(1), 1);
    MemoryCacheInspector::validate(empty);
}

TEST_F(MemoryCacheAllocation, RunningOutOfMemoryInHugePagesLeavesAnEmptyCache) {
    MemoryCache<int, int> empty({.ttl = 1min, .bound = entries(2).in_huge_pages()});

    starve([&] { empty.put(1, 1); }, [&] { EXPECT_EQ(empty.size(), 0U); });

    EXPECT_EQ(empty.get(1), 1);
    MemoryCacheInspector::validate(empty);
}

TEST_F(MemoryCacheAllocation, WithoutAPieceForAllThatAreExpectedEntriesAreInSmallerOnes) {
    constexpr int limit = 100'000;
    constexpr int count = limit / 2;
    MemoryCache<int, int> cut_up({.ttl = 1min, .bound = entries(limit)});

    bytes_max = std::size_t{40} << 10;  // a part of those expected takes 56 KiB
    for (int i = 0; i < count; ++i) cut_up.put(i, -i);
    bytes_max = std::numeric_limits<std::size_t>::max();

    for (int i = 0; i < count; ++i) ASSERT_EQ(cut_up.get(i), -i);
    MemoryCacheInspector::validate(cut_up);
}

TEST_F(MemoryCacheAllocation, InHugePagesManyEntriesCostFewAllocations) {
    constexpr int count = 20'000;
    const auto fill = [](Bound bound) {
        return count_allocations([&] {
            MemoryCache<int, int> filled({.ttl = 1min, .bound = bound});
            for (int i = 0; i < count; ++i) filled.put(i, i);
        });
    };

    EXPECT_GT(fill(entries(count)), 100);
    EXPECT_LT(fill(entries(count).in_huge_pages()), 20);
}

TEST_F(MemoryCacheAllocation, ALookupByViewAllocatesNothing) {
    const std::string_view view = key;

    EXPECT_EQ(count_allocations([&] { EXPECT_TRUE(cache.get(view)); }), 0);
    EXPECT_EQ(count_allocations([&] { EXPECT_TRUE(cache.find(view)); }), 0);
    EXPECT_EQ(count_allocations([&] { EXPECT_TRUE(cache.contains(view)); }), 0);
    EXPECT_EQ(count_allocations([&] { EXPECT_TRUE(cache.erase(view)); }), 0);
    EXPECT_EQ(count_allocations([&] { EXPECT_FALSE(cache.get(view)); }), 0);
}

TEST_F(MemoryCacheAllocation, AnInsertionOfShortTextAndASmallValueAllocatesNothingInAFullCache) {
    cache.put("c", 3);  // the first that evicts: the queues begin to remember

    EXPECT_EQ(count_allocations([&] { cache.put("d", 4); }), 0);
    EXPECT_EQ(count_allocations([&] { cache.put("d", 5); }), 0);
}

TEST_F(MemoryCacheAllocation, WhatIsErasedAndPutAgainTakesNoMoreMemory) {
    MemoryCache<int, int> adaptive({.ttl = 1min, .bound = entries(1000)});
    const auto come_and_go = [&] {
        for (int i = 0; i < 10'000; ++i) {
            adaptive.put(i % 7, i);
            adaptive.erase(i % 7);
        }
    };
    come_and_go();

    EXPECT_EQ(count_allocations(come_and_go), 0);
    MemoryCacheInspector::validate(adaptive);
}

}  // namespace
}  // namespace tutti
#endif
