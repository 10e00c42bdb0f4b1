// How a strike is done to a fleet, and healed.
#pragma once

#include <chrono>
#include <functional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "soak/fleet.hpp"
#include "soak/plan.hpp"
#include "soak/story.hpp"

namespace tests::soak {

// What a strike needs of the run, and leaves there.
struct Surroundings {
    // A session that is forgotten takes what was said meanwhile with it, at Discord too, as an
    // emptied Redis takes the register of sessions: such a strike keeps it until there are new
    // ones.
    std::shared_mutex& hush;
    std::function<void(std::chrono::milliseconds)> pause;
    // Just before Redis loses what it has.
    std::function<void()> before_emptying;
    std::vector<Emptying>& emptyings;
    // How one ended that was told to end, or that nothing was done to.
    std::vector<std::string>& troubles;
};

// Blocking: as long as it lasts, by `pause`, and until what was ended runs again; not until the
// fleet is well. Throws std::runtime_error when a process does not do as told.
void strike(PlayedFleet& fleet, const Strike& strike, const Surroundings& around);

}  // namespace tests::soak
