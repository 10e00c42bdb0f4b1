// Everything that a simulation leaves to chance comes from one of these. Own arithmetic: the
// standard's distributions differ between libraries, and a seed must not. SplitMix64 (Steele, Lea,
// Flood: "Fast Splittable Pseudorandom Number Generators", 2014): one costs no more to make than to
// ask, so that each thing that happens can have its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "tutti/clock.hpp"

namespace tutti::simulation {

class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t number() {
        std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }
    // One that goes its own way.
    Random split() { return Random(number()); }
    // From 0 to `count` - 1. Requires: not zero.
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(number() % count); }
    bool chance(double probability) {
        return static_cast<double>(number() >> 11) * 0x1p-53 < probability;
    }
    Duration between(Duration low, Duration high) {
        const auto range = static_cast<std::uint64_t>((high - low).count()) + 1;
        return low + Duration{static_cast<Duration::rep>(number() % range)};
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
    std::uint64_t state_;
};

}  // namespace tutti::simulation
