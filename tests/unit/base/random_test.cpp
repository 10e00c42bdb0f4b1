#include <gtest/gtest.h>

#include <cstdint>
#include <set>

#include "base/system_random.hpp"

namespace tutti {
namespace {

TEST(RandomNumbers, AreNewBeyondWhatOneCallOfTheSystemBrings) {
    RandomNumbers one;
    RandomNumbers other;
    std::set<std::uint64_t> drawn;

    for (int i = 0; i < 100; ++i) {
        drawn.insert(one.next());
        drawn.insert(other.next());
    }

    EXPECT_EQ(drawn.size(), 200U);
}

}  // namespace
}  // namespace tutti
