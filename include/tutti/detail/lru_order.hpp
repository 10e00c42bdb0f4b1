// Who has to leave an `lru` when there is no room: the least recently used.
//
// Mechanism: a list through all entries, in order of use.
//
// Thread-safety: `newest` from any thread; the rest none. Cost: constant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/entry_pool.hpp"
#include "tutti/detail/huge_pages.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/detail/segments.hpp"

namespace tutti::detail {

class LruOrder {
public:
    explicit LruOrder(HugePages* huge) noexcept : links_(huge) {}

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    // The most recently used.
    [[nodiscard]] std::uint32_t newest() const noexcept {
        return newest_.load(std::memory_order_relaxed);
    }

    // Makes sure that `arrive` with a number up to this one allocates nothing. Throws
    // std::bad_alloc.
    void reserve(std::uint32_t number) {
        for (; opened_ <= number; ++opened_) {
            links_.ensure(opened_);
            new (links_.at(opened_)) Links;
        }
    }

    // It is new, or comes back.
    void arrive(std::uint32_t number) noexcept {
        const std::uint32_t newest = this->newest();
        links_of(number) = {.newer = no_entry, .older = newest};
        (newest == no_entry ? oldest_ : links_of(newest).newer) = number;
        newest_.store(number, std::memory_order_relaxed);
        ++size_;
    }
    // It was erased, or has expired, or must not be evicted until it comes back.
    void leave(std::uint32_t number) noexcept {
        const Links& links = links_of(number);
        if (links.newer == no_entry) {
            newest_.store(links.older, std::memory_order_relaxed);
        } else {
            links_of(links.newer).older = links.older;
        }
        (links.older == no_entry ? oldest_ : links_of(links.older).newer) = links.newer;
        --size_;
    }
    // It was read or written.
    void use(std::uint32_t number) noexcept {
        leave(number);
        arrive(number);
    }
    // Requires: not empty. The entry has left.
    [[nodiscard]] std::uint32_t evict() noexcept {
        const std::uint32_t number = oldest_;
        leave(number);
        return number;
    }

private:
    friend struct testing::MemoryCacheInspector;

    struct Links {
        std::uint32_t newer = no_entry;
        std::uint32_t older = no_entry;
    };

    [[nodiscard]] Links& links_of(std::uint32_t number) const noexcept {
        return *std::launder(reinterpret_cast<Links*>(links_.at(number)));
    }

    Atomic<std::uint32_t> newest_{no_entry};
    std::uint32_t oldest_ = no_entry;
    std::size_t size_ = 0;
    std::uint32_t opened_ = 0;
    Segments<4, sizeof(Links)> links_;
};

}  // namespace tutti::detail
