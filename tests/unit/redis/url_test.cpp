#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tutti/redis_url.hpp"

namespace tutti::redis {
namespace {

TEST(RedisUrl, NamesHostPortAndDatabase) {
    const auto url = Url::parse("redis://db.example.com:6380/7");

    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "db.example.com");
    EXPECT_EQ(url->port, 6380);
    EXPECT_EQ(url->database, 7U);
    EXPECT_EQ(url->password, "");
    EXPECT_EQ(url->endpoint(), "db.example.com:6380");
    EXPECT_EQ(url->redacted(), "redis://db.example.com:6380/7");
}

TEST(RedisUrl, PortAndDatabaseHaveDefaults) {
    for (const char* text : {"redis://h", "redis://h/", "redis://h:6379", "redis://h:6379/0"}) {
        const auto url = Url::parse(text);
        ASSERT_TRUE(url) << text;
        EXPECT_EQ(url->redacted(), "redis://h:6379");
    }
}

TEST(RedisUrl, UserAndPasswordArePercentDecodedAndRedacted) {
    const auto url = Url::parse("redis://us%3Aer:p%40s%2Fs@h");
    const auto only_password = Url::parse("redis://:p@ss@h:1");

    ASSERT_TRUE(url);
    EXPECT_EQ(url->user, "us:er");
    EXPECT_EQ(url->password, "p@s/s");
    EXPECT_EQ(url->redacted(), "redis://us:er:***@h:6379");
    ASSERT_TRUE(only_password);
    EXPECT_EQ(only_password->user, "");
    EXPECT_EQ(only_password->password, "p@ss");
    EXPECT_EQ(only_password->redacted(), "redis://:***@h:1");
}

TEST(RedisUrl, AnIpv6AddressStandsInBrackets) {
    const auto url = Url::parse("redis://[::1]:7000/1");

    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "::1");
    EXPECT_EQ(url->redacted(), "redis://[::1]:7000/1");
}

TEST(RedisUrl, AUnixSocketHasAPathAndMayHaveADatabase) {
    for (const char* text :
         {"unix:///run/my%20redis.sock?db=3", "redis+unix:///run/my redis.sock?db=3"}) {
        const auto url = Url::parse(text);
        ASSERT_TRUE(url) << text;
        EXPECT_TRUE(url->is_unix());
        EXPECT_EQ(url->path, "/run/my redis.sock");
        EXPECT_EQ(url->database, 3U);
    }
    const auto login = Url::parse("unix://u:p@/run/redis.sock");
    ASSERT_TRUE(login);
    EXPECT_EQ(login->user, "u");
    EXPECT_EQ(login->redacted(), "unix://u:***@/run/redis.sock");
}

TEST(RedisUrl, AMalformedOneIsRefusedWithoutRepeatingAnyOfIt) {
    for (const std::string& text :
         std::vector<std::string>{"",
                                  "redis",
                                  "redis:",
                                  "redis://",
                                  "://h",
                                  "h:6379",
                                  "http://h",
                                  "REDIS://h",
                                  "redis:///0",
                                  "redis://:6379",
                                  "redis://h:",
                                  "redis://h:0",
                                  "redis://h:65536",
                                  "redis://h:x",
                                  "redis://h:1x",
                                  "redis://h:-1",
                                  "redis://h/x",
                                  "redis://h/-1",
                                  "redis://h/0/0",
                                  "redis://h/65536",
                                  "redis://h?db=1",
                                  "redis://h/0#a",
                                  "redis://s3cret@h",
                                  "redis://:@h",
                                  "redis://u:s3cret%@h",
                                  "redis://u:s3cret%4@h",
                                  "redis://u:s3cret%zz@h",
                                  "redis://u:s3/cret@h",
                                  "redis://:s3?cret@h",
                                  "redis://:s3cret@",
                                  "redis://:s3cret@h:port",
                                  "redis://h ost",
                                  "redis://h\n",
                                  "redis://[::1",
                                  "redis://[::1]x",
                                  "redis://[]",
                                  "redis://::1",
                                  "rediss://",
                                  "redis://h?ca=/ca.pem",
                                  "rediss://:s3?cret@h",
                                  "rediss://h?ca",
                                  "rediss://h?ca=",
                                  "rediss://h?ca=%",
                                  "rediss://h?ca=/a&ca=/b",
                                  "rediss://h?cert=/c",
                                  "rediss://h?key=/k",
                                  "rediss://h?verify=s3cret",
                                  "rediss://h?&",
                                  "rediss://h?ca=/a%00b",
                                  "redis://h?replicas=0",
                                  "redis://h?replicas=101",
                                  "redis://h?replicas=x",
                                  "redis://h?replicas",
                                  "redis://h?replicas=1&replicas=1",
                                  "redis://h?sentinel_password=s3cret",
                                  "redis+sentinel://",
                                  "redis+sentinel://h",
                                  "redis+sentinel://h/",
                                  "redis+sentinel://h//1",
                                  "redis+sentinel://,h/main",
                                  "redis+sentinel://h,/main",
                                  "redis+sentinel://h:x/main",
                                  "redis+sentinel://h/main/x",
                                  "redis+sentinel://h/main?ca=/a",
                                  "redis+sentinel://h/ma in",
                                  "redis+sentinel://s3cret@h/main",
                                  "redis+sentinel://h/main?sentinel_user=u",
                                  "redis+sentinel://h/m?sentinel_password=",
                                  "unix:///p?ca=/a",
                                  "unix://",
                                  "unix://s3cret",
                                  "unix://relative/path",
                                  "unix:///p?db=x",
                                  "unix:///p?x=1",
                                  "unix:///p?db=",
                                  "unix:///p%00q",
                                  "unix:///p%",
                                  "unix:///" + std::string(200, 'p')}) {
        const auto url = Url::parse(text);

        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().code, Errc::invalid_option) << text;
        EXPECT_EQ(url.error().message().find("s3cret"), std::string::npos) << url.error().message();
    }
}

TEST(RedisUrl, SentinelsNameTheServersThatTheyWatch) {
    const auto url = Url::parse(
        "redis+sentinel://u:p%40ss@a,b:7000,[::1]:7001/my%2Dgroup/3?replicas=2&sentinel_user=s&"
        "sentinel_password=q%26");

    ASSERT_TRUE(url) << url.error().message();
    EXPECT_EQ(*url->sentinel,
              (SentinelGroup{.sentinels = {{"a", 26'379}, {"b", 7000}, {"::1", 7001}},
                             .name = "my-group",
                             .user = "s",
                             .password = "q&"}));
    EXPECT_EQ(url->database, 3U);
    EXPECT_EQ(url->replicas, 2U);
    EXPECT_FALSE(url->is_unix());
    EXPECT_EQ(url->endpoint(), "the primary of 'my-group'");
    EXPECT_EQ(url->redacted(),
              "redis+sentinel://u:***@a:26379,b:7000,[::1]:7001/my-group/3?replicas=2");
    EXPECT_TRUE(Url::parse("rediss+sentinel://a/main?ca=/ca.pem")->tls);
}

TEST(RedisUrl, TheLoginGoesToTheServerAndTheSentinelsHaveTheirOwn) {
    const auto url = Url::parse("redis+sentinel://u:p@a,b/main/3?sentinel_password=q&replicas=2");
    ASSERT_TRUE(url);

    const Url server = url->at({"10.0.0.1", 6380});
    const Url sentinel = url->of_sentinel({"a", 26'379});

    EXPECT_EQ(server.endpoint(), "10.0.0.1:6380");
    EXPECT_EQ(server.redacted(), "redis://u:***@10.0.0.1:6380/3?replicas=2");
    EXPECT_EQ(sentinel.endpoint(), "a:26379");
    EXPECT_EQ(sentinel.user, "");
    EXPECT_EQ(sentinel.password, "q");
    EXPECT_EQ(sentinel.database, 0U);
}

TEST(RedisUrl, ReplicasMayBeSaidOfEveryServer) {
    EXPECT_EQ(Url::parse("redis://h")->replicas, 0U);
    EXPECT_EQ(Url::parse("redis://h/1?replicas=2")->replicas, 2U);
    EXPECT_EQ(Url::parse("rediss://h?ca=/a&replicas=4")->replicas, 4U);
    EXPECT_EQ(Url::parse("unix:///p?db=1&replicas=1")->redacted(), "unix:///p?db=1&replicas=1");
}

TEST(RedisUrl, TlsHasASchemeAndFiles) {
    const auto bare = Url::parse("rediss://u:p@h:6380/3");
    const auto full = Url::parse("rediss://h?ca=/etc/my%20ca.pem&cert=/c.pem&key=k%26.pem");

    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->tls, TlsFiles{});
    EXPECT_EQ(bare->user, "u");
    EXPECT_EQ(bare->database, 3U);
    EXPECT_EQ(bare->redacted(), "rediss://u:***@h:6380/3");
    ASSERT_TRUE(full);
    EXPECT_EQ(full->tls, (TlsFiles{"/etc/my ca.pem", "/c.pem", "k&.pem"}));
    EXPECT_FALSE(Url::parse("redis://h")->tls);
}

}  // namespace
}  // namespace tutti::redis
