// The simulator by hand: `simulate everything 1 2000` runs seeds 1..2000 and counts. A fourth
// argument is a rule to break. `simulate --shrink everything 4711` looks for the few actions of one
// seed that break a promise, and `simulate --only 3,17 everything 4711` plays these alone.
// `simulate --list` names the scenarios, `simulate --rules` the rules; `simulate --kills` breaks
// one after the other and counts the seeds until it is noticed.
#include <errno.h>  // program_invocation_name

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulation/shrink.hpp"
#include "simulation/storm.hpp"
#include "support/broken_rule.hpp"
#include "support/mutants.hpp"

namespace {

using namespace tutti::simulation;

constexpr const char* usage =
    "usage: simulate SCENARIO [FIRST_SEED [COUNT [RULE]]]\n"
    "       simulate --shrink SCENARIO SEED [RULE]\n"
    "       simulate --only ACTION,... SCENARIO SEED [RULE]\n"
    "       simulate --list | --rules | --kills\n";

struct Total {
    Counts counts;
    tutti::Duration simulated{};
    std::uint64_t seeds = 0;
    std::uint64_t violated = 0;
    std::uint64_t hash = 0;
};

unsigned long long number(std::uint64_t value) { return value; }

std::optional<std::uint64_t> read_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (!text.empty() && error == std::errc{} && end == text.data() + text.size()) return value;
    std::fprintf(stderr, "simulate: '%.*s' is no number\n%s", static_cast<int>(text.size()),
                 text.data(), usage);
    return std::nullopt;
}

const Scenario* scenario_called(std::string_view name) {
    const auto found = std::ranges::find(scenarios(), name, &Scenario::name);
    if (found != scenarios().end()) return &*found;
    std::fprintf(stderr, "simulate: no scenario '%.*s'; simulate --list names them\n",
                 static_cast<int>(name.size()), name.data());
    return nullptr;
}

void print(const Total& total, const char* scenario, double real) {
    const double simulated = std::chrono::duration<double>(total.simulated).count();
    const Counts& counts = total.counts;
    std::printf(
        "%s: %llu seeds, %llu violated; %llu reads, %llu peeks, %llu memory hits, %llu suspect, "
        "%llu errors, %llu loads, %llu writes, %llu done (%llu by acks), %llu unconfirmed, %llu "
        "incidents, %llu checks (%llu stale), %llu steps; %.0f s simulated in %.1f s (x%.0f); hash "
        "%016llx\n",
        scenario, number(total.seeds), number(total.violated), number(counts.reads),
        number(counts.peeks), number(counts.memory_hits), number(counts.suspect_answers),
        number(counts.errors), number(counts.loads), number(counts.writes), number(counts.done),
        number(counts.acknowledged), number(counts.unconfirmed), number(counts.incidents),
        number(counts.checks), number(counts.stale_checks), number(counts.steps), simulated, real,
        simulated / real, number(total.hash));
}

void print_violation(const Scenario& chosen, std::uint64_t seed, const Outcome& outcome,
                     bool in_full) {
    std::printf("replay: %s %s %llu\n", ::program_invocation_name, chosen.name.data(),
                number(seed));
    const std::string& report = outcome.report;
    std::printf("seed %llu: %s\n", number(seed),
                in_full ? report.c_str() : report.substr(0, report.find('\n')).c_str());
}

int run_seeds(const Scenario& chosen, std::uint64_t first, std::uint64_t count) {
    constexpr std::uint64_t told_in_full = 3;
    const auto started = std::chrono::steady_clock::now();
    Total total;
    for (std::uint64_t seed = first; total.seeds < count; ++seed, ++total.seeds) {
        const Outcome outcome = simulate(chosen, seed);
        total.counts += outcome.counts;
        total.simulated += outcome.simulated;
        total.hash = total.hash * 31 + outcome.hash;
        if (outcome.kept()) continue;
        print_violation(chosen, seed, outcome, ++total.violated <= told_in_full);
    }
    const std::chrono::duration<double> real = std::chrono::steady_clock::now() - started;
    print(total, chosen.name.data(), real.count());
    return total.violated == 0 ? 0 : 1;
}

std::string in_words(const std::vector<std::size_t>& actions) {
    std::string text;
    for (const std::size_t action : actions) {
        text += (text.empty() ? "" : ",") + std::to_string(action);
    }
    return text;
}

int run_shrink(const Scenario& chosen, std::uint64_t seed, const char* rule) {
    if (simulate(chosen, seed).kept()) {
        std::fprintf(stderr, "simulate: seed %llu of %s keeps every promise; nothing to shrink\n",
                     number(seed), chosen.name.data());
        return 2;
    }
    const Shrunk found = shrink(
        chosen, seed, [](std::size_t left) { std::fprintf(stderr, "\r%zu actions left ", left); });
    std::fputc('\n', stderr);
    std::printf(
        "%zu of %zu actions do it, found in %zu runs; replay: %s --only %s %s %llu %s\n%s\n",
        found.actions.size(), found.of, found.runs, ::program_invocation_name,
        in_words(found.actions).c_str(), chosen.name.data(), number(seed), rule,
        found.outcome.report.c_str());
    return 0;
}

int run_only(const Scenario& chosen, std::uint64_t seed, std::string_view given) {
    std::vector<std::size_t> actions;
    for (const auto part : given | std::views::split(',')) {
        const auto action = read_number(std::string_view(part));
        if (!action) return 2;
        actions.push_back(*action);
    }
    std::ranges::sort(actions);
    const Outcome outcome = simulate(chosen, seed, std::move(actions));
    if (!outcome.kept()) print_violation(chosen, seed, outcome, true);
    if (outcome.kept()) std::printf("every promise was kept\n");
    return outcome.kept() ? 0 : 1;
}

// The first seed of its scenario on which a broken rule is noticed; nothing: none of them.
std::optional<std::uint64_t> noticed_by(const tutti::mutants::Mutant& mutant,
                                        std::uint64_t seeds_max) {
    const tutti::mutants::BrokenRule broken(mutant.rule);
    const Scenario& chosen = scenario(mutant.storm);
    for (std::uint64_t seed = 1; seed <= seeds_max; ++seed) {
        if (!simulate(chosen, seed).kept()) return seed;
    }
    return std::nullopt;
}

int print_kills() {
    constexpr std::uint64_t seeds_max = 1000;
    std::vector<std::uint64_t> kills;
    std::size_t survivors = 0;
    const auto mutants = tutti::mutants::of_storms();
    for (const auto& mutant : mutants) {
        const auto seeds = noticed_by(mutant, seeds_max);
        if (seeds) kills.push_back(*seeds);
        if (!seeds) ++survivors;
        std::printf("%-36s %-11s %s\n", mutant.name.data(), mutant.storm.data(),
                    seeds ? std::to_string(*seeds).c_str() : "not noticed");
        std::fflush(stdout);
    }
    std::ranges::sort(kills);
    std::printf("%zu rules, %zu not noticed within %llu seeds", mutants.size(), survivors,
                number(seeds_max));
    if (!kills.empty()) {
        std::printf("; seeds until noticed: median %llu, 90 %% within %llu, most %llu",
                    number(kills[kills.size() / 2]), number(kills[kills.size() * 9 / 10]),
                    number(kills.back()));
    }
    std::printf("; %zu more by scripts\n", std::size(tutti::mutants::all) - mutants.size());
    return survivors == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string_view> words(argv + 1, argv + argc);
    if (words.empty() || words[0] == "--help") return std::fputs(usage, stderr), 2;
    if (words[0] == "--list") {
        for (const Scenario& one : scenarios()) std::printf("%s\n", one.name.data());
        return 0;
    }
    if (words[0] == "--rules") return tutti::mutants::print_all(), 0;
    if (words[0] == "--kills") return print_kills();
    const bool shrinks = words[0] == "--shrink";
    const bool plays_some = words[0] == "--only" && words.size() > 1;
    const bool is_one = shrinks || plays_some;
    const std::string_view actions = plays_some ? words[1] : "";
    words.erase(words.begin(), words.begin() + (plays_some ? 2 : shrinks ? 1 : 0));
    const std::size_t words_max = is_one ? 3 : 4;
    if (words.size() < (is_one ? 2U : 1U) || words.size() > words_max) {
        return std::fputs(usage, stderr), 2;
    }
    const Scenario* chosen = scenario_called(words[0]);
    const auto seed = words.size() > 1 ? read_number(words[1]) : 1;
    const auto count = !is_one && words.size() > 2 ? read_number(words[2]) : 1;
    const std::string_view rule_name = words.size() == words_max ? words.back() : "";
    const auto rule = rule_name.empty() ? std::optional(tutti::mutants::Rule::none)
                                        : tutti::mutants::rule_called("simulate", rule_name);
    if (chosen == nullptr || !seed || !count || !rule) return 2;
    const tutti::mutants::BrokenRule broken(*rule);
    if (shrinks) return run_shrink(*chosen, *seed, rule_name.data());
    if (plays_some) return run_only(*chosen, *seed, actions);
    return run_seeds(*chosen, *seed, *count);
}
