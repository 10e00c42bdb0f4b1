#include "common/net/url.hpp"

#include <gtest/gtest.h>

namespace tutti::services::net {
namespace {

TEST(HttpUrl, PartsAreFound) {
    const auto url = HttpUrl::parse("https://api.example:8443/v1/chat?x=1");

    ASSERT_TRUE(url);
    EXPECT_EQ(url->scheme, HttpUrl::Scheme::https);
    EXPECT_EQ(url->host, "api.example");
    EXPECT_EQ(url->port, 8443);
    EXPECT_EQ(url->target, "/v1/chat?x=1");
    EXPECT_EQ(url->authority(), "api.example:8443");
    EXPECT_EQ(url->origin(), "https://api.example:8443");
}

TEST(HttpUrl, DefaultsAreFilledIn) {
    EXPECT_EQ(HttpUrl::parse("http://h")->port, 80);
    EXPECT_EQ(HttpUrl::parse("https://h")->port, 443);
    EXPECT_EQ(HttpUrl::parse("http://h")->target, "/");
    EXPECT_EQ(HttpUrl::parse("http://h?a=b")->target, "/?a=b");
    EXPECT_EQ(HttpUrl::parse("http://h:80")->authority(), "h");
}

TEST(HttpUrl, Ipv6AddressesWearBrackets) {
    const auto url = HttpUrl::parse("http://[::1]:3000/x");

    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "::1");
    EXPECT_EQ(url->port, 3000);
    EXPECT_EQ(url->authority(), "[::1]:3000");
    EXPECT_EQ(url->origin(), "http://[::1]:3000");
}

TEST(HttpUrl, WrongOnesAreRefusedWithoutBeingRepeated) {
    for (const char* text : {"",
                             "h",
                             "ftp://h",
                             "http://",
                             "http:///x",
                             "http://:80",
                             "http://h:",
                             "http://h:0",
                             "http://h:65536",
                             "http://h:80x",
                             "http://user:hidden@h",
                             "http://h/#hidden",
                             "http://h/a b",
                             "http://h/\r\nX: y",
                             "http://[::1",
                             "http://[::1]x",
                             "http://h\xc3\xa9/",
                             "http://h_\"/",
                             "http://h/%",
                             "http://h/%2",
                             "http://h/%zz",
                             "http://h/\"",
                             "http://h/?a=<b>"}) {
        const auto url = HttpUrl::parse(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().code, Errc::invalid_option) << text;
        EXPECT_FALSE(url.error().cause.contains("hidden")) << text;
    }
}

TEST(WebSocketUrl, IsTheUrlOfItsHandshake) {
    const auto secure = parse_websocket_url("wss://gateway.example/?v=10");
    const auto plain = parse_websocket_url("ws://127.0.0.1:8080");

    ASSERT_TRUE(secure);
    EXPECT_EQ(secure->scheme, HttpUrl::Scheme::https);
    EXPECT_EQ(secure->port, 443);
    EXPECT_EQ(secure->target, "/?v=10");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->origin(), "http://127.0.0.1:8080");
    for (const char* text : {"", "http://h", "https://h", "wss:h", "wss://", "WSS://h"}) {
        EXPECT_FALSE(parse_websocket_url(text)) << text;
    }
}

TEST(HttpUrl, KeepsASecretByTlsOrOnThisMachine) {
    for (const char* text : {"https://discord.com", "http://127.0.0.1:1", "http://127.9.9.9",
                             "http://localhost:1", "http://[::1]:1"}) {
        EXPECT_TRUE(keeps_secrets(*HttpUrl::parse(text))) << text;
    }
    for (const char* text : {"http://discord.com", "http://10.0.0.1", "http://localhost.example",
                             "http://127.0.0.1.example", "http://[::2]"}) {
        EXPECT_FALSE(keeps_secrets(*HttpUrl::parse(text))) << text;
    }
}

}  // namespace
}  // namespace tutti::services::net
