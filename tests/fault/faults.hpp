// What can happen to a fleet. A fault lasts until it is told to end, and heals what it did.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fault/fleet.hpp"
#include "tutti/clock.hpp"

namespace tests::fault {

struct Fault {
    std::string_view name;
    std::string_view what;
    // What it needs beside the size of the fleet.
    Setup setup = {};
    // Goes on until `end`, and a round to its own end. Returns how often it struck, as far as that
    // can be seen: zero times is no proof of anything.
    std::function<std::size_t(Fleet& fleet, tutti::TimePoint end)> apply;
    bool by_wire = false;              // it is one, and the table says of what kind
    bool writers_end_with_it = false;  // else they go on for a while
    bool reads_may_fail = false;
    std::optional<tutti::Duration> commit_bound = std::nullopt;
    // Not empty: a process is wrong on purpose, or a remedy is off, and the checker has to say that
    // this promise is broken.
    std::string_view breaks = {};
};

[[nodiscard]] const std::vector<Fault>& faults();

}  // namespace tests::fault
