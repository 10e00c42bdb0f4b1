// An authority of a test's own, and certificates that it signs: PEM files in a folder of the test,
// valid for a day. Throws std::runtime_error when OpenSSL does not do as asked.
//
//     tests::CertificateAuthority authority(folder);
//     const auto files = authority.issue("server", "DNS:localhost,IP:127.0.0.1");
//
// Thread-safety: none.
#pragma once

#include <openssl/types.h>

#include <filesystem>
#include <memory>
#include <string>

namespace tests {

struct CertificateFiles {
    std::string certificate;
    std::string key;
};

class CertificateAuthority {
public:
    // `name` tells the files of two authorities in one folder apart.
    explicit CertificateAuthority(std::filesystem::path folder, const std::string& name = "ca");
    ~CertificateAuthority();
    CertificateAuthority(const CertificateAuthority&) = delete;
    CertificateAuthority& operator=(const CertificateAuthority&) = delete;

    [[nodiscard]] const std::string& file() const { return file_; }

    // `hosts` as OpenSSL has it: "DNS:localhost,IP:127.0.0.1".
    enum class Validity : unsigned char { now, over };
    CertificateFiles issue(const std::string& name, const std::string& hosts,
                           Validity validity = Validity::now);

private:
    struct Identity;

    std::filesystem::path folder_;
    std::string file_;
    std::unique_ptr<Identity> identity_;
    long serial_ = 1;
};

}  // namespace tests
