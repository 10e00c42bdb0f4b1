#include "common/process/secret.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <array>
#include <stdexcept>

namespace tutti::services::process {

Secret Secret::random() {
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw std::runtime_error("the operating system gave no random bytes");
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 0x0FU];
    }
    return Secret(std::move(text));
}

bool Secret::matches(std::string_view candidate) const noexcept {
    return candidate.size() == text_.size() &&
           CRYPTO_memcmp(candidate.data(), text_.data(), text_.size()) == 0;
}

}  // namespace tutti::services::process
