// Random numbers of the system, for what must not repeat in the fleet. Never for what a seed
// replays: that takes an injected source.
//
// Thread-safety: from any thread. Needs no descriptor, and never fails.
#pragma once

#include <sys/random.h>

#include <cassert>
#include <cstdint>

namespace tutti {

[[nodiscard]] inline std::uint64_t system_random() {
    std::uint64_t number = 0;
    [[maybe_unused]] const int failed = ::getentropy(&number, sizeof number);
    assert(failed == 0);  // impossible for so few bytes on a Linux that is new enough for us
    return number;
}

}  // namespace tutti
