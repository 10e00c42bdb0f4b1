// A real redis-server with a TLS port, and every way in which the two sides do not fit together.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "client.hpp"
#include "support/certificates.hpp"
#include "support/fake_server.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using namespace tutti;

// The certificates lie in the folder of a first server, which is what a plain client meets.
class RedisTls : public testing::Test {
protected:
    void serve(const CertificateFiles& files, const std::string& clients = "no") {
        port_ = free_port();
        server_ = std::make_unique<RedisServer>(RedisServerOptions{
            .config = {"tls-port " + std::to_string(port_), "tls-cert-file " + files.certificate,
                       "tls-key-file " + files.key, "tls-ca-cert-file " + authority_.file(),
                       "tls-auth-clients " + clients, "requirepass s3cret"},
            .password = "s3cret"});
    }
    CertificateFiles for_localhost() {
        return authority_.issue("server", "DNS:localhost,IP:127.0.0.1");
    }
    [[nodiscard]] std::string url(const std::string& host, const std::string& options) const {
        return "rediss://:s3cret@" + host + ":" + std::to_string(port_) + options;
    }
    [[nodiscard]] std::string ca() const { return "?ca=" + authority_.file(); }
    static Client at(const std::string& url) {
        return Client(redis::OpenOptions{.url = url, .app = "test", .connect_timeout = 500ms});
    }
    static void expect_error(const Client& client, Errc code, const std::string& part) {
        ASSERT_FALSE(client.is_open());
        EXPECT_EQ(client.error().code, code) << client.error().message();
        EXPECT_NE(client.error().cause.find(part), std::string::npos) << client.error().message();
        EXPECT_EQ(client.error().message().find("s3cret"), std::string::npos);
    }

    RedisServer plain_;
    CertificateAuthority authority_{plain_.folder()};
    std::unique_ptr<RedisServer> server_;
    std::uint16_t port_ = 0;
};

TEST_F(RedisTls, StoreAndBusWorkByNameAndByAddress) {
    serve(for_localhost());

    for (const std::string host : {"localhost", "127.0.0.1"}) {
        Client client = at(url(host, "/2" + ca()));
        ASSERT_TRUE(client.is_open()) << host << ": " << client.error().message();
        client.subscribe({{.channel = "cache:x", .plain = true}});
        EXPECT_EQ(client.put("key", host), true);
        EXPECT_EQ(client.get("key"), host);
        EXPECT_TRUE(client.publish(
            {.channel = "cache:x", .changed = {.keys = {"a"}}, .plain_events = {"e"}}));
        EXPECT_TRUE(client.recorder().wait("entry"));
        EXPECT_TRUE(client.probe());
    }
}

TEST_F(RedisTls, AValueOfManyRecordsArrivesWhole) {
    serve(for_localhost());
    Client client = at(url("localhost", ca()));
    ASSERT_TRUE(client.is_open()) << client.error().message();
    std::string value(5'000'000, 'a');
    for (std::size_t i = 0; i < value.size(); i += 7) value[i] = static_cast<char>('a' + i % 26);

    EXPECT_EQ(client.put("large", value), true);

    EXPECT_EQ(client.get("large"), value);
}

TEST_F(RedisTls, TheConnectionComesBackAfterARestart) {
    serve(for_localhost());
    Client client = at(url("localhost", ca()));
    ASSERT_TRUE(client.is_open()) << client.error().message();

    server_->restart();

    EXPECT_TRUE(eventually([&] { return client.put("k", "v").value_or(false); }));
}

TEST_F(RedisTls, AnUnknownAuthorityIsRefused) {
    serve(for_localhost());
    const CertificateAuthority other(plain_.folder(), "other");

    expect_error(at(url("localhost", "")), Errc::refused,
                 "not trusted: name the authority that signed it with ?ca=FILE");
    expect_error(at(url("localhost", "?ca=" + other.file())), Errc::refused,
                 "ca= does not hold the authority");
}

TEST_F(RedisTls, WithoutAFileTheSystemsAuthoritiesCount) {
    serve(for_localhost());
    ::setenv("SSL_CERT_FILE", authority_.file().c_str(), 1);

    const Client client = at(url("localhost", ""));

    ::unsetenv("SSL_CERT_FILE");
    EXPECT_TRUE(client.is_open()) << client.error().message();
}

TEST_F(RedisTls, ACertificateForAnotherHostIsRefused) {
    serve(authority_.issue("server", "DNS:redis.example,IP:127.0.0.9"));

    expect_error(at(url("localhost", ca())), Errc::refused, "is for another host");
    expect_error(at(url("127.0.0.1", ca())), Errc::refused, "is for another host");
}

TEST_F(RedisTls, ANameIsNotAnAddress) {
    serve(authority_.issue("server", "DNS:127.0.0.1"));

    expect_error(at(url("127.0.0.1", ca())), Errc::refused, "is for another host");
}

TEST_F(RedisTls, ACertificateThatHasExpiredIsRefused) {
    serve(authority_.issue("server", "DNS:localhost", CertificateAuthority::Validity::over));

    expect_error(at(url("localhost", ca())), Errc::refused, "not valid now");
}

TEST_F(RedisTls, AServerThatWantsToKnowItsClients) {
    serve(for_localhost(), "yes");
    const auto mine = authority_.issue("client", "DNS:client");
    CertificateAuthority other(plain_.folder(), "other");
    const auto foreign = other.issue("foreign", "DNS:client");
    const auto with = [&](const CertificateFiles& files) {
        return url("localhost", ca() + "&cert=" + files.certificate + "&key=" + files.key);
    };

    const Client known = at(with(mine));
    EXPECT_TRUE(known.is_open()) << known.error().message();
    expect_error(at(url("localhost", ca())), Errc::refused, "add ?cert=FILE&key=FILE");
    expect_error(at(with(foreign)), Errc::refused, "does not trust the certificate");
    expect_error(at(with({.certificate = mine.certificate, .key = foreign.key})),
                 Errc::invalid_option, "names as key");
}

TEST_F(RedisTls, APlainServerBehindRediss) {
    const std::string host = "localhost:" + std::to_string(plain_.port());

    expect_error(at("rediss://:s3cret@" + host), Errc::timeout,
                 "did not answer the TLS handshake within 500 ms");
    expect_error(at("rediss://:s3cret@" + host), Errc::timeout, "redis://");
}

TEST_F(RedisTls, AServerThatAnswersInPlainText) {
    const FakeServer chatty("-ERR unknown command\r\n", FakeServer::Then::keep_open);
    const FakeServer closing("", FakeServer::Then::close);

    expect_error(at("rediss" + chatty.url().substr(5)), Errc::refused,
                 "does not speak TLS on this port");
    expect_error(at("rediss" + closing.url().substr(5)), Errc::unavailable,
                 "during the TLS handshake");
}

TEST_F(RedisTls, ATlsServerBehindRedis) {
    serve(for_localhost());

    const Client client = at("redis://:s3cret@localhost:" + std::to_string(port_));

    ASSERT_FALSE(client.is_open());
    EXPECT_NE(client.error().cause.find("must begin with rediss://"), std::string::npos)
        << client.error().message();
}

TEST_F(RedisTls, FilesThatCannotBeUsedAreNamed) {
    expect_error(at("rediss://localhost?ca=/nowhere/ca.pem"), Errc::invalid_option,
                 "/nowhere/ca.pem, which the URL names as ca");
    expect_error(at("rediss://localhost?cert=/nowhere/c.pem&key=/nowhere/k.pem"),
                 Errc::invalid_option, "/nowhere/c.pem, which the URL names as cert");
}

}  // namespace
}  // namespace tests
