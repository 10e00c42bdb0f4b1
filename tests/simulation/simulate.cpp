// The simulator by hand: `simulate everything 1 2000` runs seeds 1..2000 and counts. A fourth
// argument is a rule to break. `simulate --shrink everything 4711` looks for the few actions of one
// seed that break a promise, and `simulate --only 3,17 everything 4711` plays these alone.
// `simulate --list` names the scenarios, `simulate --rules` the rules; `simulate --kills` breaks
// one after the other and counts the seeds until it is noticed, by its own scenario or by a given
// one.
#include <errno.h>  // program_invocation_name
#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <limits>
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
    "       simulate --kills [SCENARIO [SECONDS]]\n"
    "       simulate --list | --rules\n";

struct Total {
    Counts counts;
    tutti::Duration simulated{};
    std::uint64_t seeds = 0;
    std::uint64_t violated = 0;
    std::uint64_t actions = 0;
    std::uint64_t hash = 0;
};

// That this process has had of a processor: what a figure says does not depend on what else the
// machine does.
double processor_seconds() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

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

void print(const Total& total, const char* scenario, double processor) {
    const double simulated = std::chrono::duration<double>(total.simulated).count();
    const Counts& counts = total.counts;
    std::printf(
        "%s: %llu seeds, %llu violated; %llu actions: %llu reads, %llu peeks, %llu memory hits, "
        "%llu suspect, "
        "%llu errors, %llu loads, %llu writes, %llu done (%llu by acks), %llu unconfirmed, %llu "
        "incidents, %llu checks (%llu stale), %llu steps; %.0f s simulated in %.2f s of the "
        "processor (x%.0f); "
        "hash %016llx\n",
        scenario, number(total.seeds), number(total.violated), number(total.actions),
        number(counts.reads), number(counts.peeks), number(counts.memory_hits),
        number(counts.suspect_answers), number(counts.errors), number(counts.loads),
        number(counts.writes), number(counts.done), number(counts.acknowledged),
        number(counts.unconfirmed), number(counts.incidents), number(counts.checks),
        number(counts.stale_checks), number(counts.steps), simulated, processor,
        simulated / processor, number(total.hash));
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
    const double began = processor_seconds();
    Total total;
    for (std::uint64_t seed = first; total.seeds < count; ++seed, ++total.seeds) {
        const Outcome outcome = simulate(chosen, seed);
        total.counts += outcome.counts;
        total.simulated += outcome.simulated;
        total.actions += outcome.actions;
        total.hash = total.hash * 31 + outcome.hash;
        if (outcome.kept()) continue;
        print_violation(chosen, seed, outcome, ++total.violated <= told_in_full);
    }
    print(total, chosen.name.data(), processor_seconds() - began);
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

// Within how much a broken rule has to be noticed.
struct Patience {
    std::uint64_t seeds = 1000;
    double processor_seconds = std::numeric_limits<double>::infinity();
};

struct Hunt {
    std::optional<std::uint64_t> noticed;  // by which seed; nothing: by none
    double processor_seconds = 0;
};

Hunt hunt(const tutti::mutants::Mutant& mutant, const Scenario& by, const Patience& patience) {
    const tutti::mutants::BrokenRule broken(mutant.rule);
    const double began = processor_seconds();
    Hunt hunt;
    for (std::uint64_t seed = 1; seed <= patience.seeds && !hunt.noticed; ++seed) {
        if (!simulate(by, seed).kept()) hunt.noticed = seed;
        hunt.processor_seconds = processor_seconds() - began;
        if (hunt.processor_seconds > patience.processor_seconds) break;
    }
    return hunt;
}

// The middle one, nine tenths, and the last.
template <class T>
std::array<T, 3> spread(std::vector<T> of) {
    if (of.empty()) return {};
    std::ranges::sort(of);
    return {of[of.size() / 2], of[of.size() * 9 / 10], of.back()};
}

// By one scenario all rules, those of scripts too; otherwise each by its own.
int print_kills(const Scenario* by, const Patience& patience) {
    std::vector<std::uint64_t> seeds;
    std::vector<double> times;
    double time = 0;
    const auto mutants =
        by == nullptr ? tutti::mutants::of_storms()
                      : std::vector(std::begin(tutti::mutants::all), std::end(tutti::mutants::all));
    for (const auto& mutant : mutants) {
        const Scenario& chosen = by == nullptr ? scenario(mutant.storm) : *by;
        const Hunt found = hunt(mutant, chosen, patience);
        time += found.processor_seconds;
        if (found.noticed) {
            seeds.push_back(*found.noticed);
            times.push_back(found.processor_seconds);
        }
        std::printf("%-36s %-11s %8.3f s  %s\n", mutant.name.data(), chosen.name.data(),
                    found.processor_seconds,
                    found.noticed ? std::to_string(*found.noticed).c_str() : "not noticed");
        std::fflush(stdout);
    }
    const auto [seed, most_seeds, last_seed] = spread(seeds);
    const auto [second, most_seconds, last_second] = spread(times);
    std::printf("%zu rules, %zu noticed in %.1f s of the processor (%.2f a second)", mutants.size(),
                seeds.size(), time, static_cast<double>(seeds.size()) / time);
    std::printf("; seeds until noticed: median %llu, 90 %% within %llu, most %llu", number(seed),
                number(most_seeds), number(last_seed));
    std::printf("; seconds: median %.3f, 90 %% within %.3f, most %.3f", second, most_seconds,
                last_second);
    const std::size_t others = std::size(tutti::mutants::all) - mutants.size();
    std::printf(others > 0 ? "; %zu more by scripts\n" : "\n", others);
    return seeds.size() == mutants.size() ? 0 : 1;
}

// The words behind --kills.
int run_kills(const std::vector<std::string_view>& words) {
    const Scenario* by = nullptr;
    Patience patience;
    if (!words.empty()) {
        by = scenario_called(words[0]);
        const auto seconds = words.size() > 1 ? read_number(words[1]) : 10;
        if (by == nullptr || !seconds) return 2;
        patience = {.seeds = std::numeric_limits<std::uint64_t>::max(),
                    .processor_seconds = static_cast<double>(*seconds)};
    }
    return print_kills(by, patience);
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
    if (words[0] == "--kills") return run_kills({words.begin() + 1, words.end()});
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
