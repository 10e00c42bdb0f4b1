// Which process this is: a child that fork() has made is another one, with a copy of the memory and
// none of the threads.
#pragma once

#include <atomic>
#include <cstdint>

namespace tutti::detail {

// Forks that lie between this process and the first one, counted from when the first node was made;
// written by a child's only thread (src/base/home_process.cpp).
inline std::atomic<std::uint32_t> forks = 0;

[[nodiscard]] inline std::uint32_t this_process() noexcept {
    return forks.load(std::memory_order_relaxed);
}

}  // namespace tutti::detail
