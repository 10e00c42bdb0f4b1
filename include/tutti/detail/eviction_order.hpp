// Who has to leave when there is no room: one of the two orders, as the tier was made.
//
// Thread-safety: `newest` from any thread; the rest none. Cost: constant, see there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tutti/detail/adaptive_order.hpp"
#include "tutti/detail/huge_pages.hpp"
#include "tutti/detail/lru_order.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/policy.hpp"

namespace tutti::detail {

template <class Pool>
class EvictionOrder {
public:
    EvictionOrder(Pool& pool, Eviction eviction, HugePages* huge) : adaptive_(pool, huge) {
        if (eviction == Eviction::lru) lru_.emplace(huge);
    }

    [[nodiscard]] std::size_t size() const noexcept {
        return lru_ ? lru_->size() : adaptive_.size();
    }
    // The most recently used. Requires: an `lru`.
    [[nodiscard]] std::uint32_t newest() const noexcept { return lru_->newest(); }

    // Makes sure that `arrive` with a number up to this one allocates nothing. Throws
    // std::bad_alloc.
    void reserve(std::uint32_t number) { lru_ ? lru_->reserve(number) : adaptive_.reserve(number); }
    // What `arrive` is going to ask.
    void expect(std::uint32_t hash) const noexcept {
        if (!lru_) adaptive_.expect(hash);
    }
    // A new entry. `full`: another had to leave for it.
    void arrive(std::uint32_t number, std::uint32_t hash, bool full) noexcept {
        lru_ ? lru_->arrive(number) : adaptive_.arrive(number, hash, full);
    }
    // It was written, or, of an `lru`, read. Of an `adaptive` the entry has counted that.
    void use(std::uint32_t number) noexcept {
        if (lru_) [[unlikely]]
            lru_->use(number);
    }
    // It was erased, or has expired.
    void leave(std::uint32_t number) noexcept {
        lru_ ? lru_->leave(number) : adaptive_.leave(number);
    }
    // Not to be evicted until it comes back.
    void step_aside(std::uint32_t number) noexcept {
        lru_ ? lru_->leave(number) : adaptive_.step_aside(number);
    }
    void come_back(std::uint32_t number) noexcept {
        lru_ ? lru_->arrive(number) : adaptive_.come_back(number);
    }
    // Requires: not empty. The entry has left; `remember` it.
    [[nodiscard]] Evicted evict() noexcept {
        return lru_ ? Evicted{lru_->evict()} : adaptive_.evict();
    }
    void remember(Evicted evicted, std::uint32_t hash) noexcept {
        if (!lru_) adaptive_.remember(evicted, hash);
    }

private:
    friend struct testing::MemoryCacheInspector;

    AdaptiveOrder<Pool> adaptive_;
    std::optional<LruOrder> lru_;  // then it says all
};

}  // namespace tutti::detail
