// The scenario of the audit: a channel that is activated through one bot-client is seen by the
// others at once, measured; and the same without the bus, to show what the audit found.
#pragma once

#include "fleet/driver_client.hpp"
#include "fleet/fleet.hpp"
#include "fleet/plan.hpp"

namespace tutti::services::fleet {

// Plays and prints it. False when a check failed; the output says which.
[[nodiscard]] bool play_scenario(Fleet& fleet, DriverClient& driver);

// What all instances declare and have counted.
void print_audit(const Fleet& fleet, DriverClient& driver);

// How to talk to a fleet that stays up.
void print_directions(const Fleet& fleet, const Plan& plan);

}  // namespace tutti::services::fleet
