// Stands before include/tutti/detail/thread_cells.hpp in bench_uncounted alone: the memory of its
// caches counts no hits.
#pragma once

#include <cstdint>

#include "include/tutti/detail/thread_cells.hpp"

namespace tutti::detail {

class UncountedCells {
public:
    void add() noexcept {}
    [[nodiscard]] std::uint64_t next() noexcept { return 0; }
    [[nodiscard]] std::uint64_t sum() const noexcept { return 0; }
};

}  // namespace tutti::detail

#define ThreadCells UncountedCells
