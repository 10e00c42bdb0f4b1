// Everything that a simulation leaves to chance comes from one of these. Own arithmetic: the
// standard's distributions differ between libraries, and a seed must not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>

#include "tutti/clock.hpp"

namespace tutti::simulation {

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    std::uint64_t number() { return engine_(); }
    // From 0 to `count` - 1. Requires: not zero.
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }
    bool chance(double probability) {
        return static_cast<double>(engine_() >> 11) * 0x1p-53 < probability;
    }
    Duration between(Duration low, Duration high) {
        const auto range = static_cast<std::uint64_t>((high - low).count()) + 1;
        return low + Duration{static_cast<Duration::rep>(engine_() % range)};
    }
    // Short ones are the usual case, some are long: each power of ten is as likely as the others.
    Duration magnitude(Duration low, Duration high) {
        Duration from = low;
        std::size_t decades = 1;
        for (Duration top = low * 10; top < high; top *= 10) ++decades;
        for (std::size_t skip = below(decades); skip > 0; --skip) from *= 10;
        return between(from, std::min(from * 10, high));
    }
    // Requires: not empty.
    template <class Range>
    auto& pick(Range& from) {
        return from[below(std::size(from))];
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace tutti::simulation
