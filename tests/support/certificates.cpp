#include "support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace tests {
namespace {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using File = std::unique_ptr<std::FILE, Release<std::fclose>>;

constexpr long day = 86'400;

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string("certificates: ") + what);
}

void add_extension(X509* to, int id, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
    require(extension != nullptr && X509_add_ext(to, extension, -1) == 1, "extension");
    X509_EXTENSION_free(extension);
}

// Not signed yet.
Certificate make_certificate(EVP_PKEY* key, const std::string& name, long serial, long begins) {
    Certificate certificate(X509_new());
    X509* x = certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    X509_gmtime_adj(X509_getm_notBefore(x), begins);
    X509_gmtime_adj(X509_getm_notAfter(x), begins + day);
    X509_set_pubkey(x, key);
    const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, text, -1, -1, 0);
    return certificate;
}

File open_for_writing(const std::string& path) {
    File file(std::fopen(path.c_str(), "w"));
    require(file != nullptr, path.c_str());
    return file;
}

void write(const std::string& path, X509* certificate) {
    require(PEM_write_X509(open_for_writing(path).get(), certificate) == 1, path.c_str());
}

void write(const std::string& path, EVP_PKEY* key) {
    const File file = open_for_writing(path);
    require(PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
            path.c_str());
}

}  // namespace

struct CertificateAuthority::Identity {
    Key key{EVP_EC_gen("P-256")};
    Certificate certificate;
};

CertificateAuthority::CertificateAuthority(std::filesystem::path folder, const std::string& name)
    : folder_(std::move(folder)),
      file_((folder_ / (name + ".pem")).string()),
      identity_(std::make_unique<Identity>()) {
    identity_->certificate = make_certificate(identity_->key.get(), name, 1, -60);
    X509* const x = identity_->certificate.get();
    X509_set_issuer_name(x, X509_get_subject_name(x));
    add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(x, NID_key_usage, "critical,keyCertSign");
    require(X509_sign(x, identity_->key.get(), EVP_sha256()) > 0, "signature");
    write(file_, x);
}

CertificateAuthority::~CertificateAuthority() = default;

CertificateFiles CertificateAuthority::issue(const std::string& name, const std::string& hosts,
                                             Validity validity) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate =
        make_certificate(key.get(), name, ++serial_, validity == Validity::now ? -60 : -2 * day);
    X509* const x = certificate.get();
    X509_set_issuer_name(x, X509_get_subject_name(identity_->certificate.get()));
    add_extension(x, NID_subject_alt_name, hosts);
    require(X509_sign(x, identity_->key.get(), EVP_sha256()) > 0, "signature");
    CertificateFiles files{.certificate = (folder_ / (name + "-cert.pem")).string(),
                           .key = (folder_ / (name + "-key.pem")).string()};
    write(files.certificate, x);
    write(files.key, key.get());
    return files;
}

}  // namespace tests
