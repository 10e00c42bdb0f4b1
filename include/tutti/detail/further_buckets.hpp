// The buckets of a `HashIndex` behind others: where what does not fit in one goes.
//
// Thread-safety: `at` from any thread, also of one that has been taken off again; the rest by one
// thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/hash_bucket.hpp"
#include "tutti/detail/huge_pages.hpp"
#include "tutti/detail/segments.hpp"

namespace tutti::detail {

class FurtherBuckets {
public:
    using Bucket = HashBucket;
    static constexpr std::uint32_t none = 0;

    explicit FurtherBuckets(HugePages* huge) noexcept : buckets_(huge) {}

    // next: of another bucket, not `none`.
    [[nodiscard]] Bucket& at(std::uint32_t next) const noexcept {
        return *std::launder(reinterpret_cast<Bucket*>(buckets_.at(next - 1)));
    }
    // Requires: there is one behind it.
    [[nodiscard]] Bucket& next(const Bucket& bucket) const noexcept {
        return at(bucket.next.load(std::memory_order_relaxed));
    }
    // Null at the end of the chain.
    [[nodiscard]] Bucket* behind(const Bucket& bucket) const noexcept {
        const std::uint32_t next = bucket.next.load(std::memory_order_relaxed);
        return next == none ? nullptr : &at(next);
    }

    // Requires: none is behind it. Throws std::bad_alloc.
    void append_to(Bucket& last) {
        std::uint32_t next = free_;
        if (next == none) {
            buckets_.ensure(count_);
            new (buckets_.at(count_)) Bucket;
            next = ++count_;
        } else {
            free_ = at(next).next.exchange(none, std::memory_order_relaxed);
        }
        last.next.store(next, std::memory_order_release);
    }
    // So that whatever moves from the one to the other has room. Throws std::bad_alloc.
    void lengthen_as(const Bucket& model, Bucket& home) {
        try {
            Bucket* last = &home;
            for (const Bucket* in = behind(model); in != nullptr; in = behind(*in)) {
                append_to(*last);
                last = behind(*last);
            }
        } catch (...) {
            shorten(home);
            throw;
        }
    }
    // Takes the empty ones off the end.
    void shorten(Bucket& home) noexcept {
        Bucket* last_used = &home;
        for (Bucket* in = behind(home); in != nullptr; in = behind(*in)) {
            if (!in->empty()) last_used = in;
        }
        while (Bucket* empty = behind(*last_used)) {
            const std::uint32_t number = last_used->next.load(std::memory_order_relaxed);
            const std::uint32_t rest = empty->next.load(std::memory_order_relaxed);
            last_used->next.store(rest, std::memory_order_release);
            empty->next.store(free_, std::memory_order_release);
            free_ = number;
        }
    }

private:
    Segments<2, sizeof(Bucket)> buckets_;
    std::uint32_t count_ = 0;
    std::uint32_t free_ = none;
};

}  // namespace tutti::detail
