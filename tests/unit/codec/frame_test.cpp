#include "codec/frame.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/error.hpp"

namespace tutti {
namespace {

using Kind = StoredPayload::Kind;

constexpr std::size_t version_at = 2;
constexpr std::size_t size_at = 6;

std::string framed(const StoredPayload& payload, const FrameOptions& options = {}) {
    return write_frame(payload, options).value();
}

std::string random_text(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (char& c : text) c = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
    return text;
}

void set_number(std::string& frame, std::size_t at, std::uint32_t number) {
    for (std::size_t i = 0; i < 4; ++i) frame[at + i] = static_cast<char>(number >> (8 * i));
}

TEST(Frame, EveryKindComesBack) {
    for (const StoredPayload& payload :
         {StoredPayload{Kind::value, "text"}, StoredPayload{Kind::value, ""},
          StoredPayload{Kind::nothing, ""}, StoredPayload{Kind::negative, "rate limited"}}) {
        EXPECT_EQ(read_frame(framed(payload), {}), payload);
    }
}

TEST(Frame, TheLayoutIsFixed) {
    EXPECT_EQ(framed({Kind::value, "abc"}, {.version = 0x01020304}),
              std::string_view("v\0\x04\x03\x02\x01\x03\0\0\0abc", 13));
}

TEST(Frame, AnotherVersionIsRefusedByName) {
    const std::string old = framed({Kind::value, "abc"}, {.version = 1});

    const auto read = read_frame(old, {.version = 2});

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::protocol);
    EXPECT_EQ(read.error().cause, "version 1, expected 2");
}

TEST(Frame, ALargeValueIsPackedAndASmallOneIsNot) {
    const FrameOptions options{.compress_above = 100};
    const StoredPayload small{Kind::value, std::string(100, 'a')};
    const StoredPayload large{Kind::value, std::string(101, 'a')};

    EXPECT_EQ(framed(small, options).size(), frame_header_bytes + 100);
    EXPECT_LT(framed(large, options).size(), 60U);
    EXPECT_EQ(read_frame(framed(large, options), options), large);
    EXPECT_EQ(framed(large, {.compress_above = 0}).size(), frame_header_bytes + 101);
}

TEST(Frame, APackedValueIsReadWithoutPackingOnesOwn) {
    const StoredPayload large{Kind::value, std::string(5000, 'a')};

    EXPECT_EQ(read_frame(framed(large), {.compress_above = 0}), large);
}

TEST(Frame, WhatDoesNotGetSmallerStaysAsItIs) {
    const StoredPayload noise{Kind::value, random_text(10'000)};

    const std::string frame = framed(noise);

    EXPECT_EQ(frame.size(), frame_header_bytes + 10'000);
    EXPECT_EQ(read_frame(frame, {}), noise);
}

TEST(Frame, TheLimitHoldsInBothDirections) {
    const StoredPayload large{Kind::value, std::string(1001, 'a')};
    const FrameOptions narrow{.compress_above = 10, .bytes_max = 1000};

    EXPECT_EQ(write_frame(large, narrow).error().code, Errc::too_large);
    EXPECT_EQ(read_frame(framed(large, {.compress_above = 10}), narrow).error().code,
              Errc::too_large);
    EXPECT_EQ(read_frame(framed(large, {.compress_above = 0}), narrow).error().code,
              Errc::too_large);
}

// 50 bytes that become a gigabyte, behind a header that admits it, and behind one that does not.
TEST(Frame, ADecompressionBombIsNotUnpacked) {
    const std::string zeros(64UL << 20U, '\0');
    std::string packed(ZSTD_compressBound(zeros.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), zeros.data(), zeros.size(), 1));
    std::string honest("v\1\1\0\0\0", version_at + 4);
    honest.resize(frame_header_bytes);
    set_number(honest, size_at, 64U << 20U);
    std::string lying = honest;
    set_number(lying, size_at, 100);

    EXPECT_EQ(read_frame(honest + packed, {}).error().code, Errc::too_large);
    EXPECT_EQ(read_frame(lying + packed, {}).error().code, Errc::protocol);
}

TEST(Frame, ATruncatedOrProlongedFrameIsRefused) {
    for (const char kind : {'a', 'r'}) {
        const std::string text = kind == 'a' ? std::string(5000, 'a') : random_text(5000);
        const std::string frame = framed({Kind::value, text});

        for (std::size_t size = 0; size < frame.size(); ++size) {
            EXPECT_FALSE(read_frame(frame.substr(0, size), {})) << size;
        }
        EXPECT_FALSE(read_frame(frame + '\0', {}));
    }
}

TEST(Frame, ASecondPackedPieceIsRefused) {
    const std::string frame = framed({Kind::value, std::string(5000, 'a')});

    EXPECT_FALSE(read_frame(frame + frame.substr(frame_header_bytes), {}));
}

TEST(Frame, DamageToAPackedValueIsNoticed) {
    const std::string text(5000, 'a');
    const std::string frame = framed({Kind::value, text});

    for (std::size_t at = frame_header_bytes; at < frame.size(); ++at) {
        std::string damaged = frame;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        const auto read = read_frame(damaged, {});
        EXPECT_TRUE(!read || read->bytes == text) << at;
    }
}

TEST(Frame, WhatOtherProgramsStoreIsRefused) {
    for (const std::string_view foreign : {"", "v", R"({"id":"a","name":"b"})", "1234567890",
                                           "value of somebody else", "\x1f\x8b gzip or so"}) {
        const auto read = read_frame(foreign, {});
        ASSERT_FALSE(read) << foreign;
        EXPECT_EQ(read.error().code, Errc::protocol);
    }
}

TEST(Frame, ContradictionsAreNeitherWrittenNorRead) {
    const std::string long_class(category_bytes_max + 1, 'x');
    EXPECT_EQ(write_frame({Kind::nothing, "x"}, {}).error().code, Errc::invalid_option);
    EXPECT_EQ(write_frame({Kind::negative, ""}, {}).error().code, Errc::invalid_option);
    EXPECT_EQ(write_frame({Kind::negative, long_class}, {}).error().code, Errc::invalid_option);

    std::string with_bytes = framed({Kind::value, "x"});
    with_bytes[0] = 'a';
    std::string without = framed({Kind::value, ""});
    without[0] = 'f';
    std::string packed_failure = framed({Kind::value, std::string(5000, 'a')});
    packed_failure[0] = 'f';
    for (const auto& frame : {with_bytes, without, packed_failure}) {
        EXPECT_EQ(read_frame(frame, {}).error().code, Errc::protocol);
    }
}

RC_GTEST_PROP(FrameProperty, AnyBytesComeBackAndAnyBytesAreSurvived,
              (const std::string& bytes, std::uint32_t version)) {
    const FrameOptions options{.version = version, .compress_above = 16};
    const StoredPayload payload{Kind::value, bytes + bytes + bytes};

    const auto read = read_frame(write_frame(payload, options).value(), options);

    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == payload);
    (void)read_frame(bytes, options);
}

}  // namespace
}  // namespace tutti
