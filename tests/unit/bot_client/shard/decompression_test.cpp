// Streams as Discord makes them, and what they must not become.
#include "bot-client/shard/decompression.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <string_view>

#include "support/zlib_sender.hpp"

namespace tutti::services::bot::shard {
namespace {

using ::testing::Optional;
using tests::ZlibSender;

class ZstdSender {
public:
    ~ZstdSender() { ::ZSTD_freeCCtx(context_); }
    ZstdSender() = default;
    ZstdSender(const ZstdSender&) = delete;
    ZstdSender& operator=(const ZstdSender&) = delete;

    std::string send(std::string_view text) {
        std::string to(::ZSTD_compressBound(text.size()) + 64, '\0');
        ZSTD_inBuffer in{.src = text.data(), .size = text.size(), .pos = 0};
        ZSTD_outBuffer out{.dst = to.data(), .size = to.size(), .pos = 0};
        ::ZSTD_compressStream2(context_, &out, &in, ZSTD_e_flush);
        to.resize(out.pos);
        return to;
    }

private:
    ZSTD_CCtx* context_ = ::ZSTD_createCCtx();
};

constexpr std::size_t limit = 100'000;

std::optional<std::string> fed(Decompressor& decompressor, std::string_view message) {
    auto text = decompressor.feed(message);
    EXPECT_TRUE(text.has_value()) << text.error().message();
    return text ? *std::move(text) : std::nullopt;
}

TEST(ZlibStream, PayloadsShareOneContext) {
    ZlibSender sender;
    const auto decompressor = Decompressor::make(Compression::zlib_stream, limit);
    const std::string text = R"({"op":0,"t":"MESSAGE_CREATE","s":1,"d":{"content":"hello"}})";

    const std::string first = sender.send(text);
    const std::string second = sender.send(text);

    EXPECT_LT(second.size(), first.size());
    EXPECT_THAT(fed(*decompressor, first), Optional(text));
    EXPECT_THAT(fed(*decompressor, second), Optional(text));
}

TEST(ZlibStream, APayloadMayComeInPiecesCutAnywhere) {
    ZlibSender sender;
    const auto decompressor = Decompressor::make(Compression::zlib_stream, limit);
    for (int round = 0; round < 3; ++round) {
        const std::string text(50'000, static_cast<char>('a' + round));
        const std::string message = sender.send(text);
        for (std::size_t i = 0; i + 1 < message.size(); ++i) {
            ASSERT_EQ(fed(*decompressor, std::string_view(message).substr(i, 1)), std::nullopt);
        }
        EXPECT_THAT(fed(*decompressor, std::string_view(message).substr(message.size() - 1)),
                    Optional(text));
    }
}

TEST(ZlibStream, ABombIsRefusedAtItsBound) {
    ZlibSender sender;
    const auto decompressor = Decompressor::make(Compression::zlib_stream, limit);
    const std::string bomb = sender.send(std::string(8U << 20U, '0'));
    ASSERT_LT(bomb.size(), limit);

    EXPECT_EQ(decompressor->feed(bomb).error().code, Errc::too_large);
}

TEST(ZlibStream, APayloadWithoutAnEndIsBounded) {
    ZlibSender sender;
    const auto decompressor = Decompressor::make(Compression::zlib_stream, 1'000);
    Result<std::optional<std::string>> text;
    std::string noise;
    for (int i = 0; i < 4'000; ++i) noise += static_cast<char>((i * 7919) >> 3);

    text = decompressor->feed(sender.send(noise, Z_BLOCK).substr(0, 1'001));

    ASSERT_FALSE(text.has_value());
    EXPECT_EQ(text.error().code, Errc::too_large);
}

TEST(ZlibStream, OtherBytesAndAnEndOfTheStreamAreErrors) {
    const auto plain = Decompressor::make(Compression::zlib_stream, limit);
    EXPECT_EQ(plain->feed(R"({"op":10})").error().code, Errc::protocol);

    ZlibSender sender;
    const auto ended = Decompressor::make(Compression::zlib_stream, limit);
    EXPECT_EQ(ended->feed(sender.send("{}", Z_FINISH)).error().code, Errc::protocol);
}

TEST(ZstdStream, EachMessageIsAPayloadOfOneFrame) {
    ZstdSender sender;
    const auto decompressor = Decompressor::make(Compression::zstd_stream, limit);
    for (const std::string& text :
         {std::string("{}"), std::string(60'000, 'x'), std::string("[1]")}) {
        EXPECT_THAT(fed(*decompressor, sender.send(text)), Optional(text));
    }
}

TEST(ZstdStream, ABombIsRefusedAtItsBoundAndOtherBytesAreErrors) {
    ZstdSender sender;
    const auto bombed = Decompressor::make(Compression::zstd_stream, limit);
    EXPECT_EQ(bombed->feed(sender.send(std::string(8U << 20U, '0'))).error().code, Errc::too_large);

    const auto plain = Decompressor::make(Compression::zstd_stream, limit);
    EXPECT_EQ(plain->feed(R"({"op":10,"d":{}})").error().code, Errc::protocol);
}

TEST(Uncompressed, IsBoundedToo) {
    const auto decompressor = Decompressor::make(Compression::none, 10);

    EXPECT_THAT(fed(*decompressor, "0123456789"), Optional(std::string("0123456789")));
    EXPECT_EQ(decompressor->feed("0123456789a").error().code, Errc::too_large);
}

}  // namespace
}  // namespace tutti::services::bot::shard
