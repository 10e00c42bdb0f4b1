// Memory in pieces of blocks that begin at a huge page; and a tier that is in them.
#include "tutti/detail/huge_pages.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>

#include "tutti/memory_cache.hpp"
#include "unit/memory/inspector.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

std::uintptr_t address_of(const void* piece) { return reinterpret_cast<std::uintptr_t>(piece); }

TEST(HugePages, PiecesBeginAtCacheLinesAndDoNotOverlap) {
    detail::HugePages pages;
    std::map<std::uintptr_t, std::uintptr_t> ends;

    for (std::size_t bytes = 1; bytes < 8 * detail::HugePages::page; bytes += bytes / 3 + 61) {
        void* const piece = pages.take(bytes);
        EXPECT_EQ(address_of(piece) % 64, 0U);
        std::memset(piece, 0xff, bytes);  // of which a sanitizer would say that it is not ours
        ends[address_of(piece)] = address_of(piece) + bytes;
    }

    std::uintptr_t last_end = 0;
    for (const auto& [begin, end] : ends) {
        EXPECT_GE(begin, last_end);
        last_end = end;
    }
}

TEST(HugePages, TheFirstPieceBeginsAPageAndSmallOnesShareIt) {
    detail::HugePages pages;

    const std::uintptr_t first = address_of(pages.take(512));
    const std::uintptr_t second = address_of(pages.take(100));
    const std::uintptr_t third = address_of(pages.take(1));

    EXPECT_EQ(first % detail::HugePages::page, 0U);
    EXPECT_EQ(second, first + 512);
    EXPECT_EQ(third, second + 128);
}

TEST(HugePages, ATierInThemGrowsEvictsAndForgetsAsAnyOther) {
    constexpr int limit = 20'000;
    MemoryCache<int, int> cache({.ttl = 1min, .bound = entries(limit).in_huge_pages()});

    for (int i = 0; i < 2 * limit; ++i) cache.put(i, 3 * i);
    for (int i = 0; i < 2 * limit; i += 2) cache.erase(i);

    int found = 0;
    for (int i = 0; i < 2 * limit; ++i) {
        const auto value = cache.get(i);
        if (!value) continue;
        ++found;
        EXPECT_EQ(*value, 3 * i);
        EXPECT_EQ(i % 2, 1);
    }
    EXPECT_GT(found, limit / 4);
    EXPECT_EQ(cache.evictions(), std::uint64_t{limit});
    testing::MemoryCacheInspector::validate(cache);
}

TEST(HugePages, ABoundSaysWhetherItHasThemAndIsOtherwiseTheSame) {
    EXPECT_FALSE(entries(7).has_huge_pages());
    EXPECT_TRUE(bytes(7).in_huge_pages().has_huge_pages());
    EXPECT_EQ(bytes(7).in_huge_pages().limit(), 7U);
    EXPECT_EQ(bytes(7).in_huge_pages().unit(), Bound::Unit::bytes);
    EXPECT_NE(entries(7), entries(7).in_huge_pages());
}

}  // namespace
}  // namespace tutti
