#include "api-gateway/attachments/avatar_image.hpp"

#include <gtest/gtest.h>

#include <array>

#include "support/png.hpp"

namespace tutti::services::gateway::attachments {
namespace {

using tests::base64;
using tests::big_endian;
using tests::chunk;
using tests::deflated;
using tests::Pixels;
using tests::plain;
using tests::read_png;
using tests::write_png;

constexpr std::array<png_byte, 4> red{255, 0, 0, 128};

constexpr std::size_t header_end = 33;  // signature and IHDR

std::string with_chunk(std::string png, const std::string& type, const std::string& data) {
    return png.insert(header_end, chunk(type, data));
}

std::string problem_of(const AvatarImage& image) {
    return image ? "none" : std::string(image.error());
}

void expect_not_a_picture(std::string_view bytes) {
    EXPECT_EQ(problem_of(rewrite_png(bytes)),
              "must be a PNG of at most 1024 x 1024 pixels and 1 MiB")
        << bytes.size() << " bytes";
}

TEST(AvatarImage, PixelsAreThoseThatWereUploaded) {
    const Pixels pixels = tests::noise(64, 40);

    const auto image = read_avatar(base64(write_png(pixels)));

    ASSERT_TRUE(image) << image.error();
    EXPECT_EQ(read_png(*image), pixels);
    EXPECT_EQ(rewrite_png(*image).value(), *image) << "written again it is the same";
}

TEST(AvatarImage, DataUrlIsTakenWhateverTypeItClaims) {
    const std::string png = base64(write_png(plain(2, 2, red)));

    EXPECT_TRUE(read_avatar("data:image/png;base64," + png));
    EXPECT_TRUE(read_avatar("data:image/jpeg;base64," + png));
    EXPECT_TRUE(read_avatar("data:;base64," + png));
}

TEST(AvatarImage, WhatIsNotBase64IsSaidToBe) {
    const std::string png = base64(write_png(plain(2, 2, red)));
    for (const std::string& text :
         {"data:image/png," + png, "data:" + png, std::string("data:"),
          std::string("data:image/png;base64 "), png + "=", "=" + png, png + "A",
          png.substr(0, 7) + "-" + png.substr(8), png.substr(0, 7) + "=" + png.substr(8),
          ' ' + png.substr(1), png.substr(4) + "\n\n\n\n", std::string("===="), std::string("A==="),
          std::string("\0\0\0\0", 4)}) {
        EXPECT_EQ(problem_of(read_avatar(text)),
                  "must be base64 with its padding, or a data: URL that says ;base64")
            << text;
    }
}

TEST(AvatarImage, NothingButAPngIsTaken) {
    for (const std::string& bytes :
         {std::string(), std::string("x"), std::string("GIF89a"),
          std::string("\xFF\xD8\xFF\xE0\x00\x10JFIF", 10), std::string("RIFF....WEBP"),
          std::string("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), std::string(1000, '\0')}) {
        expect_not_a_picture(bytes);
        EXPECT_FALSE(read_avatar(base64(bytes)));
    }
}

TEST(AvatarImage, CutOffAnywhereIsRefused) {
    const std::string png = write_png(tests::noise(16, 16));

    for (std::size_t length = 0; length < png.size(); ++length) {
        expect_not_a_picture(std::string_view(png).substr(0, length));
    }
}

TEST(AvatarImage, DamagedAnywhereIsRefusedOrStillAPicture) {
    const std::string png = write_png(tests::noise(16, 16));

    std::size_t refused = 0;
    for (std::size_t at = 0; at < png.size(); ++at) {
        std::string damaged = png;
        damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ 0x41U);
        const auto image = rewrite_png(damaged);
        EXPECT_TRUE(!image || read_png(*image)) << at;
        refused += image ? 0 : 1;
    }
    EXPECT_GT(refused, png.size() - 60) << "only what may be skipped may be damaged";
}

TEST(AvatarImage, SidesAreBoundedBeforePixelsAreRead) {
    EXPECT_TRUE(rewrite_png(write_png(plain(avatar_side_max, avatar_side_max, red))));
    expect_not_a_picture(write_png(plain(avatar_side_max + 1, 1, red)));
    expect_not_a_picture(write_png(plain(1, avatar_side_max + 1, red)));
    // Claims 4 TiB of pixels and has none.
    const std::string vast = chunk("IHDR", big_endian(1U << 20U) + big_endian(1U << 20U) +
                                               std::string("\x08\x06\x00\x00\x00", 5));
    expect_not_a_picture("\x89PNG\r\n\x1a\n" + vast + chunk("IDAT", deflated("")) +
                         chunk("IEND", ""));
}

TEST(AvatarImage, UploadIsBoundedInBytes) {
    const std::string large = write_png(tests::noise(700, 700));
    ASSERT_GT(large.size(), avatar_bytes_max);

    expect_not_a_picture(large);
    EXPECT_EQ(problem_of(read_avatar(base64(large))), problem_of(rewrite_png(large)));
    EXPECT_TRUE(rewrite_png(write_png(tests::noise(500, 500))));
}

TEST(AvatarImage, NothingOfAStrangerIsLeftButPixels) {
    const Pixels pixels = plain(8, 8, red);
    std::string png = write_png(pixels);
    const std::string text("Comment\0marker", 14);
    for (const char* type : {"tEXt", "eXIf", "prVt"}) png = with_chunk(png, type, text);
    ASSERT_TRUE(png.contains("marker"));
    png += "marker<script>";

    const auto image = rewrite_png(png);

    ASSERT_TRUE(image) << image.error();
    EXPECT_EQ(read_png(*image), pixels);
    EXPECT_FALSE(image->contains("marker"));
    EXPECT_TRUE(image->ends_with(chunk("IEND", "")));
}

// Each of these texts would be eight million bytes in memory, and nobody would read one.
TEST(AvatarImage, CompressedMetadataIsNotUnpacked) {
    std::string png = write_png(plain(1, 1, red));
    const std::string bomb = std::string("k\0\0", 3) + deflated(std::string(7'900'000, 'a'));
    while (png.size() + bomb.size() < avatar_bytes_max - 100) png = with_chunk(png, "zTXt", bomb);
    ASSERT_GT(png.size(), avatar_bytes_max / 2);

    const auto image = rewrite_png(png);

    ASSERT_TRUE(image) << image.error();
    EXPECT_LT(image->size(), 200U);
}

TEST(AvatarImage, ChunkThatNobodyMaySkipIsRefused) {
    expect_not_a_picture(with_chunk(write_png(plain(1, 1, red)), "ABCD", "x"));
}

TEST(AvatarImage, LargestPictureFitsIntoWhatTheSchemaTakes) {
    const std::string png = tests::least_compact_png();
    ASSERT_LE(png.size(), avatar_bytes_max);

    const auto image = rewrite_png(png);

    ASSERT_TRUE(image) << image.error();
    EXPECT_EQ(read_png(*image), read_png(png));
    EXPECT_LE(image->size(), stored_avatar_bytes_max);
}

}  // namespace
}  // namespace tutti::services::gateway::attachments
