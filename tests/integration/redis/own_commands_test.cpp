// Commands of a program's own: each is sent once, and its error says whether it may have been
// carried out.
#include <gtest/gtest.h>

#include <thread>

#include "client.hpp"
#include "support/fake_server.hpp"
#include "support/no_descriptors.hpp"
#include "support/redis_server.hpp"
#include "tutti/redis/connection.hpp"

namespace tests {
namespace {

using namespace tutti;
using redis::Connection;
using redis::Connector;
using redis::Reply;

Connector connector_to(const std::string& url, redis::ReplyLimits limits = {}) {
    return Connector::create(url, limits).value();
}

class RedisOwnCommands : public testing::Test {
protected:
    RedisServer server;
    Connection connection = connector_to(server.url()).connect(soon()).value();
};

TEST_F(RedisOwnCommands, RepliesOfEveryKindArrive) {
    EXPECT_TRUE(connection.command({"SET", "k", std::string_view("a\0b", 3)}, soon())
                    ->is(Reply::Type::status));
    EXPECT_EQ(connection.command({"GET", "k"}, soon())->text, std::string("a\0b", 3));
    EXPECT_TRUE(connection.command({"GET", "absent"}, soon())->is(Reply::Type::nil));
    EXPECT_EQ(connection.command({"STRLEN", "k"}, soon())->integer, 3);
    EXPECT_TRUE(connection.command({"INCR", "k"}, soon())->is_error("ERR"));
    const auto array = connection.command({"EVAL", "return {1,{'x'},false}", "0"}, soon());
    ASSERT_EQ(array->items.size(), 3U);
    EXPECT_EQ(array->items[1].items[0].text, "x");
    EXPECT_TRUE(connection.usable());
}

TEST_F(RedisOwnCommands, TheDatabaseOfTheUrlIsUsedOverASocketToo) {
    auto other = connector_to(server.unix_url() + "?db=1").connect(soon()).value();

    ASSERT_TRUE(other.command({"SET", "k", "v"}, soon()));

    EXPECT_EQ(connection.command({"EXISTS", "k"}, soon())->integer, 0);
    const auto absent = connector_to(server.url() + "/9999").connect(soon());
    EXPECT_EQ(absent.error().code, Errc::refused);
}

TEST_F(RedisOwnCommands, ACommandThatWaitsInTheServerHoldsUpNoOtherConnection) {
    auto waiting = connector_to(server.url()).connect(soon()).value();
    std::jthread waiter([&] { EXPECT_TRUE(waiting.command({"BLPOP", "list", "0"}, soon(20s))); });
    ASSERT_TRUE(eventually([&] {
        return server.command({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
    }));

    EXPECT_EQ(connection.command({"RPUSH", "list", "x"}, soon())->integer, 1);
}

TEST_F(RedisOwnCommands, SilenceIsATimeoutAndTheEndOfTheConnection) {
    server.pause();
    const auto late = connection.command({"SET", "k", "v"}, soon(50ms));
    server.resume();

    EXPECT_EQ(late.error().code, Errc::timeout);
    EXPECT_FALSE(connection.usable());
    EXPECT_EQ(connection.command({"GET", "k"}, soon()).error().code, Errc::unavailable);
}

TEST_F(RedisOwnCommands, AnEndBetweenTwoCommandsIsSeenBeforeTheNextIsSent) {
    ASSERT_TRUE(connection.command({"PING"}, soon()));
    server.kill();

    EXPECT_TRUE(eventually([&] { return !connection.usable(); }));
    EXPECT_EQ(connection.command({"PING"}, soon()).error().code, Errc::unavailable);
    EXPECT_EQ(connector_to(server.url()).connect(soon()).error().code, Errc::unavailable);
}

TEST_F(RedisOwnCommands, AnEndInsteadOfAReplyIsATimeoutBecauseTheCommandMayHaveArrived) {
    EXPECT_EQ(connection.command({"SHUTDOWN", "NOSAVE", "NOW"}, soon()).error().code,
              Errc::timeout);
}

TEST_F(RedisOwnCommands, ALargeReplyIsCutAndTheConnectionGoesOn) {
    auto bounded = connector_to(server.url(), {.bytes_max = 1000}).connect(soon()).value();
    const char* three = "local t = string.rep('x', 400) return {t, t, t}";

    const auto cut = bounded.command({"EVAL", three, "0"}, soon());

    ASSERT_TRUE(cut) << cut.error().message();
    EXPECT_TRUE(cut->items[1].is(Reply::Type::text));
    EXPECT_TRUE(cut->items[2].is(Reply::Type::oversized));
    EXPECT_EQ(bounded.command({"EVAL", "return string.rep('x', 1000)", "0"}, soon())->text.size(),
              1000U);
}

TEST_F(RedisOwnCommands, WithoutAWordNothingIsSent) {
    EXPECT_EQ(connection.command({}, soon()).error().code, Errc::invalid_option);
    EXPECT_TRUE(connection.usable());
}

TEST_F(RedisOwnCommands, WithoutADescriptorThereIsNoConnection) {
    const auto connector = connector_to(server.url());
    const NoDescriptors none;

    EXPECT_EQ(connector.connect(soon()).error().code, Errc::unavailable);
}

TEST(RedisOwnCommandsPeer, WhatIsNoRedisIsAProtocolError) {
    const FakeServer server("HTTP/1.1 400 Bad Request\r\n\r\n", FakeServer::Then::keep_open);
    auto connection = connector_to(server.url()).connect(soon()).value();

    EXPECT_EQ(connection.command({"PING"}, soon()).error().code, Errc::protocol);
    EXPECT_FALSE(connection.usable());
}

TEST(RedisOwnCommandsPeer, AnAnswerThatNothingAskedForEndsTheConnection) {
    const FakeServer server("+OK\r\n+and another\r\n", FakeServer::Then::keep_open);
    auto connection = connector_to(server.url()).connect(soon()).value();

    EXPECT_TRUE(connection.command({"PING"}, soon()));

    EXPECT_TRUE(eventually([&] { return !connection.usable(); }));
}

TEST(RedisOwnCommandsPeer, AWrongPasswordIsRefusedAndNotRepeated) {
    const RedisServer server({.config = {"requirepass right"}, .password = "right"});
    const std::string host = "@127.0.0.1:" + std::to_string(server.port());

    EXPECT_TRUE(connector_to("redis://:right" + host).connect(soon()));
    const auto wrong = connector_to("redis://:hidden" + host).connect(soon());

    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, Errc::refused);
    EXPECT_FALSE(wrong.error().message().contains("hidden"));
}

TEST(RedisOwnCommandsPeer, ASilentServerIsATimeoutOfTheLogin) {
    RedisServer server({.config = {"requirepass right"}, .password = "right"});
    server.pause();

    const auto late = connector_to(server.url()).connect(soon(50ms));

    server.resume();
    EXPECT_EQ(late.error().code, Errc::timeout);
}

TEST(RedisOwnCommandsPeer, BadUrlsAreRefusedBeforeAnyConnection) {
    EXPECT_EQ(Connector::create("http://h").error().code, Errc::invalid_option);
    EXPECT_EQ(Connector::create("rediss://h?ca=/no/such/file").error().code, Errc::invalid_option);
}

}  // namespace
}  // namespace tests
