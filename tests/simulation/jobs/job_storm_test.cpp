// The job protocol keeps its promises in every storm, and each of its rules is needed: with it
// switched off the checker finds a broken promise within a few seeds, and on the same seed none
// with it.
#include "simulation/jobs/job_storm.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <ostream>
#include <string>
#include <string_view>

#include "common/jobs/job_rules.hpp"

namespace tutti::simulation {

void PrintTo(const JobScenario& scenario, std::ostream* out) { *out << scenario.name; }

namespace {

using services::jobs::JobRule;

class BrokenJobRule {
public:
    explicit BrokenJobRule(JobRule rule) { services::jobs::break_rules({rule}); }
    ~BrokenJobRule() { services::jobs::break_rules({}); }
    BrokenJobRule(const BrokenJobRule&) = delete;
    BrokenJobRule& operator=(const BrokenJobRule&) = delete;
};

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

struct JobMutant {
    std::string_view name;
    JobRule rule;
    std::string_view scenario;
};

void PrintTo(const JobMutant& mutant, std::ostream* out) { *out << mutant.name; }

class JobMutants : public ::testing::TestWithParam<JobMutant> {};

TEST_P(JobMutants, IsCaughtByAStorm) {
    constexpr std::uint64_t seeds_max = 200;
    const JobScenario& chosen = job_scenario(GetParam().scenario);

    std::uint64_t seed = 0;
    JobOutcomeOfRun outcome;
    do {
        const BrokenJobRule broken(GetParam().rule);
        outcome = simulate_jobs(chosen, ++seed);
    } while (outcome.violation.empty() && seed < seeds_max);

    EXPECT_NE(outcome.violation, "") << "not within " << seeds_max << " seeds";
    EXPECT_EQ(simulate_jobs(chosen, seed).violation, "") << "seed " << seed;
    std::cout << "seed " << seed << ": " << outcome.violation << "\n";
}

constexpr JobMutant mutants[]{
    {"enqueue_only_unknown", JobRule::enqueue_only_unknown, "lossy"},
    {"lapsed_lease_is_free", JobRule::lapsed_lease_is_free, "deaths"},
    {"held_lease_is_not_free", JobRule::held_lease_is_not_free, "calm"},
    {"claim_takes_token", JobRule::claim_takes_token, "pauses"},
    {"renew_compares_token", JobRule::renew_compares_token, "pauses"},
    {"renew_extends_lease", JobRule::renew_extends_lease, "calm"},
    {"give_back_compares_token", JobRule::give_back_compares_token, "lossy"},
    {"give_back_spends_none", JobRule::give_back_spends_none, "calm"},
    {"end_compares_token", JobRule::end_compares_token, "pauses"},
    {"end_announces", JobRule::end_announces, "calm"},
    {"end_drops_ticket", JobRule::end_drops_ticket, "calm"},
    {"attempts_end", JobRule::attempts_end, "poisoned"},
    {"retry_is_later", JobRule::retry_is_later, "calm"},
    {"parent_waits", JobRule::parent_waits, "calm"},
    {"failed_child_counts", JobRule::failed_child_counts, "calm"},
    {"child_is_kept", JobRule::child_is_kept, "short"},
    {"paid_call_is_marked", JobRule::paid_call_is_marked, "pauses"},
    {"unknown_is_not_asked", JobRule::unknown_is_not_asked, "pauses"},
    {"stored_before_used", JobRule::stored_before_used, "lossy"},
    {"late_answer_is_taken", JobRule::late_answer_is_taken, "pauses"},
};
INSTANTIATE_TEST_SUITE_P(All, JobMutants, ::testing::ValuesIn(mutants),
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
