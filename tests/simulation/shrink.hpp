// From a storm that breaks a promise to the few of its actions that do it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "simulation/scenario.hpp"
#include "simulation/storm.hpp"

namespace tutti::simulation {

struct Shrunk {
    std::vector<std::size_t> actions;  // none of which can be left out alone
    std::size_t of = 0;                // that the storm had
    std::size_t runs = 0;
    Outcome outcome;  // of these actions
};

// Leaves out ever smaller parts of the storm as long as it breaks the same promise: ddmin (Zeller,
// Hildebrandt: "Simplifying and Isolating Failure-Inducing Input", 2002). Requires: it breaks one.
// `progress(actions left)` whenever there are fewer.
[[nodiscard]] Shrunk shrink(const Scenario& scenario, std::uint64_t seed,
                            const std::function<void(std::size_t)>& progress = {});

}  // namespace tutti::simulation
