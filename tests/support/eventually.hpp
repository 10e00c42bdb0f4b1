// Waits for what other threads or processes do, when nothing tells that it is done.
#pragma once

#include <chrono>
#include <thread>

#include "tutti/clock.hpp"

namespace tests {

// Long enough for a machine on which much else runs: a test that is well never waits for it.
inline constexpr tutti::Duration eventually_within = std::chrono::seconds{40};

// Asks every few milliseconds. False: it did not hold in all that time.
template <class Condition>
[[nodiscard]] bool eventually(const Condition& holds, tutti::Duration within = eventually_within) {
    const auto give_up = tutti::Boottime::now() + within;
    while (!holds()) {
        if (tutti::Boottime::now() > give_up) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

}  // namespace tests
