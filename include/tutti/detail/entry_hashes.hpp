// The hashes of entries, for writers: computed again from the key where the function is the
// library's; where it is the user's, which is not called under a lock, they are kept.
//
// Thread-safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "tutti/detail/hash_bucket.hpp"
#include "tutti/detail/huge_pages.hpp"
#include "tutti/detail/segments.hpp"

namespace tutti::detail {

class KeptHashes {
public:
    explicit KeptHashes(HugePages* huge) noexcept : hashes_(huge) {}

    // Makes sure that `keep` of this number allocates nothing. Throws std::bad_alloc.
    void reserve(std::uint32_t number) { hashes_.ensure(number); }
    void keep(std::uint32_t number, const Hashed& hash) noexcept {
        new (hashes_.at(number)) std::uint32_t{hash.packed()};
    }
    // `key()`: its words.
    [[nodiscard]] Hashed of(std::uint32_t number, const auto&) const noexcept {
        const auto* const kept =
            std::launder(reinterpret_cast<const std::uint32_t*>(hashes_.at(number)));
        return Hashed::unpacked(*kept);
    }

private:
    Segments<4, sizeof(std::uint32_t)> hashes_;
};

// Query: a Probe, of which `hash_of` is known.
template <class Query>
class HashesOfKeys {
public:
    explicit HashesOfKeys(HugePages*) noexcept {}

    void reserve(std::uint32_t) {}
    void keep(std::uint32_t, const Hashed&) noexcept {}
    [[nodiscard]] Hashed of(std::uint32_t, const auto& key) const noexcept {
        return Hashed::of(Query::hash_of(key()));
    }
};

}  // namespace tutti::detail
