// One rule of the protocol does not hold for as long as a BrokenRule lives: what a mutant is. Only
// in what stands on a library of tests/simulation/mutable.cmake, which asks `broken`.
#pragma once

#include <atomic>

#include "mutants/rules.hpp"

namespace tutti::mutants {

inline std::atomic<Rule> broken_rule{Rule::none};  // pairs with nothing: set before threads start

[[nodiscard]] inline bool broken(Rule rule) noexcept {
    return broken_rule.load(std::memory_order_relaxed) == rule;
}

class BrokenRule {
public:
    explicit BrokenRule(Rule rule) { broken_rule.store(rule, std::memory_order_relaxed); }
    ~BrokenRule() { broken_rule.store(Rule::none, std::memory_order_relaxed); }
    BrokenRule(const BrokenRule&) = delete;
    BrokenRule& operator=(const BrokenRule&) = delete;
};

}  // namespace tutti::mutants
