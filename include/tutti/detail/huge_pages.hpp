// Memory for the arrays of one memory tier, in pages of 2 MiB where the system has them: a read
// then waits less often for the processor to look up where its memory is.
//
// Mechanism: blocks that begin at such a page, of which the system is told by madvise, and pieces
// from their beginning on. Nothing is given back before the end. A page is in memory, all of it,
// once anything in it was written; what is behind the last piece is not.
//
// Thread-safety: all of it.
#pragma once

#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstddef>
#include <new>
#include <vector>

#include "tutti/detail/mutex.hpp"

namespace tutti::detail {

class HugePages {
public:
    static constexpr std::size_t page = std::size_t{2} << 20;

    HugePages() = default;
    ~HugePages() {
        for (void* const block : blocks_) ::operator delete(block, std::align_val_t{page});
    }
    HugePages(const HugePages&) = delete;
    HugePages& operator=(const HugePages&) = delete;

    // At a cache line. Throws std::bad_alloc.
    [[nodiscard]] void* take(std::size_t bytes) {
        const Lock lock(mutex_);
        const std::size_t length = (bytes + 63) / 64 * 64;
        if (length > left_) open_block(length);
        std::byte* const piece = free_;
        free_ += length;
        left_ -= length;
        return piece;
    }

private:
    // A quarter of what there is, so that what a block's end wastes is a small part of the whole.
    void open_block(std::size_t at_least) TUTTI_REQUIRES(mutex_) {
        const std::size_t wanted = std::max(at_least, all_ / 4);
        const std::size_t length = (wanted + page - 1) / page * page;
        blocks_.reserve(blocks_.size() + 1);
        void* const block = ::operator new(length, std::align_val_t{page});
#ifdef MADV_HUGEPAGE
        // Refused by a system without such pages: then these are usual ones.
        static_cast<void>(::madvise(block, length, MADV_HUGEPAGE));
#endif
        blocks_.push_back(block);
        free_ = static_cast<std::byte*>(block);
        left_ = length;
        all_ += length;
    }

    Mutex mutex_;
    std::vector<void*> blocks_ TUTTI_GUARDED_BY(mutex_);
    std::byte* free_ TUTTI_GUARDED_BY(mutex_) = nullptr;
    std::size_t left_ TUTTI_GUARDED_BY(mutex_) = 0;
    std::size_t all_ TUTTI_GUARDED_BY(mutex_) = 0;
};

}  // namespace tutti::detail
