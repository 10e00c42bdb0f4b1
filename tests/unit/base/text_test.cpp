#include "base/text.hpp"

#include <gtest/gtest.h>

namespace tutti {
namespace {

TEST(Text, WhatIsShownIsShortAndPrintable) {
    EXPECT_EQ(shown("user:1", 64), "user:1");
    EXPECT_EQ(shown("abcdef", 3), "abc");
    EXPECT_EQ(shown("a\r\n\x1b[2J\x7f\xC3\xA9~", 64), "a???[2J???~");
    EXPECT_EQ(shown("", 64), "");
}

}  // namespace
}  // namespace tutti
