#include "redis/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace tutti::redis {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

std::unexpected<Error> unusable(const std::string& what, const error_code& error) {
    return fail(Errc::invalid_option, "redis tls", what + ": " + error.message());
}

// The host of the URL becomes a part of what OpenSSL verifies.
void expect_host(SSL* tls, const std::string& host) {
    error_code is_name;
    asio::ip::make_address(host, is_name);
    if (!is_name) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str());
        return;
    }
    SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(tls, host.c_str());
    SSL_set_tlsext_host_name(tls, host.c_str());  // whom a proxy is to ask
}

std::string describe_verification(long result, const TlsFiles& files) {
    const std::string reason = X509_verify_cert_error_string(result);
    switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "the server's certificate is for another host: use the name that it was issued for "
               "in the URL, or issue it for this one (" +
               reason + ")";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "the server's certificate is not valid now: renew it, or set the clock (" + reason +
               ")";
    default:
        return "the server's certificate is not trusted: " +
               std::string(files.ca.empty()
                               ? "name the authority that signed it with ?ca=FILE in the URL"
                               : "the file that the URL names with ca= does not hold the authority "
                                 "that signed it") +
               " (" + reason + ")";
    }
}

}  // namespace

class TlsContext {
public:
    // Asio wants it mutable; nothing changes once it is loaded.
    mutable ssl::context context{ssl::context::tls_client};
};

Result<std::shared_ptr<const TlsContext>> load_tls(const TlsFiles& files) {
    auto loaded = std::make_shared<TlsContext>();
    ssl::context& context = loaded->context;
    error_code error;
    if (files.ca.empty()) {
        if (context.set_default_verify_paths(error))
            return unusable("the system's trusted authorities cannot be loaded", error);
    } else {
        if (context.load_verify_file(files.ca, error))
            return unusable("cannot use " + files.ca + ", which the URL names as ca", error);
    }
    if (!files.certificate.empty()) {
        if (context.use_certificate_chain_file(files.certificate, error)) {
            return unusable("cannot use " + files.certificate + ", which the URL names as cert",
                            error);
        }
        if (context.use_private_key_file(files.key, ssl::context::pem, error)) {
            return unusable(
                "cannot use " + files.key + ", which the URL names as key, with the certificate",
                error);
        }
    }
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    context.set_verify_mode(ssl::verify_peer);
    return loaded;
}

bool is_end(const error_code& error) {
    return error == asio::error::eof || error == ssl::error::stream_truncated;
}

bool is_tls_error(const error_code& error) {
    return error.category() == asio::error::get_ssl_category();
}

struct TlsStream::Impl {
    Impl(Socket& socket, std::shared_ptr<const TlsContext> with)
        : context(std::move(with)), stream(socket, context->context) {}

    std::shared_ptr<const TlsContext> context;
    ssl::stream<Socket&> stream;
};

TlsStream::TlsStream(Socket& socket, std::shared_ptr<const TlsContext> context,
                     const std::string& host)
    : impl_(std::make_unique<Impl>(socket, std::move(context))) {
    expect_host(impl_->stream.native_handle(), host);
}

TlsStream::~TlsStream() = default;

void TlsStream::handshake(std::move_only_function<void(const error_code&)> done) {
    impl_->stream.async_handshake(ssl::stream_base::client, std::move(done));
}

void TlsStream::read_some(std::span<char> to, Done done) {
    impl_->stream.async_read_some(asio::buffer(to.data(), to.size()), std::move(done));
}

void TlsStream::write_some(std::string_view bytes, Done done) {
    impl_->stream.async_write_some(asio::buffer(bytes), std::move(done));
}

std::string TlsStream::describe(const error_code& error, const TlsFiles& files) const {
    const long verified = SSL_get_verify_result(impl_->stream.native_handle());
    if (verified != X509_V_OK) return describe_verification(verified, files);
    switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
        return "the server does not speak TLS on this port: the URL must begin with redis://, or "
               "name the port that `tls-port` in redis.conf says";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return "the server asks for a certificate of this client: add ?cert=FILE&key=FILE to the "
               "URL, or set `tls-auth-clients no` in redis.conf (" +
               error.message() + ")";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        return "the server does not trust the certificate that the URL names with cert= (" +
               error.message() + ")";
    default: return "TLS failed: " + error.message();
    }
}

}  // namespace tutti::redis
