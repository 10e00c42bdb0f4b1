// The storms of shards by hand: `simulate_shards everything 1 2000` runs seeds 1..2000 and counts.
// `simulate_shards --list` names the scenarios.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "simulation/shards/shard_storm.hpp"

int main(int argc, char** argv) {
    using namespace tutti::simulation;
    if (argc < 2 || std::string_view(argv[1]) == "--help") {
        std::fputs(
            "usage: simulate_shards SCENARIO [FIRST_SEED [COUNT]]\n"
            "       simulate_shards --list\n",
            stderr);
        return 2;
    }
    const auto scenarios = shard_scenarios();
    if (std::string_view(argv[1]) == "--list") {
        for (const ShardScenario& one : scenarios) {
            std::printf("%s\n", std::string(one.name).c_str());
        }
        return 0;
    }
    const auto chosen =
        std::ranges::find(scenarios, std::string_view(argv[1]), &ShardScenario::name);
    if (chosen == scenarios.end()) {
        std::fprintf(stderr,
                     "simulate_shards: no scenario '%s'; simulate_shards --list names them\n",
                     argv[1]);
        return 2;
    }
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    const std::uint64_t count = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
    unsigned long long violated = 0;
    unsigned long long events = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const auto outcome = simulate_shard(*chosen, seed);
        events += outcome.events;
        if (outcome.violation.empty()) continue;
        ++violated;
        std::printf("replay: %s %s %llu\n  %s\n", argv[0], argv[1],
                    static_cast<unsigned long long>(seed), outcome.violation.c_str());
    }
    std::printf("%s: %llu seeds, %llu violated; %llu events\n", argv[1],
                static_cast<unsigned long long>(count), violated, events);
    return violated == 0 ? 0 : 1;
}
