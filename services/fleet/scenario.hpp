// The scenario of the audit: a channel that is activated through one bot-client is seen by the
// others at once, measured; and the same without the bus, to show what the audit found.
#pragma once

#include "fleet/fleet.hpp"
#include "fleet/fleet_client.hpp"

namespace tutti::services::fleet {

// Plays and prints it. False when a check failed; the output says which.
[[nodiscard]] bool play_scenario(Fleet& fleet, FleetClient& client);

// What all instances declare and have counted.
void print_audit(const Fleet& fleet, FleetClient& client);

// How to talk to a fleet that stays up.
void print_directions(const Fleet& fleet);

}  // namespace tutti::services::fleet
