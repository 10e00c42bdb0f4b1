#include "common/process/ending.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace tutti::services::process {
namespace {

TEST(Ending, ComesInTheReverseOrderOfTheMembersAndOnlyForThoseThatWereMade) {
    struct Parts {
        Ending first;
        Ending never;
        Ending last;
    };
    std::string order;
    {
        Parts parts;
        parts.first = Ending([&] { order += "first "; });
        parts.last = Ending([&] { order += "last "; });
    }

    EXPECT_EQ(order, "last first ");
}

TEST(Ending, IsOfOneObjectAlsoWhenItMoves) {
    int ended = 0;
    {
        Ending one([&] { ++ended; });
        const Ending other = std::move(one);
    }

    EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace tutti::services::process
