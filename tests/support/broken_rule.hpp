// One rule of the protocol does not hold for as long as this lives: what a mutant is. Only where
// TUTTI_MUTANTS is defined.
#pragma once

#include "base/rules.hpp"

namespace tutti::tests {

class BrokenRule {
public:
    explicit BrokenRule(Rule rule) { break_rules({rule}); }
    ~BrokenRule() { break_rules({}); }
    BrokenRule(const BrokenRule&) = delete;
    BrokenRule& operator=(const BrokenRule&) = delete;
};

}  // namespace tutti::tests
