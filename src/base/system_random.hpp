// Random numbers of the system, for what must not repeat in the fleet. Never for what a seed
// replays: that takes an injected source.
//
// Thread-safety: from any thread. Needs no descriptor, and never fails.
#pragma once

#include <sys/random.h>

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "tutti/detail/mutex.hpp"

namespace tutti {

[[nodiscard]] inline std::uint64_t system_random() {
    std::uint64_t number = 0;
    [[maybe_unused]] const int failed = ::getentropy(&number, sizeof number);
    assert(failed == 0);  // impossible for so few bytes on a Linux that is new enough for us
    return number;
}

// The same for what draws often, as a claim for every load does: a call of the system takes as long
// as many numbers, so one brings thirty-two. A child after fork() would draw what its parent draws:
// what owns this must be of use in one process only, as a node is.
class RandomNumbers {
public:
    [[nodiscard]] std::uint64_t next() {
        const detail::Lock lock(mutex_);
        if (left_ == 0) {
            [[maybe_unused]] const int failed = ::getentropy(numbers_.data(), sizeof numbers_);
            assert(failed == 0);  // as above
            left_ = numbers_.size();
        }
        return numbers_[--left_];
    }

private:
    detail::Mutex mutex_;
    std::array<std::uint64_t, 32> numbers_ TUTTI_GUARDED_BY(mutex_){};  // 256 bytes at most
    std::size_t left_ TUTTI_GUARDED_BY(mutex_) = 0;
};

}  // namespace tutti
