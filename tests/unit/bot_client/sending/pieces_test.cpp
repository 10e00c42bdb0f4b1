#include "bot-client/sending/pieces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tutti::services::bot::sending {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Pieces, AShortTextIsOneWithoutTheWhiteSpaceAround) {
    EXPECT_THAT(pieces_of(" \n hi there \t", 2000), ElementsAre("hi there"));
    EXPECT_THAT(pieces_of(" \n ", 2000), IsEmpty());
}

TEST(Pieces, EndAtAParagraphBeforeALineBeforeASentenceBeforeAWord) {
    EXPECT_THAT(pieces_of("one\ntwo. a\n\nthree four", 16),
                ElementsAre("one\ntwo. a", "three four"));
    EXPECT_THAT(pieces_of("one two.\nthree four", 14), ElementsAre("one two.", "three four"));
    EXPECT_THAT(pieces_of("one two. Three four", 14), ElementsAre("one two.", "Three four"));
    EXPECT_THAT(pieces_of("one two three", 8), ElementsAre("one two", "three"));
    EXPECT_THAT(pieces_of("abcdefgh", 3), ElementsAre("abc", "def", "gh"));
}

TEST(Pieces, AreCountedInUnitsOfUtf16AndNoCharacterIsTornApart) {
    const std::string horn = "\xF0\x9F\x93\xAF";  // two units

    EXPECT_EQ(utf16_units("a\xC3\xA4" + horn), 4U);
    EXPECT_THAT(pieces_of(horn + horn + horn, 5), ElementsAre(horn + horn, horn));
}

TEST(Pieces, AreNeverTooManyTooLongOrEmptyWhateverTheText) {
    std::mt19937 random(7);
    for (int i = 0; i < 300; ++i) {
        std::string text;
        for (int c = 0; c < 400; ++c) text += " \n.ab\xC3\xA4"[random() % 5];
        const std::size_t units = 1 + random() % 50;
        const auto pieces = pieces_of(text, units, 10);

        ASSERT_LE(pieces.size(), 10U);
        for (const std::string& piece : pieces) {
            ASSERT_FALSE(piece.empty());
            ASSERT_LE(utf16_units(piece), units);
        }
    }
    EXPECT_THAT(pieces_of(std::string(100'000, 'x'), 2000), SizeIs(pieces_max));
}

}  // namespace
}  // namespace tutti::services::bot::sending
