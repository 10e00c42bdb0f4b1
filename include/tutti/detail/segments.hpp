// Memory for an array that grows without moving: what is in it stays where it is until the array
// ends, so that a reader needs no protection from growth, and growing copies nothing.
//
// Mechanism: as many elements as are expected lie side by side, so that a reader has no segment to
// look up. Behind them are segments of 2^FirstBits elements, twice that, four times that ...
// Nothing is written to them here, so that the system gives what is large page by page, at the
// first touch. They are of the heap, or of huge pages.
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

// What the arrays of one part of a tier have in common.
struct ArrayTerms {
    HugePages* huge = nullptr;   // borrowed; outlives them, and has their memory. Null: the heap
    std::uint32_t expected = 0;  // entries; zero: nothing is known

    // The same of an array with one element for so many entries.
    [[nodiscard]] ArrayTerms one_for(std::uint32_t entries) const noexcept {
        return {huge, expected == 0 ? 0 : expected / entries + 1};
    }
};

// Elements are `Stride` bytes, and begin their lives where the caller says so.
template <unsigned FirstBits, std::size_t Stride>
class Segments {
public:
    // Room for the expected elements is taken with the first.
    explicit Segments(ArrayTerms terms) noexcept
        : front_length_(terms.expected), huge_(terms.huge) {}
    ~Segments() {
        if (huge_ != nullptr) return;
        ::operator delete(pointer<void>(front_.load(std::memory_order_relaxed)), alignment);
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
        if (index < front_length_) [[likely]] {
            const std::uintptr_t front = front_.load(std::memory_order_acquire);
            return pointer<std::byte>(front + index * Stride);
        }
        return at_behind(index - front_length_);
    }

    // Throws std::bad_alloc.
    void ensure(std::uint32_t index) {
        if (index < front_length_) {
            if (front_.load(std::memory_order_relaxed) != 0) return;
            return front_.store(take(front_length_), std::memory_order_release);
        }
        const unsigned number = segment_of(index - front_length_);
        if (origins_[number].load(std::memory_order_relaxed) != 0) return;
        const std::uintptr_t begin = take(length_of(number));
        origins_[number].store(begin - first_of(number) * Stride, std::memory_order_release);
    }

    // The first `used` elements, as runs of bytes. Requires: they were ensured.
    template <class Visit>
    void for_each_run(std::uint32_t used, Visit visit) const {
        const std::uint32_t in_front = std::min(used, front_length_);
        if (in_front > 0) visit(at(0), in_front * Stride);
        const std::size_t behind = used - in_front;
        for (unsigned number = 0; first_of(number) < behind; ++number) {
            const std::size_t first = first_of(number);
            visit(at_behind(static_cast<std::uint32_t>(first)),
                  std::min(length_of(number), behind - first) * Stride);
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

    // Out of line, so that what finds the others needs few registers.
    [[nodiscard, gnu::noinline]] std::byte* at_behind(std::uint32_t index) const noexcept {
        const std::uintptr_t origin = origins_[segment_of(index)].load(std::memory_order_acquire);
        return pointer<std::byte>(origin + index * Stride);
    }
    [[nodiscard]] std::uintptr_t take(std::size_t elements) {
        const std::size_t bytes = elements * Stride;
        void* const memory =
            huge_ != nullptr ? huge_->take(bytes) : ::operator new(bytes, alignment);
        return reinterpret_cast<std::uintptr_t>(memory);
    }

    // The address is one of a segment's memory, or null.
    template <class T>
    static T* pointer(std::uintptr_t address) noexcept {
        return reinterpret_cast<T*>(address);  // NOLINT(performance-no-int-to-ptr)
    }

    Atomic<std::uintptr_t> front_{0};  // zero: not yet
    const std::uint32_t front_length_;
    HugePages* const huge_;
    // Where element 0 behind the front would be if the segment began with it; zero: no segment.
    Atomic<std::uintptr_t> origins_[count] = {};
};

}  // namespace tutti::detail
