// Where waits get their jitter from, and epochs their candidates: tests put numbers of their own
// there. Thread-safety: see below.
#pragma once

#include <cstdint>
#include <functional>

namespace tutti::redis {

// Uniform over all 64-bit numbers. Called from any thread.
using RandomSource = std::function<std::uint64_t()>;

}  // namespace tutti::redis
