// How long something took, as a histogram whose limits are fixed, so that those of several
// processes add up.
//
// Thread-safety: plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "tutti/clock.hpp"

namespace tutti {

// How many took at most as long as each limit and longer than the one before it, and longer than
// all of them.
template <const auto& Limits>
struct Times {
    static constexpr auto& limits_seconds = Limits;

    std::array<std::uint64_t, Limits.size() + 1> counts{};
    Duration total{};

    [[nodiscard]] constexpr std::uint64_t count() const noexcept {
        return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    }
    constexpr Times& operator+=(const Times& other) noexcept {
        for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
        total += other.total;
        return *this;
    }
    friend bool operator==(const Times&, const Times&) = default;
};

inline constexpr std::array load_limits_seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                0.25,  0.5,    1.0,   2.5,  5.0,   10.0, 60.0};
inline constexpr std::array wait_limits_seconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                                1.0,    2.5,     5.0,    10.0,  60.0};
inline constexpr std::array hit_limits_seconds{0.0000001, 0.00000025, 0.0000005, 0.000001,
                                               0.0000025, 0.000005,   0.00001,   0.000025,
                                               0.0001,    0.001,      0.01,      0.1};

// Of calls of the loader that have ended, those that failed included.
using LoadTimes = Times<load_limits_seconds>;
// Of reads that memory has not answered: each that has ended, however it did.
using WaitTimes = Times<wait_limits_seconds>;
// Of reads that memory has answered.
using HitTimes = Times<hit_limits_seconds>;

}  // namespace tutti
