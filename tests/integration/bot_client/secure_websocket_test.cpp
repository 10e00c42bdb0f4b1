// WebSocket over TLS, against a server whose certificate is made here: what is sent has a token in
// it, so it goes to the right host or to none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>

#include "common/net/websocket.hpp"
#include "support/tls_server.hpp"
#include "support/websocket_peer.hpp"

namespace tutti::services::net {
namespace {

using namespace std::chrono_literals;
using tests::WebSocketPeer;

class SecureWebSocket : public ::testing::Test {
protected:
    void serve_as(const std::string& host) {
        server_ = std::make_unique<tests::TlsServer>(host, echo);
    }
    static void echo(SSL* connection) {
        WebSocketPeer peer(
            [&](char* to, std::size_t size) {
                return SSL_read(connection, to, static_cast<int>(size));
            },
            [&](const char* from, std::size_t size) {
                return SSL_write(connection, from, static_cast<int>(size));
            });
        peer.shake_hands();
        while (const auto frame = peer.read()) {
            if (frame->kind == WebSocketPeer::Kind::text) peer.say(frame->bytes);
            if (frame->kind == WebSocketPeer::Kind::ping) {
                peer.send(WebSocketPeer::Kind::pong, frame->bytes);
            }
            if (frame->kind == WebSocketPeer::Kind::close) return peer.close(1000);
        }
    }
    std::unique_ptr<WebSocket> made(const std::string& ca_file) {
        const auto url = parse_websocket_url(server_->url("wss"));
        return *WebSocket::make({.url = *url, .roots = *load_trusted_roots(ca_file)});
    }
    static TimePoint soon() { return Boottime::now() + 5s; }

    std::unique_ptr<tests::TlsServer> server_;
};

TEST_F(SecureWebSocket, CarriesMessagesBothWays) {
    serve_as("localhost");
    const auto socket = made(server_->ca_file());
    const auto opened = socket->open({"127.0.0.1"}, soon());
    ASSERT_TRUE(opened.has_value()) << opened.error().message();

    ASSERT_TRUE(socket->send("hello", soon()).has_value());
    const auto event = socket->next(soon());
    ASSERT_TRUE(event.has_value());
    EXPECT_EQ(std::get<WebSocket::Message>(*event).bytes, "hello");

    ASSERT_TRUE(socket->ping(soon()).has_value());
    const auto pong = socket->next(soon());
    ASSERT_TRUE(pong.has_value());
    EXPECT_TRUE(std::holds_alternative<WebSocket::Pong>(*pong));
    socket->close(1000, soon());
}

TEST_F(SecureWebSocket, AnUntrustedServerIsRefusedBeforeAnythingIsSent) {
    serve_as("localhost");

    const auto opened = made("")->open({"127.0.0.1"}, soon());

    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, Errc::protocol) << opened.error().message();
}

TEST_F(SecureWebSocket, ACertificateOfAnotherHostIsRefused) {
    serve_as("elsewhere.example");

    const auto opened = made(server_->ca_file())->open({"127.0.0.1"}, soon());

    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, Errc::protocol) << opened.error().message();
}

TEST_F(SecureWebSocket, AWaitEndsAtItsDeadlineAndWhenItIsWoken) {
    serve_as("localhost");
    const auto socket = made(server_->ca_file());
    ASSERT_TRUE(socket->open({"127.0.0.1"}, soon()).has_value());

    EXPECT_FALSE(socket->next(Boottime::now() + 20ms).has_value());
    socket->wake();
    const TimePoint begun = Boottime::now();
    EXPECT_FALSE(socket->next(begun + 5s).has_value());
    EXPECT_LT(Boottime::now() - begun, 1s);
}

}  // namespace
}  // namespace tutti::services::net
