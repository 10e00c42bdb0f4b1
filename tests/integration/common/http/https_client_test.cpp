// The client over TLS, against a server whose certificate is made here.
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>

#include "integration/api_gateway/support.hpp"
#include "support/scripted_server.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_server.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

class Https : public ::testing::Test {
protected:
    void serve_as(const std::string& host) {
        server_ = std::make_unique<tests::TlsServer>(host, answer_with_numbers);
    }
    // Answers each request of a connection with its number.
    static void answer_with_numbers(SSL* connection) {
        std::array<char, 4096> block{};
        for (int i = 1; SSL_read(connection, block.data(), block.size()) > 0; ++i) {
            const std::string answer =
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(i);
            SSL_write(connection, answer.data(), static_cast<int>(answer.size()));
        }
    }
    [[nodiscard]] const std::string& ca_file() const { return server_->ca_file(); }
    [[nodiscard]] std::string url() const { return server_->url("https"); }
    static TimePoint soon() { return Boottime::now() + 5s; }

    std::unique_ptr<tests::TlsServer> server_;
};

TEST_F(Https, TrustedConnectionIsUsedAgain) {
    serve_as("localhost");
    http::Client client({.ca_file = ca_file()});

    const auto first = client.send(url(), {}, soon());
    const auto second = client.send(url(), {.method = "POST", .body = "x"}, soon());

    ASSERT_TRUE(first) << first.error().message();
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_EQ(first->body + second->body, "12");
    EXPECT_EQ(server_->connections(), 1);
}

TEST_F(Https, UntrustedCertificateIsRefused) {
    serve_as("localhost");
    http::Client client;

    const auto response = client.send(url(), {}, soon());

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::protocol) << response.error().message();
}

TEST_F(Https, CertificateOfAnotherHostIsRefused) {
    serve_as("elsewhere.example");
    http::Client client({.ca_file = ca_file()});

    const auto response = client.send(url(), {}, soon());

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::protocol) << response.error().message();
}

TEST_F(Https, PlainServerIsNotTls) {
    ScriptedServer plain(
        [](int socket, int) { ScriptedServer::send(socket, "HTTP/1.1 400 no\r\n\r\n"); });
    const std::string http = plain.url();
    http::Client client;

    const auto response = client.send("https" + http.substr(4), {}, soon());

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::protocol) << response.error().message();
}

TEST_F(Https, SilentHandshakeTimesOut) {
    ScriptedServer silent([](int socket, int) { ScriptedServer::wait_for_end(socket); });
    const std::string http = silent.url();
    http::Client client;

    const auto response = client.send("https" + http.substr(4), {}, Boottime::now() + 50ms);

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::timeout) << response.error().message();
}

TEST_F(Https, MissingFileOfRootsIsNamed) {
    const TemporaryFolder folder;
    http::Client client({.ca_file = folder.file("none.pem")});

    const auto response = client.send("https://localhost:1/", {}, soon());

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::invalid_option);
    EXPECT_TRUE(response.error().cause.contains("none.pem"));
}

}  // namespace
}  // namespace tutti::services
