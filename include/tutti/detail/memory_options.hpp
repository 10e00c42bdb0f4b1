// What is wrong with the options of a `MemoryCache`.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "tutti/policy.hpp"

namespace tutti::detail {

inline constexpr const char* ttl_problem = "ttl must be positive: \"for ever\" is Ttl::never()";

// Throws std::invalid_argument.
inline void check_ttl(Ttl ttl) {
    if (!ttl.valid()) throw std::invalid_argument(std::string("MemoryCache: ") + ttl_problem);
}

template <class Options>
[[nodiscard]] std::vector<std::string> memory_problems(const Options& options) {
    const bool in_bytes = options.bound.unit() == Bound::Unit::bytes;
    std::vector<std::string> found;
    const auto check = [&](bool good, const char* problem) {
        if (!good) found.emplace_back(problem);
    };
    check(options.ttl.valid(), ttl_problem);
    check(options.bound.valid(), "bound must be positive: a cache has to end somewhere");
    check(!in_bytes || options.weigher, "weigher is mandatory with a bound in bytes");
    check(in_bytes || !options.weigher, "weigher means nothing with a bound in entries");
    check(options.clock != nullptr, "clock must not be null: leave it out for the system's");
    return found;
}

// Throws std::invalid_argument that names all problems.
template <class Options>
[[nodiscard]] Options checked(Options options) {
    std::string all;
    for (const std::string& problem : memory_problems(options)) {
        all.append(all.empty() ? "MemoryCache: " : "; ").append(problem);
    }
    if (!all.empty()) throw std::invalid_argument(all);
    return options;
}

}  // namespace tutti::detail
