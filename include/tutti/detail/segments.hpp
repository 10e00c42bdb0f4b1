// Memory for an array that grows without moving: what is in it stays where it is until the array
// ends, so that a reader needs no protection from growth, and growing copies nothing.
//
// Mechanism: segments of 2^FirstBits elements, twice that, four times that ... Nothing is
// written to them here, so that the system gives a large one page by page, at the first touch.
// They are of the heap, or of huge pages.
//
// Thread-safety: `at` with any index that was ensured before; `ensure` by one thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/huge_pages.hpp"

namespace tutti::detail {

// Requires: not zero. One instruction, where std::bit_width asks for zero first.
[[nodiscard]] inline unsigned floor_log2(std::uint32_t number) noexcept {
    return 31U ^ static_cast<unsigned>(__builtin_clz(number));
}

// Elements are `Stride` bytes, and begin their lives where the caller says so.
template <unsigned FirstBits, std::size_t Stride>
class Segments {
public:
    // huge: borrowed; outlives this, and has its memory. Null is the heap.
    explicit Segments(HugePages* huge) noexcept : huge_(huge) {}
    ~Segments() {
        if (huge_ != nullptr) return;
        for (unsigned number = 0; number < count; ++number) {
            const std::uintptr_t origin = origins_[number].load(std::memory_order_relaxed);
            if (origin == 0) continue;
            const std::uintptr_t begin = origin + first_of(number) * Stride;
            ::operator delete(pointer<void>(begin), alignment);
        }
    }
    Segments(const Segments&) = delete;
    Segments& operator=(const Segments&) = delete;

    [[nodiscard, gnu::always_inline]] std::byte* at(std::uint32_t index) const noexcept {
        const std::uintptr_t origin = origins_[segment_of(index)].load(std::memory_order_acquire);
        return pointer<std::byte>(origin + index * Stride);
    }

    // Throws std::bad_alloc.
    void ensure(std::uint32_t index) {
        const unsigned number = segment_of(index);
        if (origins_[number].load(std::memory_order_relaxed) != 0) return;
        const std::size_t bytes = length_of(number) * Stride;
        void* const memory =
            huge_ != nullptr ? huge_->take(bytes) : ::operator new(bytes, alignment);
        const auto begin = reinterpret_cast<std::uintptr_t>(memory);
        origins_[number].store(begin - first_of(number) * Stride, std::memory_order_release);
    }

    // The first `used` elements, as runs of bytes. Requires: they were ensured.
    template <class Visit>
    void for_each_run(std::uint32_t used, Visit visit) const {
        for (unsigned number = 0; first_of(number) < used; ++number) {
            const std::size_t first = first_of(number);
            visit(at(static_cast<std::uint32_t>(first)),
                  std::min(length_of(number), used - first) * Stride);
        }
    }

private:
    static constexpr unsigned count = 32 - FirstBits;
    static constexpr std::align_val_t alignment{64};  // a cache line

    // Segment n begins at 2^(FirstBits + n) - 2^FirstBits, so that it is a logarithm without a
    // special case.
    static constexpr std::uint32_t first_length = std::uint32_t{1} << FirstBits;
    static unsigned segment_of(std::uint32_t index) noexcept {
        return floor_log2(index + first_length) - FirstBits;
    }
    static std::size_t length_of(unsigned number) noexcept {
        return std::size_t{first_length} << number;
    }
    static std::size_t first_of(unsigned number) noexcept {
        return length_of(number) - first_length;
    }

    // The address is one of a segment's memory.
    template <class T>
    static T* pointer(std::uintptr_t address) noexcept {
        return reinterpret_cast<T*>(address);  // NOLINT(performance-no-int-to-ptr)
    }

    HugePages* const huge_;
    // Where element 0 would be if the segment began with it; zero: no segment.
    Atomic<std::uintptr_t> origins_[count] = {};
};

}  // namespace tutti::detail
