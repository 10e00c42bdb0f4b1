#include "api-gateway/deduplicator.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <stdexcept>

namespace tutti::services {
namespace {

std::string sha256_prefix(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 is not available");
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (std::size_t i = 0; i < 8; ++i) {
        hex += digits[digest[i] >> 4U];
        hex += digits[digest[i] & 0x0FU];
    }
    return hex;
}

}  // namespace

std::string dedup_key(std::string_view personality, std::string_view user_id,
                      const std::optional<std::string>& channel_id, std::string_view message) {
    std::string key = "dedup:";
    key.append(personality).append(":").append(user_id).append("-");
    key.append(channel_id.value_or("dm")).append(":").append(sha256_prefix(message));
    return key;
}

}  // namespace tutti::services
