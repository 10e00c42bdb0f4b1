// Plays what users send: messages go in at Discord, and the replies are read there.
//
// Thread-safety: none.
#pragma once

#include "fleet/fleet.hpp"
#include "fleet/fleet_client.hpp"
#include "fleet/report.hpp"

namespace tutti::services::fleet {

// Requires: the fleet has a stand-in for the provider.
void play_messages(Fleet& fleet, FleetClient& client, Report& report);

}  // namespace tutti::services::fleet
