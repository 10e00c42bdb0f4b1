// An array that grows without moving, and of which is known how long it is expected to get: so many
// elements lie side by side, and nothing has to be looked up to find them. Others are in segments.
//
// Mechanism: the front is one piece of memory, taken with the first element; the system gives it
// page by page, at the first touch. Where there is no such piece, all elements are in segments.
//
// Thread-safety: `at` with any index that was ensured before; `ensure` by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/huge_pages.hpp"
#include "tutti/detail/segments.hpp"

namespace tutti::detail {

// Elements are `Stride` bytes, and begin their lives where the caller says so.
template <unsigned FirstBits, std::size_t Stride>
class ExpectedArray {
public:
    // huge: where its memory is from, see Segments. expected: zero is an array of segments.
    ExpectedArray(HugePages* huge, std::uint32_t expected) noexcept
        : front_length_(expected), huge_(huge), behind_(huge) {}
    ~ExpectedArray() {
        if (huge_ == nullptr) ::operator delete(front_.load(std::memory_order_relaxed), line);
    }
    ExpectedArray(const ExpectedArray&) = delete;
    ExpectedArray& operator=(const ExpectedArray&) = delete;

    [[nodiscard, gnu::always_inline]] std::byte* at(std::uint32_t index) const noexcept {
        if (index < front_length_) [[likely]]
            return front_.load(std::memory_order_acquire) + index * Stride;
        return at_behind(index - front_length_);
    }

    // Each index below it was ensured before. Throws std::bad_alloc.
    void ensure(std::uint32_t index) {
        const bool has_front = front_.load(std::memory_order_relaxed) != nullptr;
        if (index < front_length_ && !has_front) take_front();
        if (index >= front_length_) behind_.ensure(index - front_length_);
    }

private:
    static constexpr std::align_val_t line{64};

    // Out of line: a read that does not come here needs no registers for it.
    [[nodiscard, gnu::noinline]] std::byte* at_behind(std::uint32_t index) const noexcept {
        return behind_.at(index);
    }
    // Nothing is in it yet, so no reader asks how long it is.
    void take_front() noexcept {
        const std::size_t bytes = front_length_ * Stride;
        try {
            void* const front = huge_ != nullptr ? huge_->take(bytes) : ::operator new(bytes, line);
            front_.store(static_cast<std::byte*>(front), std::memory_order_release);
        } catch (const std::bad_alloc&) {
            front_length_ = 0;
        }
    }

    Atomic<std::byte*> front_{nullptr};
    std::uint32_t front_length_;
    HugePages* const huge_;
    Segments<FirstBits, Stride> behind_;
};

}  // namespace tutti::detail
