// What tests and commands do with the list of mutants.
#pragma once

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

#include "mutants/rules.hpp"

namespace tutti::mutants {

inline void PrintTo(const Mutant& mutant, std::ostream* out) { *out << mutant.name; }
inline void PrintTo(Rule rule, std::ostream* out) {
    *out << std::ranges::find(all, rule, &Mutant::rule)->name;
}

[[nodiscard]] inline std::vector<Mutant> of_storms() {
    std::vector<Mutant> found;
    std::ranges::copy_if(all, std::back_inserter(found),
                         [](const Mutant& mutant) { return !mutant.storm.empty(); });
    return found;
}

inline void print_all() {
    for (const Mutant& mutant : all) {
        std::printf("%-36s %-11s %s\n", mutant.name.data(),
                    mutant.storm.empty() ? "(script)" : mutant.storm.data(), mutant.why.data());
    }
}

// Of a command's argument; an unknown name is told.
[[nodiscard]] inline std::optional<Rule> rule_called(const char* command, std::string_view name) {
    const auto* const found = std::ranges::find(all, name, &Mutant::name);
    if (found != std::end(all)) return found->rule;
    std::fprintf(stderr, "%s: no rule '%.*s'; %s --rules names them\n", command,
                 static_cast<int>(name.size()), name.data(), command);
    return std::nullopt;
}

}  // namespace tutti::mutants
