// A key pair of the test's own, which signs as Discord does.
#pragma once

#include <gtest/gtest.h>
#include <sodium.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "common/process/timestamps.hpp"

namespace tutti::services::bot::interactions {

// When it signs, and as it is written in the header.
inline constexpr process::UnixTime now{std::chrono::seconds{1'700'000'000}};
inline constexpr const char* timestamp = "1700000000";

template <std::size_t Size>
std::string hex(const std::array<unsigned char, Size>& bytes) {
    std::string text(2 * Size + 1, '\0');
    ::sodium_bin2hex(text.data(), text.size(), bytes.data(), Size);
    text.pop_back();
    return text;
}

class Signer {
public:
    Signer() {
        EXPECT_GE(::sodium_init(), 0);
        std::array<unsigned char, crypto_sign_SEEDBYTES> seed{7};
        ::crypto_sign_seed_keypair(public_.data(), secret_.data(), seed.data());
    }
    [[nodiscard]] std::string public_key() const { return hex(public_); }
    [[nodiscard]] std::array<unsigned char, crypto_sign_BYTES> sign_bytes(
        std::string_view time, std::string_view body) const {
        const std::string message = std::string(time).append(body);
        std::array<unsigned char, crypto_sign_BYTES> signature{};
        ::crypto_sign_detached(signature.data(), nullptr,
                               reinterpret_cast<const unsigned char*>(message.data()),
                               message.size(), secret_.data());
        return signature;
    }
    [[nodiscard]] std::string sign(std::string_view time, std::string_view body) const {
        return hex(sign_bytes(time, body));
    }

private:
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_{};
    std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret_{};
};

}  // namespace tutti::services::bot::interactions
