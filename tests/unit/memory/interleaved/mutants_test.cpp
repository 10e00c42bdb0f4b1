// Every rule of mutations/ is needed: without it a play fails within a few seeds. A memory tier
// whose rule is broken may do anything, so each is broken in a process of its own, and a crash is
// noticed, too.
#include "support/mutants.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "support/broken_rule.hpp"
#include "unit/memory/interleaved/plays.hpp"

namespace tutti {
namespace {

constexpr std::uint64_t seeds_max = 2000;

class MemoryMutants : public ::testing::TestWithParam<mutants::Mutant> {};

[[noreturn]] void exit_unless_noticed(const mutants::Mutant& mutant) {
    constexpr rlimit seconds_max{2, 2};  // a circle without an atomic in it has no other end
    ::setrlimit(RLIMIT_CPU, &seconds_max);
    const testing::Play& play = testing::play_called(mutant.storm);
    const mutants::BrokenRule broken(mutant.rule);
    std::uint64_t seed = 0;
    while (!::testing::Test::HasFailure() && seed < seeds_max) play.once(++seed);
    std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(seed));
    std::_Exit(::testing::Test::HasFailure() ? EXIT_FAILURE : EXIT_SUCCESS);
}

TEST_P(MemoryMutants, IsNoticedByItsPlay) {
    const auto noticed = [](int status) { return !WIFEXITED(status) || WEXITSTATUS(status) != 0; };
    EXPECT_EXIT(exit_unless_noticed(GetParam()), noticed, "")
        << "not within " << seeds_max << " seeds";
}

INSTANTIATE_TEST_SUITE_P(All, MemoryMutants, ::testing::ValuesIn(mutants::all),
                         ::testing::PrintToStringParamName());

// What is caught is the rule's absence, and nothing that the copies have of their own.
TEST(MemoryMutants, WithAllRulesEachPlayIsClean) {
    for (const testing::Play& play : testing::plays) {
        for (std::uint64_t seed = 1; seed <= 100; ++seed) play.once(seed);
    }
}

}  // namespace
}  // namespace tutti
