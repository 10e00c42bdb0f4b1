// Instances of a bot-client that share shards, on virtual time: each has a clock of its own, they
// are killed, paused, started and stopped, and the register that they share is away, is emptied, or
// comes back with what it was before. What must hold:
//
//   one holder  when an instance begins to run a shard, no other one that lives may send anything
//               for it any more, even if it is paused now and wakes; nor does it later
//   liveness    of an instance that is killed every shard runs again within `unserved_max`, while
//               nothing else happens; and whatever has happened, soon after the last accident
//   shares      then all instances run equally many, save one, and nothing moves any more
//   hand-over   a shard that was given back goes on with the last event of its session; one that
//               was taken from a dead instance with one that was seen in its last steps
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tutti/clock.hpp"

namespace tutti::simulation {

// Probabilities are those of one second.
struct AssignmentScenario {
    std::string_view name;
    double kills = 0;      // of an instance; another one starts soon
    double pauses = 0;     // up to a minute
    double stops = 0;      // graceful; another one starts soon
    double joins = 0;      // one more, for a while
    double cuts = 0;       // an instance and the register do not reach each other, up to 30 s
    double outages = 0;    // the register answers none, up to 30 s
    double losses = 0;     // of a message; probability for each
    double late = 0;       // a message takes up to 20 s; likewise
    double empties = 0;    // of the register
    double restarts = 0;   // of its server, with all that it had
    double set_backs = 0;  // of its server, with what it had up to 10 s ago
    bool drifts = false;   // clocks run up to a tenth slower than others
    Duration lease = std::chrono::seconds(10);
    Duration every = std::chrono::seconds(1);  // a step
};

[[nodiscard]] std::span<const AssignmentScenario> assignment_scenarios();
[[nodiscard]] const AssignmentScenario& assignment_scenario(std::string_view name);

struct AssignmentOutcome {
    std::string violation;  // empty: everything held
    std::uint64_t tenures = 0;
    std::uint64_t resumed = 0;
    std::uint64_t kills = 0;
    Duration unserved_max{};  // of shards of an instance that was killed
};

[[nodiscard]] AssignmentOutcome simulate_assignment(const AssignmentScenario& scenario,
                                                    std::uint64_t seed);

}  // namespace tutti::simulation
