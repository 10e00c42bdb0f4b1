// Interleavings of few operations on few keys, one seed after the other: each history has to be
// explained by an order. TUTTI_SEED is the first (1), TUTTI_SCHEDULES how many there are (2,000);
// what fails names its seed.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "unit/memory/interleaved/plays.hpp"

namespace tutti {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* const asked = std::getenv(variable);
    return asked == nullptr ? otherwise : std::strtoull(asked, nullptr, 10);
}

// As long as none of them found anything.
void play_each_seed(std::string_view name) {
    const testing::Play& play = testing::play_called(name);
    const std::uint64_t first = number_from("TUTTI_SEED", 1);
    const std::uint64_t count = number_from("TUTTI_SCHEDULES", 2000);
    for (std::uint64_t i = 0; i < count && !::testing::Test::HasFailure(); ++i)
        play.once(first + i);
}

TEST(Interleaved, WordsAreExplainedByAnOrder) { play_each_seed("words"); }
TEST(Interleaved, ValuesByAddressAreExplainedByAnOrderAndAlive) { play_each_seed("addresses"); }
TEST(Interleaved, KeysByAddressAreExplainedByAnOrder) { play_each_seed("text"); }
TEST(Interleaved, KeysWithTheSameHashAreExplainedByAnOrder) { play_each_seed("collisions"); }
TEST(Interleaved, WhatIsThereIsFoundWhileBucketsAreSplit) { play_each_seed("splits"); }
TEST(Interleaved, WhatIsThereIsFoundInABucketThatGrows) { play_each_seed("chains"); }
TEST(Interleaved, AnExactOrderOfUseIsExplainedByAnOrder) { play_each_seed("exact_order"); }
TEST(Interleaved, UpdatesLoseNothing) { play_each_seed("updates"); }
TEST(Interleaved, TheBoundIsNeverExceeded) { play_each_seed("bound"); }
TEST(Interleaved, ABoundInBytesIsNeverExceededAndWhatIsPutIsIn) { play_each_seed("weights"); }
TEST(Interleaved, AWalkSeesOnceWhatIsThereAllTheWhile) { play_each_seed("walks"); }
TEST(Interleaved, AValueWaitsForTheReadsThatMayHaveFoundItOnly) { play_each_seed("readers"); }
TEST(Interleaved, AReadBuriesNothingYoungerThanItHasFound) { play_each_seed("ends"); }
TEST(Interleaved, NorDoesOneOfAnExactOrder) { play_each_seed("ends_of_an_exact_order"); }
TEST(Interleaved, AHitMovesNothingThatHasLeftTheOrder) { play_each_seed("uses"); }
TEST(Interleaved, EachKindOfAccessIsServedAsWellAsThePolicyServesIt) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) testing::play_called("policy").once(seed);
}
TEST(Interleaved, WhatHasLeftOutOfItsTurnTakesNoneFromOthers) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) testing::play_called("turns").once(seed);
}
TEST(Interleaved, AHandleYieldsNoWordsFromBeforeWhatIsDone) { play_each_seed("lease_on_words"); }
TEST(Interleaved, AHandleYieldsNoValueByAddressFromBeforeWhatIsDone) {
    play_each_seed("lease_on_addresses");
}

}  // namespace
}  // namespace tutti
