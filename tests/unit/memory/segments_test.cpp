// An array that grows without moving: its front, and the segments behind.
#include "tutti/detail/segments.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

#include "tutti/detail/huge_pages.hpp"

namespace tutti {
namespace {

constexpr std::size_t stride = 24;
using Array = detail::Segments<2, stride>;

std::uintptr_t address_of(const void* element) { return reinterpret_cast<std::uintptr_t>(element); }

// As many as fit in the front, and several segments more.
std::uint32_t fill(Array& array, std::uint32_t expected) {
    const std::uint32_t count = expected + 100;
    for (std::uint32_t i = 0; i < count; ++i) {
        array.ensure(i);
        std::memset(array.at(i), static_cast<int>(i % 251), stride);
    }
    return count;
}

class SegmentsTest : public ::testing::TestWithParam<std::uint32_t> {
protected:
    detail::HugePages huge;
};

TEST_P(SegmentsTest, KeepEachElementWhereItIsAndApartFromTheOthers) {
    for (detail::HugePages* const pages : {static_cast<detail::HugePages*>(nullptr), &huge}) {
        Array array({.huge = pages, .expected = GetParam()});
        const std::uint32_t count = fill(array, GetParam());

        std::map<std::uintptr_t, std::uint32_t> places;
        for (std::uint32_t i = 0; i < count; ++i) {
            const std::vector<std::byte> written(stride, static_cast<std::byte>(i % 251));
            EXPECT_EQ(std::memcmp(array.at(i), written.data(), stride), 0) << i;
            places[address_of(array.at(i))] = i;
        }
        ASSERT_EQ(places.size(), count);
    }
}

TEST_P(SegmentsTest, HaveTheExpectedElementsSideBySide) {
    Array array({.expected = GetParam()});
    fill(array, GetParam());

    for (std::uint32_t i = 1; i < GetParam(); ++i) {
        ASSERT_EQ(array.at(i), array.at(i - 1) + stride) << i;
    }
}

TEST_P(SegmentsTest, AreWalkedInRunsThatHaveEachElementOnceAndInOrder) {
    Array array({.expected = GetParam()});
    const std::uint32_t count = fill(array, GetParam());

    for (std::uint32_t used = 0; used <= count; ++used) {
        std::uint32_t next = 0;
        array.for_each_run(used, [&](const std::byte* run, std::size_t bytes) {
            ASSERT_EQ(bytes % stride, 0U);
            for (std::size_t at = 0; at < bytes; at += stride) {
                ASSERT_EQ(run + at, array.at(next)) << next << " of " << used;
                ++next;
            }
        });
        ASSERT_EQ(next, used);
    }
}

INSTANTIATE_TEST_SUITE_P(Expecting, SegmentsTest, ::testing::Values(0, 1, 3, 64, 1000),
                         ::testing::PrintToStringParamName());

TEST(ArrayTerms, AnArrayWithFewerElementsExpectsSoManyFewer) {
    EXPECT_EQ(detail::ArrayTerms{.expected = 70}.one_for(7).expected, 11U);
    EXPECT_EQ(detail::ArrayTerms{.expected = 6}.one_for(7).expected, 1U);
    EXPECT_EQ(detail::ArrayTerms{}.one_for(7).expected, 0U);
}

}  // namespace
}  // namespace tutti
