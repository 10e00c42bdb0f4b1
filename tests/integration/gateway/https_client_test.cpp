// The client over TLS, against a server whose certificate is made here.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "scripted_server.hpp"
#include "support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

template <auto release>
struct Release {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>>;
using Connection = std::unique_ptr<SSL, Release<SSL_free>>;

// Self-signed, valid for a day.
Certificate make_certificate(EVP_PKEY* key, const std::string& host) {
    Certificate certificate(X509_new());
    X509* x = certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 86'400);
    X509_set_pubkey(x, key);
    const auto* name = reinterpret_cast<const unsigned char*>(host.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    const std::string names = "DNS:" + host;
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(x, key, EVP_sha256());
    return certificate;
}

class Https : public ::testing::Test {
protected:
    // The server may write to a client that has refused it and left.
    void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }

    void serve_as(const std::string& host) {
        const Key key(EVP_EC_gen("P-256"));
        const Certificate certificate = make_certificate(key.get(), host);
        context_.reset(SSL_CTX_new(TLS_server_method()));
        SSL_CTX_use_PrivateKey(context_.get(), key.get());
        SSL_CTX_use_certificate(context_.get(), certificate.get());
        std::FILE* file = std::fopen(ca_file().c_str(), "w");
        PEM_write_X509(file, certificate.get());
        std::fclose(file);
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
    [[nodiscard]] std::string ca_file() const { return folder_.file("ca.pem"); }
    [[nodiscard]] std::string url() const {
        const std::string http = server_->url();
        return "https://localhost" + http.substr(http.rfind(':'));
    }
    static TimePoint soon() { return Boottime::now() + 5s; }

    TemporaryFolder folder_;
    Context context_;
    std::unique_ptr<ScriptedServer> server_;
};

TEST_F(Https, TrustedConnectionIsUsedAgain) {
    serve_as("localhost");
    HttpClient client({.ca_file = ca_file()});

    const auto first = client.send(url(), {}, soon());
    const auto second = client.send(url(), {.method = "POST", .body = "x"}, soon());

    ASSERT_TRUE(first) << first.error().message();
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_EQ(first->body + second->body, "12");
    EXPECT_EQ(server_->connections(), 1);
}

TEST_F(Https, UntrustedCertificateIsRefused) {
    serve_as("localhost");
    HttpClient client;

    const auto response = client.send(url(), {}, soon());

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::protocol) << response.error().message();
}

TEST_F(Https, CertificateOfAnotherHostIsRefused) {
    serve_as("elsewhere.example");
    HttpClient client({.ca_file = ca_file()});

    const auto response = client.send(url(), {}, soon());

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::protocol) << response.error().message();
}

TEST_F(Https, PlainServerIsNotTls) {
    ScriptedServer plain(
        [](int socket, int) { ScriptedServer::send(socket, "HTTP/1.1 400 no\r\n\r\n"); });
    const std::string http = plain.url();
    HttpClient client;

    const auto response = client.send("https" + http.substr(4), {}, soon());

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::protocol) << response.error().message();
}

TEST_F(Https, SilentHandshakeTimesOut) {
    ScriptedServer silent([](int socket, int) { ScriptedServer::wait_for_end(socket); });
    const std::string http = silent.url();
    HttpClient client;

    const auto response = client.send("https" + http.substr(4), {}, Boottime::now() + 50ms);

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::timeout) << response.error().message();
}

TEST_F(Https, MissingFileOfRootsIsNamed) {
    HttpClient client({.ca_file = folder_.file("none.pem")});

    const auto response = client.send("https://localhost:1/", {}, soon());

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::invalid_option);
    EXPECT_TRUE(response.error().cause.contains("none.pem"));
}

}  // namespace
}  // namespace tutti::services
