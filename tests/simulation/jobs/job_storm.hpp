// Workers, a client and accidents around the queue in this process, on virtual time: the code that
// runs in the services (the queue's rules, PaidCalls, HeldLeases) over a wire that loses, delays
// and reorders. See job_book.hpp for what is checked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tutti/clock.hpp"

namespace tutti::simulation {

struct JobScenario {
    std::string_view name;
    double lost = 0;      // of requests, of answers, and of requests that are carried out later
    double deaths = 0;    // of a worker, for each step of the accidents
    double pauses = 0;    // beyond a lease, often
    double flushes = 0;   // everything is gone
    bool poison = false;  // jobs that end their worker
    // So short that a child's record lapses while its parent waits for another child.
    bool short_records = false;
};

[[nodiscard]] std::span<const JobScenario> job_scenarios();
[[nodiscard]] const JobScenario& job_scenario(std::string_view name);  // asserts that there is one

struct JobOutcomeOfRun {
    std::string violation;  // empty: all promises were kept
    std::size_t jobs = 0;
    std::uint64_t unknown_paid = 0;
    std::uint64_t dead = 0;
};

[[nodiscard]] JobOutcomeOfRun simulate_jobs(const JobScenario& scenario, std::uint64_t seed);

}  // namespace tutti::simulation
