// The storms of shards and their instances by hand: `simulate_assignment everything 1 2000` runs
// seeds 1..2000 and counts. A fourth argument is a rule to break. `simulate_assignment --list`
// names the scenarios, `simulate_assignment
// --rules` the rules.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "simulation/assignment/assignment_storm.hpp"
#include "support/broken_rule.hpp"
#include "support/mutants.hpp"

int main(int argc, char** argv) {
    using namespace tutti::simulation;
    if (argc < 2 || std::string_view(argv[1]) == "--help") {
        std::fputs(
            "usage: simulate_assignment SCENARIO [FIRST_SEED [COUNT [RULE]]]\n"
            "       simulate_assignment --list | --rules\n",
            stderr);
        return 2;
    }
    if (std::string_view(argv[1]) == "--list") {
        for (const AssignmentScenario& one : assignment_scenarios()) {
            std::printf("%s\n", std::string(one.name).c_str());
        }
        return 0;
    }
    if (std::string_view(argv[1]) == "--rules") {
        tutti::mutants::print_all();
        return 0;
    }
    const auto scenarios = assignment_scenarios();
    const auto chosen =
        std::ranges::find(scenarios, std::string_view(argv[1]), &AssignmentScenario::name);
    if (chosen == scenarios.end()) {
        std::fprintf(
            stderr,
            "simulate_assignment: no scenario '%s'; simulate_assignment --list names them\n",
            argv[1]);
        return 2;
    }
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    const std::uint64_t count = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
    const auto rule = argc > 4 ? tutti::mutants::rule_called("simulate_assignment", argv[4])
                               : std::optional(tutti::mutants::Rule::none);
    if (!rule) return 2;
    const tutti::mutants::BrokenRule broken(*rule);
    std::uint64_t violated = 0;
    AssignmentOutcome total;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const auto outcome = simulate_assignment(*chosen, seed);
        total.tenures += outcome.tenures;
        total.resumed += outcome.resumed;
        total.kills += outcome.kills;
        total.unserved_max = std::max(total.unserved_max, outcome.unserved_max);
        if (outcome.violation.empty()) continue;
        ++violated;
        std::printf("replay: %s %s %llu\n  %s\n", argv[0], argv[1],
                    static_cast<unsigned long long>(seed), outcome.violation.c_str());
    }
    std::printf(
        "%s: %llu seeds, %llu violated; %llu tenures, %llu of them resumed; %llu kills, "
        "after which a shard was unserved for %.1f s at most\n",
        argv[1], static_cast<unsigned long long>(count), static_cast<unsigned long long>(violated),
        static_cast<unsigned long long>(total.tenures),
        static_cast<unsigned long long>(total.resumed),
        static_cast<unsigned long long>(total.kills),
        std::chrono::duration<double>(total.unserved_max).count());
    return violated == 0 ? 0 : 1;
}
