// A server on loopback that says over TLS that it is `host`, with a certificate of an authority of
// its own, and lets a script do the rest with each connection.
#pragma once

#include <openssl/ssl.h>

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "support/certificates.hpp"
#include "support/scripted_server.hpp"
#include "support/temporary_folder.hpp"

namespace tests {

class TlsServer {
public:
    // After the handshake.
    using Script = std::function<void(SSL* connection)>;

    TlsServer(const std::string& host, Script script) : script_(std::move(script)) {
        // It may write to a client that has refused it and left.
        std::signal(SIGPIPE, SIG_IGN);
        const auto files = authority_.issue("server", "DNS:" + host);
        SSL_CTX_use_PrivateKey_file(context_.get(), files.key.c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_use_certificate_file(context_.get(), files.certificate.c_str(), SSL_FILETYPE_PEM);
    }

    // Of what signs its certificate.
    [[nodiscard]] const std::string& ca_file() const { return authority_.file(); }
    // "https" gives "https://localhost:4711/".
    [[nodiscard]] std::string url(const std::string& scheme) const {
        const std::string http = server_.url();
        return scheme + "://localhost" + http.substr(http.rfind(':'));
    }
    [[nodiscard]] int connections() const { return server_.connections(); }

private:
    struct FreeContext {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    struct FreeConnection {
        void operator()(SSL* connection) const { SSL_free(connection); }
    };

    void talk(int socket) {
        const std::unique_ptr<SSL, FreeConnection> connection(SSL_new(context_.get()));
        SSL_set_fd(connection.get(), socket);
        if (SSL_accept(connection.get()) == 1) script_(connection.get());
    }

    const Script script_;
    TemporaryFolder folder_;
    CertificateAuthority authority_{folder_.file("")};
    std::unique_ptr<SSL_CTX, FreeContext> context_{SSL_CTX_new(TLS_server_method())};
    tutti::services::testing::ScriptedServer server_{[this](int socket, int) { talk(socket); }};
};

}  // namespace tests
