// The client over TLS, against a server whose certificate is made here.
#include <openssl/ssl.h>

#include <csignal>
#include <memory>
#include <string>

#include "integration/api_gateway/support.hpp"
#include "support/certificates.hpp"
#include "support/scripted_server.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeConnection {
    void operator()(SSL* connection) const { SSL_free(connection); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;
using Connection = std::unique_ptr<SSL, FreeConnection>;

class Https : public ::testing::Test {
protected:
    // The server may write to a client that has refused it and left.
    void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }

    void serve_as(const std::string& host) {
        const auto files = authority_.issue("server", "DNS:" + host);
        context_.reset(SSL_CTX_new(TLS_server_method()));
        SSL_CTX_use_PrivateKey_file(context_.get(), files.key.c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_use_certificate_file(context_.get(), files.certificate.c_str(), SSL_FILETYPE_PEM);
        server_ = std::make_unique<ScriptedServer>([this](int socket, int) { talk(socket); });
    }
    // Answers each request of a connection with its number.
    void talk(int socket) {
        const Connection tls(SSL_new(context_.get()));
        SSL_set_fd(tls.get(), socket);
        if (SSL_accept(tls.get()) != 1) return;
        std::array<char, 4096> block{};
        for (int i = 1; SSL_read(tls.get(), block.data(), block.size()) > 0; ++i) {
            const std::string answer =
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(i);
            SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
        }
    }
    [[nodiscard]] const std::string& ca_file() const { return authority_.file(); }
    [[nodiscard]] std::string url() const {
        const std::string http = server_->url();
        return "https://localhost" + http.substr(http.rfind(':'));
    }
    static TimePoint soon() { return Boottime::now() + 5s; }

    TemporaryFolder folder_;
    tests::CertificateAuthority authority_{folder_.file("")};
    Context context_;
    std::unique_ptr<ScriptedServer> server_;
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
    http::Client client({.ca_file = folder_.file("none.pem")});

    const auto response = client.send("https://localhost:1/", {}, soon());

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::invalid_option);
    EXPECT_TRUE(response.error().cause.contains("none.pem"));
}

}  // namespace
}  // namespace tutti::services
