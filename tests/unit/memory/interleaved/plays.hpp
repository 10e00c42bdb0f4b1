// Games of few operations on few keys, which a seed interleaves: each fails the test that plays it
// if a promise of the memory tier does not hold.
#pragma once

#include <cstdint>
#include <string_view>

namespace tutti::testing {

struct Play {
    std::string_view name;  // by which a mutant says what catches it
    void (*once)(std::uint64_t seed);
};

// Who leaves: no schedule, and in files of their own.
void play_policy(std::uint64_t seed);
void play_turns(std::uint64_t seed);

// In both programs that are made of this: the tests, and the mutants.
extern const Play plays[19];

// Requires: there is one of this name.
[[nodiscard]] const Play& play_called(std::string_view name);

}  // namespace tutti::testing
