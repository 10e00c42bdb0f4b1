// The job protocol keeps its promises in every storm, and each of its rules is needed: with it
// switched off the checker finds a broken promise within a few seeds, and on the same seed none
// with it.
#include "simulation/jobs/job_storm.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <ostream>
#include <string>

#include "support/broken_rule.hpp"
#include "support/mutants.hpp"

namespace tutti::simulation {

void PrintTo(const JobScenario& scenario, std::ostream* out) { *out << scenario.name; }

namespace {

class JobStorms : public ::testing::TestWithParam<JobScenario> {};

TEST_P(JobStorms, KeepEveryPromise) {
    std::size_t jobs = 0;
    std::uint64_t unknown = 0;
    std::uint64_t dead = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const auto outcome = simulate_jobs(GetParam(), seed);
        EXPECT_EQ(outcome.violation, "") << "seed " << seed;
        jobs += outcome.jobs;
        unknown += outcome.unknown_paid;
        dead += outcome.dead;
    }
    std::cout << jobs << " jobs, " << unknown << " paid calls unknown, " << dead
              << " dead letters\n";
    EXPECT_GT(jobs, 100U);
}
INSTANTIATE_TEST_SUITE_P(All, JobStorms,
                         ::testing::ValuesIn(job_scenarios().begin(), job_scenarios().end()),
                         ::testing::PrintToStringParamName());

class JobMutants : public ::testing::TestWithParam<mutants::Mutant> {};

TEST_P(JobMutants, IsCaughtByAStorm) {
    constexpr std::uint64_t seeds_max = 200;
    const JobScenario& chosen = job_scenario(GetParam().storm);

    std::uint64_t seed = 0;
    JobOutcomeOfRun outcome;
    do {
        const mutants::BrokenRule broken(GetParam().rule);
        outcome = simulate_jobs(chosen, ++seed);
    } while (outcome.violation.empty() && seed < seeds_max);

    EXPECT_NE(outcome.violation, "") << "not within " << seeds_max << " seeds";
    EXPECT_EQ(simulate_jobs(chosen, seed).violation, "") << "seed " << seed;
    std::cout << "seed " << seed << ": " << outcome.violation << "\n";
}

INSTANTIATE_TEST_SUITE_P(All, JobMutants, ::testing::ValuesIn(mutants::of_storms()),
                         ::testing::PrintToStringParamName());

TEST(JobStorm, ASeedIsOneRun) {
    const auto first = simulate_jobs(job_scenario("everything"), 7);
    const auto again = simulate_jobs(job_scenario("everything"), 7);

    EXPECT_EQ(first.violation, again.violation);
    EXPECT_EQ(first.jobs, again.jobs);
    EXPECT_EQ(first.unknown_paid, again.unknown_paid);
    EXPECT_EQ(first.dead, again.dead);
}

}  // namespace
}  // namespace tutti::simulation
