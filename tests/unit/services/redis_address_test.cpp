#include <gtest/gtest.h>

#include <string>

#include "common/redis/address.hpp"

namespace tutti::services {
namespace {

TEST(RedisAddress, ReadsHostPortAndDatabase) {
    EXPECT_EQ(RedisAddress::parse("redis://127.0.0.1")->port, 6379);
    EXPECT_EQ(RedisAddress::parse("redis://127.0.0.1:80")->port, 80);
    EXPECT_EQ(RedisAddress::parse("redis://redis.internal:6380/3")->host, "redis.internal");
    EXPECT_EQ(RedisAddress::parse("redis://redis.internal:6380/3")->port, 6380);
    EXPECT_EQ(RedisAddress::parse("redis://redis.internal:6380/3")->database, 3U);
    EXPECT_EQ(RedisAddress::parse("redis://[::1]/")->host, "::1");
    EXPECT_EQ(RedisAddress::parse("redis://[::1]")->port, 6379);
    EXPECT_EQ(RedisAddress::parse("redis://[::1]:6400")->port, 6400);
}

TEST(RedisAddress, ReadsTheLogin) {
    EXPECT_EQ(RedisAddress::parse("redis://:p%40ss@h")->password.reveal(), "p@ss");
    EXPECT_EQ(RedisAddress::parse("redis://u:p@x@h:1")->user, "u");
    EXPECT_EQ(RedisAddress::parse("redis://u:p@x@h:1")->password.reveal(), "p@x");
    EXPECT_TRUE(RedisAddress::parse("redis://h")->password.empty());
}

TEST(RedisAddress, ReadsASocket) {
    const auto address = RedisAddress::parse("unix://:p@/run/redis.sock?db=2");

    ASSERT_TRUE(address);
    EXPECT_EQ(address->host, "");
    EXPECT_EQ(address->path, "/run/redis.sock");
    EXPECT_EQ(address->database, 2U);
}

TEST(RedisAddress, RefusesTheRestAndQuotesNothing) {
    for (const char* url :
         {"", "http://hidden", "rediss://:hidden@h", "redis://", "redis://hidden@h",
          "redis://:@hidden", "redis://:hidden@h:99999", "redis://:hidden@h/x",
          "redis://:hidden@h/65536", "redis://:hidden%@h", "unix://hidden", "unix:///hidden?x=1",
          "redis://hidden host", "redis://h?hidden=1"}) {
        const auto address = RedisAddress::parse(url);
        ASSERT_FALSE(address) << url;
        EXPECT_EQ(address.error().code, Errc::invalid_option) << url;
        EXPECT_FALSE(address.error().message().contains("hidden")) << address.error().message();
    }
}

}  // namespace
}  // namespace tutti::services
