// The simulator by hand: `simulate everything 1 2000` runs seeds 1..2000 and counts. A fourth
// argument is the number of a rule in base/rules.hpp to break. `simulate --list` names the
// scenarios.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/rules.hpp"
#include "simulation/storm.hpp"

int main(int argc, char** argv) {
    using namespace tutti::simulation;
    if (argc < 2 || std::string_view(argv[1]) == "--help") {
        std::fputs("usage: simulate SCENARIO [FIRST_SEED [COUNT [RULE]]]\n       simulate --list\n",
                   stderr);
        return 2;
    }
    if (std::string_view(argv[1]) == "--list") {
        for (const Scenario& one : scenarios()) std::printf("%s\n", std::string(one.name).c_str());
        return 0;
    }
    const auto found = std::ranges::find(scenarios(), std::string_view(argv[1]), &Scenario::name);
    if (found == scenarios().end()) {
        std::fprintf(stderr, "simulate: no scenario '%s'; simulate --list names them\n", argv[1]);
        return 2;
    }
    const Scenario& chosen = *found;
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    const std::uint64_t count = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
    if (argc > 4) {
        tutti::break_rules({static_cast<tutti::Rule>(std::strtoul(argv[4], nullptr, 10))});
    }
    const auto started = std::chrono::steady_clock::now();
    Counts total;
    tutti::Duration simulated{};
    std::uint64_t failed = 0;
    std::uint64_t hash = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const Outcome outcome = simulate(chosen, seed);
        total += outcome.counts;
        simulated += outcome.simulated;
        hash = hash * 31 + outcome.hash;
        if (outcome.kept()) continue;
        std::printf("replay: %s %s %llu\n", argv[0], argv[1],
                    static_cast<unsigned long long>(seed));
        if (++failed <= 3) {
            std::printf("seed %llu\n%s\n", static_cast<unsigned long long>(seed),
                        outcome.report.c_str());
        } else {
            std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
                        outcome.report.substr(0, outcome.report.find('\n')).c_str());
        }
    }
    const double real =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    const double virtual_seconds = std::chrono::duration<double>(simulated).count();
    std::printf(
        "%s: %llu seeds, %llu violated; %llu reads, %llu peeks, %llu memory hits, %llu suspect, "
        "%llu errors, %llu loads, %llu writes, %llu done (%llu by acks), %llu unconfirmed, %llu "
        "incidents, "
        "%llu steps; %.0f s simulated in %.1f s (x%.0f); hash %016llx\n",
        argv[1], static_cast<unsigned long long>(count), static_cast<unsigned long long>(failed),
        static_cast<unsigned long long>(total.reads), static_cast<unsigned long long>(total.peeks),
        static_cast<unsigned long long>(total.memory_hits),
        static_cast<unsigned long long>(total.suspect_answers),
        static_cast<unsigned long long>(total.errors), static_cast<unsigned long long>(total.loads),
        static_cast<unsigned long long>(total.writes), static_cast<unsigned long long>(total.done),
        static_cast<unsigned long long>(total.acknowledged),
        static_cast<unsigned long long>(total.unconfirmed),
        static_cast<unsigned long long>(total.incidents),
        static_cast<unsigned long long>(total.steps), virtual_seconds, real, virtual_seconds / real,
        static_cast<unsigned long long>(hash));
    return failed == 0 ? 0 : 1;
}
