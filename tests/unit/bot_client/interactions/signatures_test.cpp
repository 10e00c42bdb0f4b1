// Signatures of a key pair of the test's own, as Discord makes them.
#include "bot-client/interactions/signatures.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include <array>
#include <cctype>
#include <chrono>
#include <string>
#include <string_view>

#include "unit/bot_client/interactions/signer.hpp"

namespace tutti::services::bot::interactions {
namespace {

using namespace std::chrono_literals;
using enum SignatureVerdict;

constexpr std::string_view ping = R"({"type":1})";

class SignedInteraction : public ::testing::Test {
protected:
    Signatures signatures_with(std::size_t remembered_max = 100) const {
        return Signatures::create({.public_key = signer.public_key(),
                                   .body_bytes_max = 1'000,
                                   .remembered_max = remembered_max})
            .value();
    }
    Signer signer;
    Signatures signatures = signatures_with();
};

TEST_F(SignedInteraction, OfDiscordIsValid) {
    EXPECT_EQ(signatures.judge(signer.sign(timestamp, ping), timestamp, ping, now), valid);
}

TEST_F(SignedInteraction, AByteMoreOrLessMakesItForged) {
    const std::string signature = signer.sign(timestamp, ping);

    EXPECT_EQ(signatures.judge(signature, timestamp, R"({"type":2})", now), forged);
    EXPECT_EQ(signatures.judge(signature, timestamp, std::string(ping) + " ", now), forged);
    EXPECT_EQ(signatures.judge(signature, "1700000001", ping, now), forged);
    std::string other = signature;
    other[5] = other[5] == '0' ? '1' : '0';
    EXPECT_EQ(signatures.judge(other, timestamp, ping, now), forged);
}

TEST_F(SignedInteraction, WhatIsNoSignatureOrNoTimeIsMalformed) {
    const std::string signature = signer.sign(timestamp, ping);

    for (const std::string& text :
         {std::string(), signature.substr(2), signature + "00", std::string(128, 'g'),
          ' ' + signature.substr(1), signature.substr(0, 127) + std::string(1, '\0')}) {
        EXPECT_EQ(signatures.judge(text, timestamp, ping, now), malformed);
    }
    for (const char* time : {"", "-1700000000", "1700000000.5", " 1700000000", "1700000000 ",
                             "soon", "99999999999999999999"}) {
        EXPECT_EQ(signatures.judge(signature, time, ping, now), malformed) << time;
    }
}

TEST_F(SignedInteraction, IsOfNow) {
    const std::string signature = signer.sign(timestamp, ping);

    EXPECT_EQ(signatures.judge(signature, timestamp, ping, now + 61s), too_old);
    EXPECT_EQ(signatures.judge(signature, timestamp, ping, now - 61s), too_old);
    EXPECT_EQ(signatures.judge(signature, timestamp, ping, now + 60s), valid);
}

TEST_F(SignedInteraction, IsTakenOnce) {
    const std::string signature = signer.sign(timestamp, ping);
    ASSERT_EQ(signatures.judge(signature, timestamp, ping, now), valid);

    EXPECT_EQ(signatures.judge(signature, timestamp, ping, now + 60s), repeated);
    EXPECT_EQ(signatures.judge(signature, timestamp, ping, now + 61s), too_old);
}

TEST_F(SignedInteraction, InCapitalsIsTheSame) {
    std::string signature = signer.sign(timestamp, ping);
    ASSERT_EQ(signatures.judge(signature, timestamp, ping, now), valid);
    for (char& c : signature) c = static_cast<char>(std::toupper(c));

    EXPECT_EQ(signatures.judge(signature, timestamp, ping, now), repeated);
}

// The order of the group added to S: the same equation, which lax checks take as another signature.
TEST_F(SignedInteraction, AnotherSpellingOfASignatureIsForged) {
    constexpr std::array<unsigned char, 32> order{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                                  0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                                  0,    0,    0,    0,    0,    0,    0,    0,
                                                  0,    0,    0,    0,    0,    0,    0,    0x10};
    auto signature = signer.sign_bytes(timestamp, ping);
    unsigned carry = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        carry += static_cast<unsigned>(signature[32 + i]) + order[i];
        signature[32 + i] = static_cast<unsigned char>(carry & 0xffU);
        carry >>= 8U;
    }

    EXPECT_EQ(signatures.judge(hex(signature), timestamp, ping, now), forged);
}

TEST_F(SignedInteraction, ABodyIsBounded) {
    const std::string body(1'001, ' ');
    EXPECT_EQ(signatures.judge(signer.sign(timestamp, body), timestamp, body, now), too_large);
}

TEST_F(SignedInteraction, WhatIsRememberedIsBoundedAndOnlyTheValidCount) {
    Signatures few = signatures_with(2);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(few.judge(std::string(128, '0'), timestamp, ping, now), forged);
    }
    EXPECT_EQ(few.judge(signer.sign(timestamp, "a"), timestamp, "a", now), valid);
    EXPECT_EQ(few.judge(signer.sign(timestamp, "b"), timestamp, "b", now), valid);
    EXPECT_EQ(few.judge(signer.sign(timestamp, "c"), timestamp, "c", now), overloaded);

    const std::string later = "1700000100";
    EXPECT_EQ(few.judge(signer.sign(later, "c"), later, "c", now + 100s), valid);
}

TEST(SignatureKey, ThatIsNoneIsRefusedWithWhereToFindIt) {
    for (const char* key :
         {"", "abc", "zz", "0000000000000000000000000000000000000000000000000000000000000000"}) {
        const auto made = Signatures::create({.public_key = key});
        ASSERT_FALSE(made.has_value()) << key;
        EXPECT_TRUE(made.error().cause.contains("General Information"));
    }
}

}  // namespace
}  // namespace tutti::services::bot::interactions
