// An array whose front lies side by side, and what is behind it.
#include "tutti/detail/expected_array.hpp"

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
using Array = detail::ExpectedArray<2, stride>;

std::uintptr_t address_of(const void* element) { return reinterpret_cast<std::uintptr_t>(element); }

// As many as are expected, and several segments more.
std::uint32_t fill(Array& array, std::uint32_t expected) {
    const std::uint32_t count = expected + 100;
    for (std::uint32_t i = 0; i < count; ++i) {
        array.ensure(i);
        std::memset(array.at(i), static_cast<int>(i % 251), stride);
    }
    return count;
}
void expect_all(const Array& array, std::uint32_t count) {
    std::map<std::uintptr_t, std::uint32_t> places;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::vector<std::byte> written(stride, static_cast<std::byte>(i % 251));
        EXPECT_EQ(std::memcmp(array.at(i), written.data(), stride), 0) << i;
        places[address_of(array.at(i))] = i;
    }
    EXPECT_EQ(places.size(), count);
}

class ExpectedArrayTest : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(ExpectedArrayTest, KeepsEachElementWhereItIsAndApartFromTheOthers) {
    Array array(nullptr, GetParam());
    expect_all(array, fill(array, GetParam()));
}

TEST_P(ExpectedArrayTest, DoesTheSameInHugePages) {
    detail::HugePages huge;
    Array array(&huge, GetParam());
    expect_all(array, fill(array, GetParam()));
}

TEST_P(ExpectedArrayTest, HasTheExpectedElementsSideBySide) {
    Array array(nullptr, GetParam());
    fill(array, GetParam());

    for (std::uint32_t i = 1; i < GetParam(); ++i) {
        ASSERT_EQ(array.at(i), array.at(i - 1) + stride) << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Of, ExpectedArrayTest, ::testing::Values(0, 1, 3, 64, 1000),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace tutti
