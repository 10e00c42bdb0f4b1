#include "redis/reply.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::redis {
namespace {

using Type = Reply::Type;

struct Read {
    std::vector<Reply> replies;
    std::optional<Error> error;
};

// Feeds `bytes` in pieces of the given size and reads whatever becomes complete.
Read read(ReplyReader& reader, std::string_view bytes, std::size_t piece) {
    Read read;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
        reader.feed(bytes.substr(0, piece));
        for (;;) {
            auto reply = reader.next();
            if (!reply) read.error = reply.error();
            if (!reply || !*reply) break;
            read.replies.push_back(std::move(**reply));
        }
    }
    return read;
}

Read read(std::string_view bytes, ReplyLimits limits = {}, std::size_t piece = 1024) {
    ReplyReader reader(limits);
    return read(reader, bytes, piece);
}

TEST(RedisReply, EveryTypeIsReadInWhateverPiecesItComes) {
    const std::string_view bytes =
        "+OK\r\n-ERR "
        "no\r\n:-42\r\n$-1\r\n*-1\r\n$5\r\na\r\nbc\r\n*3\r\n:1\r\n*0\r\n*1\r\n$0\r\n\r\n+end\r\n";

    for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) {
        const auto [replies, error] = read(bytes, {}, piece);
        ASSERT_FALSE(error);
        ASSERT_EQ(replies.size(), 8U);
        EXPECT_TRUE(replies[0].is(Type::status));
        EXPECT_TRUE(replies[1].is_error("ERR"));
        EXPECT_EQ(replies[1].text, "ERR no");
        EXPECT_EQ(replies[2].integer, -42);
        EXPECT_TRUE(replies[3].is(Type::nil));
        EXPECT_TRUE(replies[4].is(Type::nil));
        EXPECT_EQ(replies[5].text, "a\r\nbc");
        ASSERT_EQ(replies[6].items.size(), 3U);
        EXPECT_EQ(replies[6].items[0].integer, 1);
        EXPECT_TRUE(replies[6].items[1].is(Type::array));
        EXPECT_EQ(replies[6].items[2].items[0].text, "");
        EXPECT_EQ(replies[7].text, "end");
    }
}

TEST(RedisReply, AnErrorCodeIsAWholeWord) {
    const auto replies = read("-NOSCRIPT gone\r\n-NOSCRIPTS\r\n-NOSCRIPT\r\n+NOSCRIPT\r\n").replies;

    EXPECT_TRUE(replies[0].is_error("NOSCRIPT"));
    EXPECT_FALSE(replies[1].is_error("NOSCRIPT"));
    EXPECT_TRUE(replies[2].is_error("NOSCRIPT"));
    EXPECT_FALSE(replies[3].is_error("NOSCRIPT"));
}

TEST(RedisReply, GarbageIsAProtocolErrorThatStays) {
    for (const std::string& garbage : std::vector<std::string>{
             "HTTP/1.1 400 Bad Request\r\n", "\r\n", "%1\r\n", "$x\r\n", "$-2\r\n", "*-2\r\n",
             "*x\r\n", "*99999999999999\r\n", "*20000\r\n", "$99999999999999999999\r\n",
             "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
             "$" + std::string(100, '1'), "+" + std::string(100'000, 'x'),
             "*1\r\n:" + std::string(100'000, '1'), "*1\r\n$9999999999999\r\n"}) {
        SCOPED_TRACE(garbage.substr(0, 100));
        ReplyReader reader;

        const auto [replies, error] = read(reader, "+OK\r\n" + garbage, 4096);
        const auto [none, still] = read(reader, "+OK\r\n", 4096);

        EXPECT_EQ(replies.size(), 1U);
        ASSERT_TRUE(error);
        EXPECT_EQ(error->code, Errc::protocol);
        EXPECT_TRUE(none.empty());
        EXPECT_TRUE(still);
    }
}

TEST(RedisReply, AllTheItemsOfOneReplyAreBounded) {
    const ReplyLimits limits{.text_bytes_max = 100, .array_items_max = 3, .items_max = 6};
    const std::string_view fits = "*3\r\n*3\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n";

    EXPECT_EQ(read(std::string(fits) + std::string(fits), limits).replies.size(), 2U);
    EXPECT_TRUE(read("*4\r\n:1\r\n", limits).error);
    EXPECT_TRUE(read("*3\r\n*3\r\n:1\r\n:2\r\n:3\r\n*1\r\n:4\r\n", limits).error);
}

TEST(RedisReply, ATextOverTheLimitIsSkippedAndAnswered) {
    const ReplyLimits limits{.text_bytes_max = 10};
    const std::string bytes = "$10\r\n0123456789\r\n$50000\r\n" + std::string(50'000, '\n') +
                              "\r\n$11\r\n01234567890\r\n+next\r\n";

    for (const std::size_t piece : {1U, 5U, 999U, 100'000U}) {
        const auto [replies, error] = read(bytes, limits, piece);
        ASSERT_FALSE(error);
        ASSERT_EQ(replies.size(), 4U) << piece;
        EXPECT_EQ(replies[0].text, "0123456789");
        EXPECT_TRUE(replies[1].is(Type::oversized));
        EXPECT_EQ(replies[1].text, "");
        EXPECT_TRUE(replies[2].is(Type::oversized));
        EXPECT_EQ(replies[3].text, "next");
    }
}

TEST(RedisReply, ATextOverTheLimitWithinAnArrayIsSkippedInItsPlace) {
    const ReplyLimits limits{.text_bytes_max = 10};
    const std::string push =
        "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$50000\r\n" + std::string(50'000, '\n') + "\r\n";
    const std::string nested = "*2\r\n*1\r\n$11\r\n01234567890\r\n:7\r\n";
    const std::string bytes = push + nested + push + "+next\r\n";

    for (const std::size_t piece : {1U, 5U, 999U, 100'000U}) {
        const auto [replies, error] = read(bytes, limits, piece);
        ASSERT_FALSE(error);
        ASSERT_EQ(replies.size(), 4U) << piece;
        ASSERT_EQ(replies[0].items.size(), 3U);
        EXPECT_EQ(replies[0].items[1].text, "c");
        EXPECT_TRUE(replies[0].items[2].is(Type::oversized));
        EXPECT_EQ(replies[0].items[2].integer, 50'000);
        EXPECT_EQ(replies[0].items[2].text, "");
        EXPECT_TRUE(replies[1].items[0].items[0].is(Type::oversized));
        EXPECT_EQ(replies[1].items[1].integer, 7);
        EXPECT_TRUE(replies[2].items[2].is(Type::oversized));
        EXPECT_EQ(replies[3].text, "next");
    }
}

TEST(RedisReply, TheTextsOfOneReplyAreBoundedTogether) {
    const ReplyLimits limits{.bytes_max = 10};
    const std::string bytes =
        "*3\r\n$6\r\n012345\r\n$5\r\n01234\r\n$4\r\n0123\r\n$10\r\n0123456789\r\n";

    for (const std::size_t piece : {1U, 5U, 100'000U}) {
        const auto [replies, error] = read(bytes, limits, piece);
        ASSERT_FALSE(error);
        ASSERT_EQ(replies.size(), 2U) << piece;
        EXPECT_EQ(replies[0].items[0].text, "012345");
        EXPECT_TRUE(replies[0].items[1].is(Type::oversized));
        EXPECT_EQ(replies[0].items[2].text, "0123");
        EXPECT_EQ(replies[1].text, "0123456789");
    }
}

}  // namespace
}  // namespace tutti::redis
