// What a simulation consists of, by name: how bad the network is, which accidents happen how often, and
// which of the conditional promises hold under them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "tutti/clock.hpp"
#include "tutti/testing/faults.hpp"

namespace tutti::simulation {

enum class Incident : std::uint8_t {
    pause,        // of a process; its clock goes on
    cut,          // a partition, of one direction or of both
    half_open,    // a subscription that nothing arrives on and that nobody closes
    disconnect,   // of one subscription
    outage,       // the server cannot be reached
    crash,        // of a process, without a word
    stop,         // of a process, in order; another one takes its place
    undecodable,  // a push that cannot be read; from here on a node has to start empty again
    restart_empty,
    restore,  // restart from an older copy
    lose_log,
    trim,
    rotate,
    lose_state,
    lose_members,
    flush_all,
};
inline constexpr std::size_t incident_count = 16;

using Weights = std::array<double, incident_count>;

struct Scenario {
    std::string_view name;
    testing::SeededFaults::Rates network;
    Duration incident_interval{};  // on average; zero: none
    Weights weights{};
    double load_failures = 0;
    double slow_loads = 0;  // that may outlast a wait-out
    bool foreign = false;   // other programs write too
    bool mixed_leases = false;

    // Nothing goes wrong: nothing may be unconfirmed, time out or miss for no reason.
    [[nodiscard]] bool calm() const;
    // The log is never lost: nobody has a reason to drop everything.
    [[nodiscard]] bool history_survives() const;
};

[[nodiscard]] std::span<const Scenario> scenarios();
// Requires: there is one of that name.
[[nodiscard]] const Scenario& scenario(std::string_view name);

}  // namespace tutti::simulation
