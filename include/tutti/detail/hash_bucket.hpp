// A cache line of a `HashIndex`, and what is used of a hash there.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/key_hash.hpp"
#include "tutti/detail/segments.hpp"

namespace tutti::detail {

// What is used of a key's hash.
struct Hashed {
    static constexpr unsigned address_bits = 22;

    std::uint32_t address;  // of a bucket, by its low bits
    std::uint8_t tag;       // not zero
    std::uint8_t shard;

    // Address and tag in one.
    [[nodiscard]] std::uint32_t packed() const noexcept {
        return std::uint32_t{tag} << address_bits | address;
    }
    // Without its shard.
    [[nodiscard]] static Hashed unpacked(std::uint32_t packed) noexcept {
        return {.address = address_of(packed),
                .tag = static_cast<std::uint8_t>(packed >> address_bits),
                .shard = 0};
    }
    [[nodiscard]] static std::uint32_t address_of(std::uint32_t packed) noexcept {
        return packed & ((1U << address_bits) - 1);
    }

    [[nodiscard]] static Hashed of(std::size_t user_hash) noexcept {
        // A user's hash may be the identity.
        const std::uint64_t bits = mixed(user_hash ^ 0x2545f4914f6cdd1d, 0x9e3779b97f4a7c15);
        const auto tag = static_cast<std::uint8_t>(bits >> 48);
        return {.address = address_of(static_cast<std::uint32_t>(bits)),
                .tag = tag == 0 ? std::uint8_t{1} : tag,
                .shard = static_cast<std::uint8_t>(bits >> 56)};
    }
};

// How many buckets there are, and so which bits of an address lead to one: one word, as a search
// needs both.
class Extent {
public:
    // As it is kept; zero: none.
    explicit Extent(std::uint64_t word) noexcept : word_(word) {}
    // Requires: not zero.
    [[nodiscard]] static Extent of(std::uint32_t count) noexcept {
        const std::uint32_t mask = (std::uint32_t{2} << floor_log2((count - 1) | 1U)) - 1;
        return Extent(std::uint64_t{mask} << 32 | count);
    }

    [[nodiscard]] std::uint64_t word() const noexcept { return word_; }
    [[nodiscard]] std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(word_); }
    [[nodiscard]] std::uint32_t place_of(std::uint32_t address) const noexcept {
        const auto mask = static_cast<std::uint32_t>(word_ >> 32);
        const std::uint32_t place = address & mask;
        return place < count() ? place : place & (mask >> 1);
    }
    bool operator==(const Extent&) const = default;

private:
    std::uint64_t word_;
};

// Looks for a tag in all places of a bucket at once: bit i of a result is place i. More bits than
// there are places may be set if the tag is zero.
class TagMatch {
public:
    explicit TagMatch(std::uint8_t tag) noexcept : tag_(tag) {}

#ifdef __SSE2__
    [[nodiscard]] std::uint32_t in(std::uint64_t low, std::uint32_t high) const noexcept {
        using Words [[gnu::vector_size(16)]] = std::uint64_t;
        using Bytes [[gnu::vector_size(16)]] = char;
        const auto tags = std::bit_cast<Bytes>(Words{low, high});
        const auto equal = tags == static_cast<char>(tag_) - Bytes{};
        return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(std::bit_cast<Bytes>(equal)));
    }
#else
    [[nodiscard]] std::uint32_t in(std::uint64_t low, std::uint32_t high) const noexcept {
        return in_words(low, high);
    }
#endif
    // The same, where there is no such instruction.
    [[nodiscard]] std::uint32_t in_words(std::uint64_t low, std::uint32_t high) const noexcept {
        return in_word(low) | in_word(high) << 8;
    }
    // Of the first in a result, which is not zero; and takes it out.
    [[nodiscard]] static std::size_t take_place(std::uint32_t& result) noexcept {
        const auto place = static_cast<std::size_t>(__builtin_ctz(result));
        result &= result - 1;
        return place;
    }

private:
    // Its lowest bits: which of eight bytes are the tag.
    [[nodiscard]] std::uint32_t in_word(std::uint64_t tags) const noexcept {
        constexpr std::uint64_t ones = 0x0101010101010101;
        constexpr std::uint64_t gather = 0x0102040810204080;
        const std::uint64_t different = tags ^ ones * tag_;
        const std::uint64_t low_bits = different & ones * 0x7f;
        const std::uint64_t equal = ~((low_bits + ones * 0x7f) | different) & ones << 7;
        return static_cast<std::uint32_t>(((equal >> 7) * gather) >> 56);
    }

    std::uint8_t tag_;
};

struct alignas(64) HashBucket {
    static constexpr unsigned places = 11;
    static constexpr unsigned low_places = 8;

    Atomic<std::uint64_t> low_tags{0};   // zero: nothing there
    Atomic<std::uint32_t> high_tags{0};  // three of them
    Atomic<std::uint32_t> version{0};
    Atomic<std::uint32_t> next{0};  // number of a further bucket, plus one; zero: none
    Atomic<std::uint32_t> numbers[places] = {};

    // Bit i: place i has the tag.
    [[nodiscard]] std::uint32_t matches(TagMatch wanted, std::memory_order order) const noexcept {
        return wanted.in(low_tags.load(order), high_tags.load(order)) & ((1U << places) - 1);
    }
    [[nodiscard]] std::uint8_t tag(std::size_t i) const noexcept {
        const std::uint64_t tags = i < low_places ? low_tags.load(std::memory_order_relaxed)
                                                  : high_tags.load(std::memory_order_relaxed);
        return static_cast<std::uint8_t>(tags >> (i % low_places * 8));
    }
    void set_tag(std::size_t i, std::uint8_t tag) noexcept {
        const std::size_t shift = i % low_places * 8;
        if (i < low_places) {
            const std::uint64_t tags = low_tags.load(std::memory_order_relaxed);
            const std::uint64_t others = tags & ~(std::uint64_t{0xff} << shift);
            low_tags.store(others | std::uint64_t{tag} << shift, std::memory_order_release);
        } else {
            const std::uint32_t tags = high_tags.load(std::memory_order_relaxed);
            const std::uint32_t others = tags & ~(std::uint32_t{0xff} << shift);
            high_tags.store(others | std::uint32_t{tag} << shift, std::memory_order_release);
        }
    }
    [[nodiscard]] bool empty() const noexcept {
        return low_tags.load(std::memory_order_relaxed) == 0 &&
               high_tags.load(std::memory_order_relaxed) == 0;
    }
    [[nodiscard]] std::optional<std::size_t> free_place() const noexcept {
        std::uint32_t free = matches(TagMatch(0), std::memory_order_relaxed);
        if (free == 0) return std::nullopt;
        return TagMatch::take_place(free);
    }
};
static_assert(sizeof(HashBucket) == 64);

struct BucketPlace {
    HashBucket* bucket;
    std::size_t place;
};

}  // namespace tutti::detail
