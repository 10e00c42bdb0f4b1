// A cache line of a `HashIndex`, and what is used of a hash there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tutti/detail/atomic.hpp"

namespace tutti::detail {

__extension__ typedef unsigned __int128 Wide;  // NOLINT(modernize-use-using): `using` warns

// Both halves of a product: each bit of the result depends on all.
[[nodiscard]] inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// What is used of a key's hash.
struct Hashed {
    static constexpr unsigned address_bits = 22;

    std::uint32_t address;  // of a bucket, by its low bits
    std::uint8_t tag;       // not zero
    std::uint8_t shard;

    [[nodiscard]] static Hashed of(std::size_t user_hash) noexcept {
        // A user's hash may be the identity.
        const std::uint64_t bits = mixed(user_hash ^ 0x2545f4914f6cdd1d, 0x9e3779b97f4a7c15);
        const auto tag = static_cast<std::uint8_t>(bits >> 48);
        return {.address = static_cast<std::uint32_t>(bits) & ((1U << address_bits) - 1),
                .tag = tag == 0 ? std::uint8_t{1} : tag,
                .shard = static_cast<std::uint8_t>(bits >> 56)};
    }
};

// Looks for a tag in eight or three of them at once. A byte of a result has its highest bit set
// where the tag is; rarely also above such a byte.
class TagMatch {
public:
    explicit TagMatch(std::uint8_t tag) noexcept : pattern_(ones * tag) {}

    [[nodiscard]] std::uint64_t in(std::uint64_t tags) const noexcept {
        const std::uint64_t different = tags ^ pattern_;
        return (different - ones) & ~different & (ones << 7);
    }
    [[nodiscard]] std::uint32_t in(std::uint32_t tags) const noexcept {
        const std::uint32_t different = tags ^ static_cast<std::uint32_t>(pattern_);
        return (different - 0x010101U) & ~different & 0x808080U;
    }
    // Of the first in a result, which is not zero.
    [[nodiscard]] static unsigned place(std::uint64_t result) noexcept {
        return static_cast<unsigned>(__builtin_ctzll(result)) / 8;
    }

private:
    static constexpr std::uint64_t ones = 0x0101010101010101;
    std::uint64_t pattern_;
};

struct alignas(64) HashBucket {
    static constexpr unsigned places = 11;
    static constexpr unsigned low_places = 8;

    Atomic<std::uint64_t> low_tags{0};   // zero: nothing there
    Atomic<std::uint32_t> high_tags{0};  // three of them
    Atomic<std::uint32_t> version{0};
    Atomic<std::uint32_t> next{0};  // number of a further bucket, plus one; zero: none
    Atomic<std::uint32_t> numbers[places] = {};

    [[nodiscard]] std::uint8_t tag(unsigned i) const noexcept {
        const std::uint64_t tags = i < low_places ? low_tags.load(std::memory_order_relaxed)
                                                  : high_tags.load(std::memory_order_relaxed);
        return static_cast<std::uint8_t>(tags >> (i % low_places * 8));
    }
    void set_tag(unsigned i, std::uint8_t tag) noexcept {
        const unsigned shift = i % low_places * 8;
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
    [[nodiscard]] std::optional<unsigned> free_place() const noexcept {
        const TagMatch nothing(0);
        const std::uint64_t low = nothing.in(low_tags.load(std::memory_order_relaxed));
        if (low != 0) return TagMatch::place(low);
        const std::uint32_t high = nothing.in(high_tags.load(std::memory_order_relaxed));
        if (high != 0) return low_places + TagMatch::place(high);
        return std::nullopt;
    }
};
static_assert(sizeof(HashBucket) == 64);

}  // namespace tutti::detail
