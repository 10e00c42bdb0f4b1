// The stress by hand: `stress 17 40` runs seeds 17 to 56. A third argument is a rule to break;
// `stress --rules` names them.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "stress/stress.hpp"
#include "support/broken_rule.hpp"
#include "support/mutants.hpp"

int main(int argc, char** argv) {
    using namespace tutti::stress;
    if (argc > 1 && std::string_view(argv[1]) == "--rules") {
        tutti::mutants::print_all();
        return 0;
    }
    const std::uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
    const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    const auto rule = argc > 3 ? tutti::mutants::rule_called("stress", argv[3])
                               : std::optional(tutti::mutants::Rule::none);
    if (!rule) return 2;
    const tutti::mutants::BrokenRule broken(*rule);
    std::uint64_t failed = 0;
    Findings total;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const Findings found = stress({.seed = seed});
        total.reads += found.reads;
        total.memory_hits += found.memory_hits;
        total.loads += found.loads;
        total.done += found.done;
        if (found.kept()) continue;
        ++failed;
        for (const auto& violation : found.violations) std::printf("%s\n", violation.c_str());
        std::printf("replay: %s %llu 100\n", argv[0], static_cast<unsigned long long>(seed));
    }
    std::printf("%llu seeds, %llu violated; %llu reads, %llu memory hits, %llu loads, %llu done\n",
                static_cast<unsigned long long>(count), static_cast<unsigned long long>(failed),
                static_cast<unsigned long long>(total.reads),
                static_cast<unsigned long long>(total.memory_hits),
                static_cast<unsigned long long>(total.loads),
                static_cast<unsigned long long>(total.done));
    return failed == 0 ? 0 : 1;
}
