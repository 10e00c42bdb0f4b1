// The storms of jobs by hand: `simulate_jobs everything 1 2000` runs seeds 1..2000 and counts. A
// fourth argument is a rule to break. `simulate_jobs --list` names the scenarios, `simulate_jobs
// --rules` the rules.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "simulation/jobs/job_storm.hpp"
#include "support/broken_rule.hpp"
#include "support/mutants.hpp"

int main(int argc, char** argv) {
    using namespace tutti::simulation;
    if (argc < 2 || std::string_view(argv[1]) == "--help") {
        std::fputs(
            "usage: simulate_jobs SCENARIO [FIRST_SEED [COUNT [RULE]]]\n"
            "       simulate_jobs --list | --rules\n",
            stderr);
        return 2;
    }
    if (std::string_view(argv[1]) == "--list") {
        for (const JobScenario& one : job_scenarios()) {
            std::printf("%s\n", std::string(one.name).c_str());
        }
        return 0;
    }
    if (std::string_view(argv[1]) == "--rules") {
        tutti::mutants::print_all();
        return 0;
    }
    const auto scenarios = job_scenarios();
    const auto chosen = std::ranges::find(scenarios, std::string_view(argv[1]), &JobScenario::name);
    if (chosen == scenarios.end()) {
        std::fprintf(stderr, "simulate_jobs: no scenario '%s'; simulate_jobs --list names them\n",
                     argv[1]);
        return 2;
    }
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    const std::uint64_t count = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
    const auto rule = argc > 4 ? tutti::mutants::rule_called("simulate_jobs", argv[4])
                               : std::optional(tutti::mutants::Rule::none);
    if (!rule) return 2;
    const tutti::mutants::BrokenRule broken(*rule);
    std::uint64_t violated = 0;
    JobOutcomeOfRun total;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const auto outcome = simulate_jobs(*chosen, seed);
        total.jobs += outcome.jobs;
        total.unknown_paid += outcome.unknown_paid;
        total.dead += outcome.dead;
        if (outcome.violation.empty()) continue;
        ++violated;
        std::printf("replay: %s %s %llu\n  %s\n", argv[0], argv[1],
                    static_cast<unsigned long long>(seed), outcome.violation.c_str());
    }
    std::printf("%s: %llu seeds, %llu violated; %llu jobs, %llu paid calls unknown, %llu dead\n",
                argv[1], static_cast<unsigned long long>(count),
                static_cast<unsigned long long>(violated),
                static_cast<unsigned long long>(total.jobs),
                static_cast<unsigned long long>(total.unknown_paid),
                static_cast<unsigned long long>(total.dead));
    return violated == 0 ? 0 : 1;
}
