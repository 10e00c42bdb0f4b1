// How text is hashed, and how a bucket is searched for a tag.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>

#include "tutti/detail/hash_bucket.hpp"
#include "tutti/detail/key_hash.hpp"

namespace tutti {
namespace {

const KeyHash<std::string> hash_of;

TEST(TextHash, DependsOnEveryCharacterAndOnTheLength) {
    std::set<std::size_t> hashes;
    std::size_t texts = 0;
    for (std::size_t length = 0; length <= 70; ++length) {
        const std::string text(length, 'x');
        hashes.insert(hash_of(text));
        ++texts;
        for (std::size_t i = 0; i < length; ++i, ++texts) {
            std::string other = text;
            other[i] = 'y';
            hashes.insert(hash_of(other));
        }
    }
    EXPECT_EQ(hashes.size(), texts);
}

// A product is zero if one factor is.
TEST(TextHash, TellsTextsApartOfWhichAPartMakesAFactorZero) {
    std::set<std::size_t> hashes;
    std::string zero(8, '\0');
    for (std::size_t i = 0; i < zero.size(); ++i) {
        zero[i] = static_cast<char>(detail::odd_numbers[2] >> (8 * i));
    }
    for (int i = 0; i < 1000; ++i) hashes.insert(hash_of(std::to_string(10'000'000 + i) + zero));
    for (std::size_t i = 0; i < zero.size(); ++i) {
        zero[i] = static_cast<char>(detail::odd_numbers[1] >> (8 * i));
    }
    for (int i = 0; i < 1000; ++i) hashes.insert(hash_of(zero + std::to_string(10'000'000 + i)));
    EXPECT_EQ(hashes.size(), 2000U);
}

TEST(TextHash, SpreadsNumbersOverBucketsTagsAndShards) {
    std::set<std::uint32_t> addresses;
    std::set<std::uint8_t> tags;
    std::set<std::uint8_t> shards;
    for (int i = 0; i < 10'000; ++i) {
        const auto hash = detail::Hashed::of(hash_of("user:" + std::to_string(i)));
        addresses.insert(hash.address);
        tags.insert(hash.tag);
        shards.insert(hash.shard);
    }
    EXPECT_GT(addresses.size(), 9'900U) << "of four million";
    EXPECT_EQ(tags.size(), 255U);
    EXPECT_EQ(shards.size(), 256U);
}

TEST(TagMatch, FindsExactlyThePlacesOfATagWithAndWithoutTheInstruction) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 100'000; ++i) {
        // Few different tags, so that many are equal or differ by one.
        const std::uint64_t low = random() & 0x8181818181818181;
        const auto high = static_cast<std::uint32_t>(random() & 0x818181);
        const auto tag = static_cast<std::uint8_t>(random() & 0x81);
        std::uint32_t expected = 0;
        for (unsigned place = 0; place < detail::HashBucket::places; ++place) {
            const std::uint64_t tags = place < 8 ? low >> (8 * place) : high >> (8 * (place - 8));
            if (static_cast<std::uint8_t>(tags) == tag) expected |= 1U << place;
        }
        constexpr std::uint32_t all = (1U << detail::HashBucket::places) - 1;

        ASSERT_EQ(detail::TagMatch(tag).in(low, high) & all, expected);
        ASSERT_EQ(detail::TagMatch(tag).in_words(low, high) & all, expected);
    }
}

}  // namespace
}  // namespace tutti
