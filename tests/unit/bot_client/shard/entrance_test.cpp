#include "bot-client/shard/entrance.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace tutti::services::bot::shard {
namespace {

using namespace std::chrono_literals;

std::string answer(std::string_view starts) {
    return R"({"url":"wss://gateway.discord.gg","shards":9,"session_start_limit":)" +
           std::string(starts) + "}";
}

TEST(Entrance, IsReadAsDiscordDocumentsIt) {
    const auto read = read_entrance(
        answer(R"({"total":1000,"remaining":999,"reset_after":14400000,"max_concurrency":16})"));

    ASSERT_TRUE(read.has_value()) << read.error().message();
    EXPECT_EQ(read->url, "wss://gateway.discord.gg");
    EXPECT_EQ(read->shards, 9);
    EXPECT_EQ(read->starts.total, 1000);
    EXPECT_EQ(read->starts.remaining, 999);
    EXPECT_EQ(read->starts.reset_after, 4h);
    EXPECT_EQ(read->starts.max_concurrency, 16);
}

TEST(Entrance, NumbersThatCannotBeAreRefusedAndTimesAreBounded) {
    for (const char* starts :
         {R"({"total":1000,"remaining":-1,"reset_after":0,"max_concurrency":1})",
          R"({"total":1000,"remaining":1,"reset_after":-1,"max_concurrency":1})",
          R"({"total":1000,"remaining":1,"reset_after":0,"max_concurrency":0})",
          R"({"total":"1000","remaining":1,"reset_after":0,"max_concurrency":1})", "null"}) {
        EXPECT_FALSE(read_entrance(answer(starts)).has_value()) << starts;
    }
    const auto read = read_entrance(answer(
        R"({"total":1,"remaining":1,"reset_after":9223372036854775807,"max_concurrency":1})"));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->starts.reset_after, 24h);
}

TEST(StreamUrl, SaysVersionEncodingAndCompression) {
    EXPECT_EQ(stream_url("wss://gateway.discord.gg", Compression::none).value(),
              "wss://gateway.discord.gg/?v=10&encoding=json");
    EXPECT_EQ(stream_url("wss://gateway.discord.gg/", Compression::zlib_stream).value(),
              "wss://gateway.discord.gg/?v=10&encoding=json&compress=zlib-stream");
    EXPECT_EQ(stream_url("ws://127.0.0.1:8080", Compression::zstd_stream).value(),
              "ws://127.0.0.1:8080/?v=10&encoding=json&compress=zstd-stream");
}

TEST(StreamUrl, TheTokenGoesNowhereInTheClear) {
    for (const char* url :
         {"ws://gateway.discord.gg", "http://gateway.discord.gg", "wss://", "",
          "wss://user@gateway.discord.gg", "wss://a/?v=9", "ws://127.0.0.1.evil.example"}) {
        EXPECT_FALSE(stream_url(url, Compression::none).has_value()) << url;
    }
    EXPECT_FALSE(stream_url("wss://" + std::string(600, 'a'), Compression::none).has_value());
}

}  // namespace
}  // namespace tutti::services::bot::shard
