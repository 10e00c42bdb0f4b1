// One fault, from the first process to the verdict.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "fault/checker.hpp"
#include "fault/faults.hpp"
#include "fault/fleet.hpp"

namespace tests::fault {

struct Size {
    std::size_t nodes = 8;
    std::size_t writers = 3;
    std::chrono::seconds lasts{60};
};

struct Outcome {
    const Fault* fault = nullptr;
    Verdict verdict;
    std::size_t strikes = 0;
    Fleet::Wire wire;
    // Of the time after the fault: what a plain client waited for the server at most, and for how
    // long after the fault it was kept waiting too long now and then.
    tutti::Duration slowest_ping{};
    tutti::Duration server_late_for{};
    // Empty: as it should be. For people.
    std::vector<std::string> complaints;

    [[nodiscard]] bool as_expected() const { return complaints.empty(); }
};

// Blocking: some seconds longer than `size.lasts`. Throws std::runtime_error when a process does
// not start or does not end.
[[nodiscard]] Outcome run(const Fault& fault, const Size& size);

}  // namespace tests::fault
